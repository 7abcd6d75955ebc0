"""Training, on a network and data small enough for seconds."""

import gzip
import json
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from sklearn import metrics as reference
from tokenizers import Tokenizer

from classifiers.onnx import Onnx, OnnxOptions
from classifiers.training import data, export, metrics, vocabulary
from classifiers.training.batches import plain_letters, plan, tensors
from classifiers.training.data import BadData, Example
from classifiers.training.finish import publish
from classifiers.training.fitting import Recipe, distance, fit
from classifiers.training.graph import Calibration
from classifiers.training.judging import answers, margin
from classifiers.training.narrow import narrow
from classifiers.training.network import Network, Shape
from classifiers.training.stages import FOLD, Training, stratified

BAD = ["late", "broken", "wrong", "refund", "nobody", "answers", "lost", "angry", "halb", "katki", "vale"]
GOOD = ["thanks", "lovely", "quick", "great", "sunny", "hello", "music", "aitäh", "hea", "kiire"]
WORDS = [*BAD, *GOOD, "parcel", "bus", "the", "my", "@user", "http"]


def some_examples(count: int = 96, source: str = "own", seed: int = 3) -> list[Example]:
    """Posts of random words, a complaint where the words are bad."""
    luck = random.Random(seed)
    made = []
    for number in range(count):
        complaint = number % 2
        words = luck.choices(BAD if complaint else GOOD, k=luck.randint(2, 9)) + luck.choices(WORDS[-6:], k=3)
        made.append(
            Example(
                text=f"{' '.join(words)} {number}",
                lang="en",
                source=source,
                split=("train", "train", "validation", "test")[number // 2 % 4],  # type: ignore[arg-type]
                labels={"complaint": complaint, "sentiment": 0 if complaint else 2},
                group="apparel" if number % 3 else "random_tweets",
            )
        )
    return made


@pytest.fixture
def tokenizer() -> Tokenizer:
    letters = [(letter, -6.0) for letter in "▁abcdefghijklmnopqrstuvwxyzäõöü0123456789@,.!?"]
    pieces = [(sign, 0.0) for sign in vocabulary.SPECIAL] + letters + [(f"▁{word}", -3.0) for word in WORDS]
    made = vocabulary.tokenizer(pieces)
    made.enable_truncation(32)
    return made


def small_network(tokenizer: Tokenizer) -> Network:
    torch.manual_seed(11)
    words = tokenizer.get_vocab_size()
    return Network(Shape(words=words, width=64, inner=96, layers=2, attention_heads=2, positions=48))


RECIPE = Recipe(steps=12, batch=8, rate=3e-3, check_every=4, seed=5)


def test_a_training_interrupted_half_way_resumes_to_the_same_weights(tokenizer: Tokenizer, tmp_path: Path) -> None:
    examples = some_examples()
    whole = fit(small_network(tokenizer), tokenizer, examples, RECIPE, tmp_path / "whole")
    fit(small_network(tokenizer), tokenizer, examples, RECIPE, tmp_path / "cut", stop_after=6)
    other = small_network(tokenizer)
    torch.nn.init.ones_(other.words.weight)
    resumed = fit(other, tokenizer, examples, RECIPE, tmp_path / "cut", resume=True)
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())


def test_a_checkpoint_is_not_taken_up_with_other_posts(tokenizer: Tokenizer, tmp_path: Path) -> None:
    fit(small_network(tokenizer), tokenizer, some_examples(), RECIPE, tmp_path / "kept", stop_after=4)
    with pytest.raises(BadData, match="other posts"):
        fit(small_network(tokenizer), tokenizer, some_examples(seed=4), RECIPE, tmp_path / "kept", resume=True)


def test_training_stops_when_validation_no_longer_improves(tokenizer: Tokenizer, tmp_path: Path) -> None:
    scores = iter([0.5, 0.7, 0.6, 0.6, 0.9])
    checks = []

    def score(network: Network) -> dict[str, float]:
        checks.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"score": next(scores)}

    recipe = replace(RECIPE, steps=40, check_every=2, patience=2)
    best = fit(small_network(tokenizer), tokenizer, some_examples(), recipe, tmp_path / "run", score=score)
    assert len(checks) == 4
    assert all(torch.equal(value, best.state_dict()[name]) for name, value in checks[1].items())


def test_the_network_learns_which_words_are_complaints(tokenizer: Tokenizer, tmp_path: Path) -> None:
    examples = some_examples()
    recipe = replace(RECIPE, steps=60)
    network = fit(small_network(tokenizer), tokenizer, examples, recipe, tmp_path / "run")
    unseen = some_examples(seed=99)
    said = margin(answers(network, tokenizer, [each.text for each in unseen])["complaint"]) > 0
    assert metrics.macro_f1([each.labels["complaint"] for each in unseen], said.astype(int)) > 0.9


def test_the_exported_model_answers_like_the_network(tokenizer: Tokenizer, tmp_path: Path) -> None:
    network = small_network(tokenizer).eval()
    for head in network.heads.values():
        torch.nn.init.normal_(head.weight, std=0.5)
    texts = [each.text for each in some_examples(40)]
    calibration = Calibration(scale=1.5, shift=-0.2)
    logits = answers(network, tokenizer, texts)
    expected = 1 / (1 + np.exp(-(1.5 * margin(logits["complaint"]) - 0.2)))
    for precision, tolerance in (("float", 1e-5), ("int8", 0.06)):
        folder = tmp_path / precision
        export.write(network, tokenizer, folder, name="small", calibration=calibration, precision=precision)  # type: ignore[arg-type]
        verdicts = Onnx(OnnxOptions(model=str(folder), batch_size=7)).classify(texts)
        assert [each.complaint for each in verdicts] == pytest.approx(expected, abs=tolerance)
        sentiments = [data.SENTIMENTS.index(each.sentiment) for each in verdicts]
        assert np.mean(sentiments == logits["sentiment"].argmax(1)) > (0.9 if precision == "int8" else 0.999)


def test_a_smaller_network_learns_to_read_as_the_one_that_it_was_cut_from(tokenizer: Tokenizer, tmp_path: Path) -> None:
    examples = some_examples()
    wide = fit(small_network(tokenizer), tokenizer, examples, replace(RECIPE, steps=60), tmp_path / "wide")
    small = narrow(wide, tokenizer, [each.text for each in examples], 24)
    seen = tensors([each.text for each in some_examples(seed=99)], tokenizer)
    before = distance(small.eval(), wide, *seen).item()
    recipe = replace(RECIPE, steps=60, heads={})
    after = distance(fit(small, tokenizer, examples, recipe, tmp_path / "small", teacher=wide), wide, *seen).item()
    assert small.shape.inner == 24
    assert after < before / 2


def test_a_network_cut_by_nothing_reads_the_same(tokenizer: Tokenizer) -> None:
    wide = small_network(tokenizer).eval()
    texts = [each.text for each in some_examples()]
    same = narrow(wide, tokenizer, texts, wide.shape.inner).eval()
    assert distance(same, wide, *tensors(texts, tokenizer)).item() < 1e-9


def test_from_examples_to_the_folder_that_ships(tokenizer: Tokenizer, tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "model"
    work.mkdir()
    torch.save(small_network(tokenizer).state_dict(), work / "start.pt")
    tokenizer.save(str(work / "tokenizer.json"))
    examples = some_examples() + some_examples(source="complaints_2019", seed=8)
    training = Training(data=tmp_path, work=work, examples=examples, resume=True, console=Console(quiet=True))
    wide, cut = training.base(replace(RECIPE, steps=30))
    base = training.narrowed(wide, cut, replace(RECIPE, steps=10), 24)
    network = training.finish(base, cut, replace(RECIPE, steps=10), replace(RECIPE, steps=5))
    folds = training.folds(base, cut, replace(FOLD, steps=10, rate=3e-3, batch=8, frozen_layers=0), 3)
    publish(training, network, cut, out, name="small", folds=folds)

    assert folds["folds"] == 3
    assert 0.5 < folds["macro_f1"] <= 1
    assert folds["calibration_error"] < 0.5
    assert {path.name for path in out.iterdir()} == {
        "model.onnx",
        "tokenizer.json",
        "model.json",
        "README.md",
        "figures.png",
    }
    card = (out / "README.md").read_text("utf-8")
    assert "complaints 2019, en, brand-directed" in card
    assert f"macro-F1 {folds['macro_f1']:.3f}" in card
    again = training.base(replace(RECIPE, steps=30))[0]
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in wide.state_dict().items())
    assert Onnx(OnnxOptions(model=str(out), recall=0.9)).classify(["late broken wrong"])[0].complaint > 0.5


def test_a_batch_held_apart_never_trains() -> None:
    splits = {batch: data.own_split(batch) for batch in ("et-a-03", "ru-b-09", "lv-a-05", "en-b-01", "fi-a-13")}
    assert list(splits.values()) == ["test", "test", "validation", "train", "train"]


def test_the_projects_own_posts_are_well_formed_and_apart() -> None:
    posts = list(data.own_posts())
    seen = {each.text for each in posts if each.split == "train"}
    held = [each for each in posts if each.split == "test"]
    assert Counter(each.text in seen for each in held)[True] / max(1, len(held)) < 0.01
    assert {"en", "et", "lv", "ru"} <= {each.lang for each in posts}


def test_a_malformed_post_names_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "et-a-01.jsonl").write_text('{"text": "Tere", "lang": "et"}\n', "utf-8")
    with pytest.raises(BadData, match=r"et-a-01\.jsonl, line 1: KeyError"):
        list(data.own_posts(tmp_path))


def test_a_data_file_that_is_not_the_manifests_is_refused(tmp_path: Path) -> None:
    (tmp_path / "irony.jsonl.gz").write_bytes(gzip.compress(json.dumps({"text": "x"}).encode()))
    with pytest.raises(BadData, match="checksum differs"):
        list(data.rows(tmp_path, "irony"))
    with pytest.raises(BadData, match=r"semeval2017\.jsonl\.gz is missing"):
        list(data.rows(tmp_path, "semeval2017"))


def test_no_data_folder_says_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPLAINT_DATA", raising=False)
    with pytest.raises(BadData, match="--data DIR or COMPLAINT_DATA"):
        data.folder(None)
    monkeypatch.setenv("COMPLAINT_DATA", str(tmp_path))
    assert data.folder(None) == tmp_path


def test_every_external_file_states_its_licence_and_source() -> None:
    for name, entry in data.manifest().items():
        assert len(entry["sha256"]) == 64, name
        assert entry["licence"], name
        assert entry["source"], name


def test_handles_and_links_are_one_word_each(tokenizer: Tokenizer) -> None:
    texts = ["@Some.Brand_42 late https://t.co/a?b=1", "@user   late http"]
    first, second = (tokenizer.encode(text).ids for text in texts)
    assert first == second


def test_a_text_cannot_spell_out_a_special_token(tokenizer: Tokenizer) -> None:
    assert set(tokenizer.encode("<pad> </s> <s>").ids[1:-1]).isdisjoint({0, 1, 2})


def test_the_pieces_of_a_small_language_are_kept() -> None:
    signs = [(sign, 0.0) for sign in vocabulary.SPECIAL]
    pieces = [*signs, ("▁", -4.0), ("▁hello", -5.0), ("▁tere", -5.0), ("▁unused", -5.0)]
    kept = vocabulary.used(pieces, {"en": ["hello"] * 100, "et": ["tere"]}, 7)
    assert [pieces[index][0] for index in kept] == [*vocabulary.SPECIAL, "▁", "▁hello", "▁tere"]


def test_every_example_is_used_before_any_is_used_again() -> None:
    examples = some_examples(64)
    uses = Counter(index for batch in plan(examples, {}, 12, 8, seed=1) for index in batch)
    assert set(uses.values()) == {1, 2}
    assert len(uses) == 64


def test_a_word_without_its_accents_is_what_people_type() -> None:
    assert plain_letters("jäi tööle, šļūc žēl") == "jai toole, sluc zel"


def test_folds_share_the_classes_evenly() -> None:
    labels = [1] * 30 + [0] * 70
    part = stratified(labels, 5)
    assert Counter(part.tolist()) == dict.fromkeys(range(5), 20)
    assert Counter(part[:30].tolist()) == dict.fromkeys(range(5), 6)


def test_the_figures_agree_with_scikit_learn() -> None:
    luck = np.random.default_rng(2)
    truth, chance = luck.integers(0, 2, 400), np.round(luck.random(400), 2)
    said = (chance > 0.4).astype(int)
    assert metrics.macro_f1(truth, said) == pytest.approx(reference.f1_score(truth, said, average="macro"))
    assert metrics.macro_recall(truth, said) == pytest.approx(reference.balanced_accuracy_score(truth, said))
    assert metrics.auc(truth, chance) == pytest.approx(reference.roc_auc_score(truth, chance))


def test_calibration_brings_stated_chances_to_what_came_true() -> None:
    luck = np.random.default_rng(4)
    margins = luck.normal(0, 3, 4000)
    truth = (luck.random(4000) < 1 / (1 + np.exp(-(0.4 * margins - 0.7)))).astype(int)
    scale, shift = metrics.platt(truth, margins)
    assert (scale, shift) == (pytest.approx(0.4, abs=0.08), pytest.approx(-0.7, abs=0.15))
    before = metrics.calibration_error(truth, 1 / (1 + np.exp(-margins)))
    after = metrics.calibration_error(truth, 1 / (1 + np.exp(-(scale * margins + shift))))
    assert after < 0.03 < before
