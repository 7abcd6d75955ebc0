"""Other people's models: any family, any labels, any precision, any text; and what is broken says what to do."""

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from classifiers.base import BadModel, Verdict
from classifiers.transformer import Transformer, TransformerOptions
from tests.tiny_models import as_bin, save_model, save_network, save_sentencepiece

ROOT = Path(__file__).parents[1]
POSTS = ["Where is my parcel?", "Kus mu pakk on?", "Где моя посылка?", "", *("thanks " * n for n in range(3, 70, 9))]
HOSTILE = [
    "", " \n\t\u200b", "x" * 10_000_000, "bitte " * 100_000, "😡" * 50_000, "\ud83d lone \ude00", "\x00\x01\xff",
    "أين طردي؟ \u202e إنه متأخر", "</s><s><pad><mask>[CLS]", "&amp;" * 999, bytes(range(256)).decode("latin-1") * 50,
]  # fmt: skip
FAMILIES = ["bert", "distilbert", "roberta", "xlm-roberta", "deberta-v2", "gpt2"]


def judged(model: str | Path, texts: list[str] = POSTS, **told: Any) -> list[Verdict]:
    return Transformer(TransformerOptions(model=str(model), **told)).classify(texts)


def complaints(verdicts: list[Verdict]) -> list[float]:
    return [verdict.complaint for verdict in verdicts]


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_is_judged_by_itself_whatever_stands_beside_it(tmp_path: Path, family: str, precision: Any) -> None:
    told = TransformerOptions(model=save_model(tmp_path, family), batch_size=4, precision=precision)
    classifier = Transformer(told)
    together = complaints(classifier.classify(POSTS))
    assert together == pytest.approx([complaints(classifier.classify([text]))[0] for text in POSTS], abs=1e-4)
    assert complaints(classifier.classify(POSTS[::-1])) == pytest.approx(together[::-1], abs=1e-4)
    assert max(together) - min(together) > 0.003


@pytest.mark.parametrize("family", FAMILIES)
def test_no_text_is_too_strange(tmp_path: Path, family: str) -> None:
    classifier = Transformer(TransformerOptions(model=save_model(tmp_path, family)))
    verdicts = classifier.classify(HOSTILE)
    assert len(verdicts) == len(HOSTILE)
    assert all(0 <= verdict.complaint <= 1 for verdict in verdicts)
    assert classifier.classify([]) == []
    assert classifier.model == f"{tmp_path}@local"


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "int8"])
def test_less_precise_numbers_say_nearly_the_same(tmp_path: Path, precision: Any) -> None:
    save_model(tmp_path, "roberta")
    exact, rough = complaints(judged(tmp_path)), complaints(judged(tmp_path, precision=precision))
    assert rough == pytest.approx(exact, abs=0.01)
    assert rough != exact


def test_eight_bits_do_not_overflow_on_any_processor() -> None:
    import torch

    from classifiers._int8 import to_int8

    layer = torch.nn.Linear(64, 2)
    with torch.no_grad():
        layer.weight.fill_(1)
    numbers = torch.full((3, 64), 5.0)
    exact = layer(numbers)
    encoder = torch.nn.Sequential(layer)
    to_int8(SimpleNamespace(base_model=encoder))
    assert torch.allclose(encoder(numbers), exact, rtol=1e-3)


def test_a_post_is_cut_by_tokens_and_the_marks_count(tmp_path: Path) -> None:
    save_model(tmp_path)
    start = "thanks it came today " * 2
    assert judged(tmp_path, [start + "x"], max_tokens=8)[0] == judged(tmp_path, [start + "nothing"], max_tokens=8)[0]
    assert judged(tmp_path, [start + "x"])[0] != judged(tmp_path, [start + "nothing at all"])[0]
    assert judged(tmp_path, [start], max_tokens=1)


def test_a_complaint_model_answers_with_its_complaint_label(tmp_path: Path) -> None:
    save_model(tmp_path, labels=["non-complaint", "complaint"])
    verdicts = judged(tmp_path)
    swapped = judged(tmp_path, label_map={"non-complaint": "complaint", "complaint": "other"})
    assert complaints(verdicts) == pytest.approx([1 - chance for chance in complaints(swapped)], abs=1e-5)
    assert {verdict.sentiment for verdict in (*verdicts, *swapped)} == {"negative", "neutral"}
    assert all(verdict.is_complaint == (verdict.complaint >= 0.9) for verdict in judged(tmp_path, threshold=0.9))


def test_a_model_says_only_what_it_knows(tmp_path: Path) -> None:
    [verdict] = judged(save_model(tmp_path), ["Kus mu pakk on?"])
    assert (verdict.language, verdict.topic, verdict.severity, verdict.intent, verdict.why) == (None,) * 4 + ((),)


def head(folder: Path, *logits: float) -> None:
    """Makes a model answer the same to every text."""
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"].zero_()
    weights["classifier.bias"] = torch.tensor(logits)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("labels", "kind", "logits", "complaint", "sentiment"),
    [
        (["anger", "joy", "sadness"], None, (1.0, 1.0, 1.0), 2 / 3, "negative"),
        (["anger", "joy", "sadness"], "multi_label_classification", (0.0, -9.0, -1.0), 0.5, "negative"),
        (["anger", "joy", "sadness"], "multi_label_classification", (-4.0, 3.0, -4.0), 0.018, "positive"),
        (["anger", "joy", "sadness"], "multi_label_classification", (-4.0, -4.0, -4.0), 0.018, "neutral"),
        (["complaint"], None, (2.0,), 0.881, "negative"),
        (["complaint"], "regression", (0.3,), 0.3, "neutral"),
        (["complaint"], "regression", (7.0,), 1.0, "negative"),
        (["positive"], None, (2.0,), 0.119, "positive"),
        (["complaint", "praise", "question"], None, (0.0, 2.0, 1.0), 0.09, "positive"),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], None, (2.0, 2.0, 1.0, 0.0, 0.0), 0.758, "negative"),
    ],
)
def test_a_head_of_any_kind_becomes_a_probability(
    tmp_path: Path, labels: list[str], kind: str | None, logits: tuple[float, ...], complaint: float, sentiment: str
) -> None:
    save_model(tmp_path, labels=labels, problem_type=kind)
    head(tmp_path, *logits)
    [verdict] = judged(tmp_path, ["Kus mu pakk on?"])
    assert verdict.complaint == pytest.approx(complaint, abs=1e-3)
    assert verdict.sentiment == sentiment


def test_an_older_model_of_the_hub_with_bin_weights_and_sentencepiece_is_read(tmp_path: Path) -> None:
    save_sentencepiece(tmp_path)
    save_network(tmp_path, "xlm-roberta", ["negative", "neutral", "positive"], vocab_size=44)
    as_bin(tmp_path)
    assert max(complaints(judged(tmp_path))) - min(complaints(judged(tmp_path))) > 0.003


def test_a_model_in_several_files_is_read(tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    once = judged(save_model(tmp_path), POSTS)
    network = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    network.save_pretrained(tmp_path, max_shard_size="4KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    assert complaints(judged(tmp_path)) == pytest.approx(complaints(once))


def settings(**told: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        known = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").write_text(json.dumps(known | told), "utf-8")

    return change


def without(*names: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / name).unlink() for name in names] and None


def cut(name: str, size: int) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size]) and None


def own_code(folder: Path) -> None:
    settings(model_type="own", auto_map={"AutoConfig": "own.Config"})(folder)
    (folder / "own.py").write_text("raise SystemExit('this ran')", "utf-8")


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("attacked",)


def attack(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"weights": Attack()}, protocol=2))


def headless(folder: Path) -> None:
    from transformers import AutoModel

    AutoModel.from_pretrained(folder).save_pretrained(folder)


def other_tokenizer(folder: Path) -> None:
    save_model(folder / "other", "roberta")
    (folder / "other/tokenizer.json").replace(folder / "tokenizer.json")


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (without("config.json"), "there is no config.json in .*: name the folder into which the model was saved"),
        (without("model.safetensors"), "there are no weights in .*: save them there by save_pretrained, or choose"),
        (without("tokenizer.json"), "its tokenizer has no vocabulary: copy tokenizer.json of the same model"),
        (without("tokenizer.json", "tokenizer_config.json"), "its tokenizer knows 5 tokens and its network .*: copy"),
        (other_tokenizer, "its tokenizer knows 3.. tokens and its network .*: copy tokenizer.json"),
        (cut("model.safetensors", 5000), r"its files are damaged or cut short \(.*\): save it again"),
        (cut("model.safetensors", 0), r"its files are damaged or cut short \(.*\): save it again"),
        (cut("config.json", 50), r"its files are damaged or cut short \(.*not a valid JSON.*\): save it again"),
        (cut("tokenizer.json", 50), r"its files are damaged or cut short \(.*\): save it again"),
        (settings(id2label=dict(enumerate("abcde"))), "config.json names 5 labels, but its weights tell 3 apart"),
        (settings(id2label={1: "a", 2: "b", 3: "c"}), "id2label in its config.json must number the labels from 0"),
        (settings(id2label={}), "id2label in its config.json must number the labels from 0"),
        (settings(max_position_embeddings=99), r"config.json is of another model than the weights \(bert.*: copy both"),
        (settings(model_type="never-heard-of"), "transformers doesn't know its kind: pip install --upgrade"),
        (settings(model_type="clip"), "it is not made to classify texts: choose one made for text-classification"),
        (own_code, r"it needs code of its own \(trust_remote_code\), which is never run: choose one"),
        (attack, "its pytorch_model.bin holds more than weights, which is never run: choose one with model.safetens"),
        (headless, "its weights lack classifier.bias and 1 more, so it was never trained to classify texts: choose"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_broken_model_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, break_it: Callable[[Path], None], problem: str
) -> None:
    (folder := tmp_path / "model").mkdir()
    (away := tmp_path / "away").mkdir()
    monkeypatch.chdir(away)
    save_model(folder)
    break_it(folder)
    with pytest.raises(BadModel, match=f"^the model .*model can't be used: {problem}") as raised:
        judged(folder)
    assert "\n" not in str(raised.value)
    assert not list(away.iterdir())


def test_folders_of_other_kinds_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").touch()
    with pytest.raises(BadModel, match=r"one with a model\.onnx is for `type: onnx`"):
        judged(tmp_path)
    (tmp_path / "model.onnx").rename(tmp_path / "adapter_config.json")
    with pytest.raises(BadModel, match="it holds an adapter only, which merge_and_unload makes a model of"):
        judged(tmp_path)


def test_no_verdict_comes_of_what_is_no_number(tmp_path: Path) -> None:
    save_model(tmp_path)
    head(tmp_path, 1e6, 0.0, 0.0)
    assert complaints(judged(tmp_path)) == pytest.approx([1.0] * len(POSTS))
    with pytest.raises(BadModel, match=r"NaN or infinity in float16: set classifier\.precision to float32"):
        judged(tmp_path, precision="float16")
    head(tmp_path, float("nan"), 0.0, 0.0)
    with pytest.raises(BadModel, match="NaN or infinity in float32: its weights are broken, take another model"):
        judged(tmp_path)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"device": "gpu"}, r"classifier.device 'gpu' can't be used here \(.*\): leave it out or set cpu"),
        ({"device": "cuda:99"}, r"classifier.device 'cuda:99' can't be used here \(.*\): leave it out or set cpu"),
        ({"device": "meta", "precision": "int8"}, "int8 runs on a processor only: on meta set float16, or device: cpu"),
    ],
)
def test_a_device_that_is_not_there_is_told_before_anything_is_fetched(told: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadModel, match=problem):
        judged("nobody/nothing", **told)


@pytest.mark.parametrize(
    ("missing", "cure"),
    [
        ("torch", "needs torch, .* pip install torch transformers"),
        ("sentencepiece", "pip install sentencepiece protobuf"),
    ],
)
def test_without_a_package_the_message_names_it(tmp_path: Path, missing: str, cure: str) -> None:
    for name in ("config.json", "model.safetensors", "sentencepiece.bpe.model"):
        (tmp_path / name).touch()
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from classifiers.base import BadModel\n"
        "from classifiers.transformer import Transformer, TransformerOptions\n"
        "try: Transformer(TransformerOptions(model=sys.argv[1])).classify(['hello'])\n"
        "except BadModel as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert re.search(cure, done.stdout), done.stderr
