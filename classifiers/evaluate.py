"""`python -m classifiers.evaluate`: scores a model on the posts held apart from its training."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from classifiers.base import BadModel, Classifier
from classifiers.onnx import SHIPPED, Onnx, OnnxOptions
from classifiers.training import report
from classifiers.training.data import BadData, Split, folder, load
from classifiers.training.figures import Figures, score


def main(
    model: Annotated[str, typer.Argument(help="Model folder, or a hub name with --type transformer.")] = str(SHIPPED),
    data: Annotated[Path | None, typer.Option(help="Folder of the external files (or COMPLAINT_DATA).")] = None,
    split: Annotated[str, typer.Option(help="test: the final figures; validation: for choosing.")] = "test",
    type: Annotated[str, typer.Option(help="onnx or transformer.")] = "onnx",
    against: Annotated[str | None, typer.Option(help="A second model folder to subtract, e.g. the float one.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw reliability and confusion, as PNG or SVG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Scores a model on the posts held apart from its training: macro-F1, AUC, calibration, by language.

    Example: python -m classifiers.evaluate --data DIR --against build/float
    """
    if split not in ("test", "validation"):
        raise typer.BadParameter(f"--split is test or validation, not {split}")
    try:
        wanted: Split = "test" if split == "test" else "validation"
        examples = [each for each in load(folder(data)) if each.split == wanted]
        classifier = _open(type, model)
        found = score(classifier, examples)
        if picture:
            report.draw(picture, classifier.model, examples, classifier.classify([each.text for each in examples]))
        other = score(_open(type, against), examples) if against else []
    except (BadModel, BadData) as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps([each.json() for each in found], indent=1))
    else:
        Console().print(_table(found, {(each.head, each.examples): each for each in other}))


def _open(type: str, model: str) -> Classifier:
    if type == "transformer":
        from classifiers.transformer import Transformer, TransformerOptions

        return Transformer(TransformerOptions(model=model))
    return Onnx(OnnxOptions(model=model))


def _table(found: list[Figures], other: dict[tuple[str, str], Figures]) -> Table:
    table = Table(title="Held apart from training")
    columns = ("head", "examples", "posts", "macro-F1", "macro recall", "accuracy", "AUC", "calibration error")
    for column in (*columns, *(["macro-F1 against"] if other else [])):
        table.add_column(column, justify="left" if column in ("head", "examples") else "right")
    for each in found:
        second = other.get((each.head, each.examples))
        shown = (each.macro_f1, each.macro_recall, each.accuracy, each.auc, each.calibration_error)
        table.add_row(
            each.head,
            each.examples,
            str(each.count),
            *("–" if value is None else f"{value:.3f}" for value in shown),
            *([f"{each.macro_f1 - second.macro_f1:+.4f}"] if second else []),
        )
    return table


if __name__ == "__main__":
    typer.run(main)
