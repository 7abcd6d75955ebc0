"""Training on what the team has judged: read line by line, taught last, and shipped only when nothing got worse."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console
from tokenizers import Tokenizer

from classifiers.onnx import Onnx, OnnxOptions
from classifiers.training import card, export
from classifiers.training.data import FEEDBACK, BadData, Example, feedback
from classifiers.training.figures import Figures
from classifiers.training.fitting import fit
from classifiers.training.graph import Calibration
from classifiers.training.guard import ship, worse
from classifiers.training.network import Network
from classifiers.training.stages import Training
from tests import small_model
from tests.test_training import RECIPE, WORDS, some_examples

ROW = {"text": "Pakk  on\nkadunud", "lang": "et", "complaint": True, "brand": "Lainepost", "at": "2026-11-23T12:00:00Z"}


@pytest.fixture
def words() -> Tokenizer:
    return small_model.tokenizer(WORDS)


@pytest.fixture
def paper() -> StringIO:
    """What is said in training."""
    return StringIO()


def judged(folder: Path, *rows: object) -> Path:
    file = folder / "judged.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), "utf-8")
    return file


# What is read


def test_judged_posts_teach_and_are_never_held_apart(tmp_path: Path) -> None:
    file = judged(tmp_path, ROW, ROW | {"complaint": False, "lang": "sv"}, ROW | {"lang": None}, ROW | {"text": " "})
    examples = list(feedback(file))
    assert {(each.source, each.split, each.text) for each in examples} == {(FEEDBACK, "train", "Pakk on kadunud")}
    assert [(each.lang, dict(each.labels)) for each in examples] == [
        ("et", {"complaint": 1, "language": 1}), ("sv", {"complaint": 0}), ("", {"complaint": 1}),
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["{", "[]", '"x"', {"text": "x"}, ROW | {"text": 7}, ROW | {"complaint": "maybe"}])
def test_a_line_that_is_no_judged_post_is_named(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(BadData, match=r"judged\.jsonl, line 2: "):
        list(feedback(judged(tmp_path, ROW, wrong)))


def test_a_file_without_posts_is_told_rather_than_trained_on(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="holds no posts"):
        list(feedback(judged(tmp_path)))
    with pytest.raises(BadData, match="can't be read"):
        list(feedback(tmp_path / "nowhere.jsonl"))


# What is taught


def training(words: Tokenizer, work: Path, examples: Sequence[Example]) -> Training:
    if not (work / "start.pt").is_file():
        work.mkdir()
        torch.save(small_model.network(words).state_dict(), work / "start.pt")
        words.save(str(work / "tokenizer.json"))
    return Training(data=work, work=work, examples=examples, resume=True, console=Console(quiet=True))


def test_feedback_that_comes_later_is_learnt_without_the_long_stage_again(words: Tokenizer, tmp_path: Path) -> None:
    known = some_examples()
    told = [replace(each, source=FEEDBACK, split="train") for each in some_examples(16, seed=5)]
    recipe = replace(RECIPE, steps=4, check_every=4)

    def taught(examples: Sequence[Example]) -> tuple[Network, Network]:
        run = training(words, tmp_path / "work", examples)
        base, cut = run.base(recipe)
        return base, run.finish(base, cut, recipe, recipe)

    (base, before), (again, after), (_, other) = taught(known), taught([*known, *told]), taught([*known, *told[:9]])
    assert same(base, again)
    assert not same(before, after)
    assert not same(after, other)
    assert same(before, taught(known)[1])


def same(one: Network, other: Network) -> bool:
    return all(torch.equal(value, other.state_dict()[name]) for name, value in one.state_dict().items())


def test_the_card_says_that_a_team_has_taught_the_model() -> None:
    told = [replace(each, source=FEEDBACK, split="train") for each in some_examples(16)]
    assert "| feedback | 16 | 16 | a care team's, not to be published |" in card.write("x", told, [], {}, {}, 1)
    assert "feedback" not in card.write("x", some_examples(), [], {}, {}, 1)


# What may ship


def figures(score: float, examples: str = "own posts, et", count: int = 900, head: str = "complaint") -> Figures:
    return Figures(head=head, examples=examples, count=count, macro_f1=score, macro_recall=score, accuracy=score)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([figures(0.9)], [figures(0.9)], []),
        ([figures(0.9)], [figures(0.95), figures(0.1, "a new set")], []),
        ([figures(0.9)], [figures(0.895)], []),
        ([figures(0.9)], [figures(0.88)], ["complaint, mean of 1 sets: -0.020"]),
        ([figures(0.9)], [], ["complaint, own posts, et: no longer answered"]),
        ([], [figures(0.1)], []),
        (
            [figures(0.9), figures(0.9, "own posts, lv", 100)],
            [figures(0.96), figures(0.85, "own posts, lv", 100)],
            [],  # five points in a hundred posts are chance
        ),
        (
            [figures(0.9), figures(0.9, "own posts, lv")],
            [figures(0.96), figures(0.85, "own posts, lv")],
            ["complaint, own posts, lv: 0.900 → 0.850"],
        ),
        (
            [figures(0.9), figures(0.8, head="sentiment")],
            [figures(0.97), figures(0.78, head="sentiment")],
            ["sentiment, mean of 1 sets: -0.020"],
        ),
    ],
)
def test_a_loss_is_told_unless_chance_explains_it(old: list[Figures], new: list[Figures], told: list[str]) -> None:
    assert worse(old, new, margin=0.01) == told


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Network:
    words = small_model.tokenizer(WORDS)
    recipe = replace(RECIPE, steps=40)
    return fit(small_model.network(words), words, some_examples(), recipe, tmp_path_factory.mktemp("fit") / "run")


@pytest.fixture
def model(words: Tokenizer, tmp_path: Path, learnt: Network) -> Callable[[str, bool], Path]:
    """Writes a model folder of this name: of a network that has learnt something, or of one that has not."""

    def write(name: str, good: bool) -> Path:
        network = learnt if good else small_model.network(words)
        export.write(network, words, tmp_path / name, name=name, calibration=Calibration())
        return tmp_path / name

    return write


def name_of(folder: Path) -> str:
    return Onnx(OnnxOptions(model=str(folder))).model.partition("@")[0]


def test_a_worse_model_is_refused_and_the_old_one_stays(model: Callable[[str, bool], Path], paper: StringIO) -> None:
    out, new = model("old", True), model("new", False)
    held_apart = some_examples(200, seed=99)
    assert not ship(new, out, held_apart, Console(file=paper, width=100))
    assert (name_of(out), name_of(new)) == ("old", "new")
    said = paper.getvalue()
    assert "own posts, en" in said
    assert "Worse than the present model:" in said
    assert "complaint, own posts, en:" in said
    assert "stays as it is" in said


def test_a_model_that_is_no_worse_takes_the_place(model: Callable[[str, bool], Path], paper: StringIO) -> None:
    out, new = model("old", False), model("new", True)
    (out / "left over").write_text("of the old model")
    assert ship(new, out, some_examples(200, seed=99), Console(file=paper, width=100))
    assert name_of(out) == "new"
    assert {path.name for path in out.iterdir()} == {path.name for path in new.iterdir()}
    assert {path.name for path in out.parent.iterdir()} >= {"old", "new"}
    assert not {"old.new", "old.old"} & {path.name for path in out.parent.iterdir()}


def test_where_no_model_was_there_is_nothing_to_lose(
    model: Callable[[str, bool], Path], tmp_path: Path, paper: StringIO
) -> None:
    assert ship(model("new", False), tmp_path / "nowhere", some_examples(40, seed=99), Console(file=paper, width=100))
    assert name_of(tmp_path / "nowhere") == "new"
    assert "Nothing to compare with: no model.json" in paper.getvalue()
