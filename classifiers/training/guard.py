"""Lets a new model take the place of another only when it is no worse on the posts held apart for choosing."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from classifiers.base import BadModel
from classifiers.onnx import Onnx, OnnxOptions
from classifiers.training.data import Example
from classifiers.training.figures import Figures, score

MARGIN = 0.01
"""Macro-F1 that a new model may lose."""


def worse(old: Sequence[Figures], new: Sequence[Figures], margin: float = MARGIN) -> list[str]:
    """What the new model does worse, a line each; empty when nothing.

    The mean over the sets of a head may lose `margin`. A single set may also lose what chance takes or gives where two
    models differ on a tenth of so many posts (three standard errors). A set that is no longer answered is worse.
    """
    after = {(each.head, each.examples): each for each in new}
    found, lost = [], defaultdict(list)
    for before in old:
        now = after.get((before.head, before.examples))
        if now is None:
            found.append(f"{before.head}, {before.examples}: no longer answered")
            continue
        lost[before.head].append(before.macro_f1 - now.macro_f1)
        if lost[before.head][-1] > margin + before.count**-0.5:
            found.append(f"{before.head}, {before.examples}: {before.macro_f1:.3f} → {now.macro_f1:.3f}")
    for head, losses in lost.items():
        mean = sum(losses) / len(losses)
        if mean > margin:
            found.append(f"{head}, mean of {len(losses)} sets: {-mean:+.3f}")
    return found


def ship(new: Path, out: Path, held_apart: Sequence[Example], console: Console) -> bool:
    """Puts the model folder `new` in the place of `out` and says how they compare; False when it is worse.

    A folder `out` without a model that can be read has nothing to lose.
    """
    try:
        old = score(Onnx(OnnxOptions(model=str(out))), held_apart)
    except BadModel as error:
        console.print(f"Nothing to compare with: {error}", markup=False)
        old = []
    figures = score(Onnx(OnnxOptions(model=str(new))), held_apart)
    console.print(_table(old, figures))
    if found := worse(old, figures):
        console.print("\n".join(("Worse than the present model:", *found)), markup=False, style="red")
        console.print(f"{out} stays as it is; the new model is in {new}.", markup=False)
        return False
    _put(new, out)
    console.print(f"{out} is the new model.", markup=False)
    return True


def _table(old: Sequence[Figures], new: Sequence[Figures]) -> Table:
    table = Table(title="Macro-F1 on the posts held apart for choosing")
    for column in ("what", "examples", "posts", "before", "now"):
        table.add_column(column, justify="left" if column in ("what", "examples") else "right")
    before = {(each.head, each.examples): f"{each.macro_f1:.3f}" for each in old}
    for each in new:
        known = before.get((each.head, each.examples), "–")
        table.add_row(each.head, each.examples, f"{each.count:,}", known, f"{each.macro_f1:.3f}")
    return table


def _put(new: Path, out: Path) -> None:
    """Copies the folder beside `out` first, so that it takes the place in one step."""
    beside, old = out.with_name(f"{out.name}.new"), out.with_name(f"{out.name}.old")
    for left_over in (beside, old):
        shutil.rmtree(left_over, ignore_errors=True)
    shutil.copytree(new, beside)
    if out.exists():
        out.rename(old)
    beside.rename(out)
    shutil.rmtree(old, ignore_errors=True)
