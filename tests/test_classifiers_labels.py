"""What other people's models call their answers, and which of these mean a complaint."""

import re

import pytest
import yaml

from classifiers._labels import meanings
from classifiers.base import BadModel

NEG, NEU, POS = "negative", "neutral", "positive"
RISING = (NEG, NEG, NEU, POS, POS)


@pytest.mark.parametrize(
    ("labels", "meant"),
    [
        (["negative", "neutral", "positive"], (NEG, NEU, POS)),
        (["POS", "NEG", "NEU"], (POS, NEG, NEU)),
        (["Positive", "Negative"], (POS, NEG)),
        (["sentiment_neg", "sentiment_pos"], (NEG, POS)),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], RISING),
        (["VeryNegative", "Positive"], (NEG, POS)),
        (["negatiivne", "neutraalne", "positiivne", "vastuoluline"], (NEG, NEU, POS, NEU)),
        (["негативный", "нейтральный", "позитивный"], (NEG, NEU, POS)),
        (["negatīvs", "neitrāls", "pozitīvs"], (NEG, NEU, POS)),
        (["non-negative", "negative"], ("other", NEG)),
        (["LABEL_0", "LABEL_1", "LABEL_2"], (NEG, NEU, POS)),
        (["0", "1", "2"], (NEG, NEU, POS)),
        (["1", "0", "-1"], (POS, NEU, NEG)),
        (["0", "1", "2", "3", "4"], RISING),
        (["1 star", "2 stars", "3 stars", "4 stars", "5 stars"], RISING),
        (["5 stars", "4 stars", "3 stars", "2 stars", "1 star"], RISING[::-1]),
        (["Complaint", "Not Complaint"], ("complaint", "other")),
        (["NON_COMPLAINT", "COMPLAINT"], ("other", "complaint")),
        (["no_complaint", "complaint"], ("other", "complaint")),
        (["isNotComplaint", "isComplaint"], ("other", "complaint")),
        (["noncomplaint", "complaint"], ("other", "complaint")),
        (["ei ole kaebus", "kaebus"], ("other", "complaint")),
        (["complaint", "question", "praise", "spam"], ("complaint", "other", POS, "other")),
        (["anger", "joy", "optimism", "sadness"], (NEG, POS, POS, NEG)),
        (["sadness", "joy", "love", "anger", "fear", "surprise"], (NEG, POS, POS, NEG, NEG, NEU)),
        (["anger", "disgust", "fear", "joy", "neutral", "sadness"], (NEG, NEG, NEG, POS, NEU, NEG)),
        (["complaint"], ("other", "complaint")),
        (["positive"], (NEG, POS)),
    ],
)
def test_the_meaning_of_labels_is_told_from_their_names(labels: list[str], meant: tuple[str, ...]) -> None:
    assert meanings(labels) == meant


@pytest.mark.parametrize(
    "labels",
    [
        ["LABEL_0", "LABEL_1"],  # the complaint may be either
        ["LABEL_0"],
        ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"],
        ["1", "3", "9", "1"],
        ["toxic", "neutral"],
        ["entailment", "neutral", "contradiction"],
        ["joy", "love"],
        ["yes", "no"],
        ["neutral"],
        ['a "b": {c}', "null"],
    ],
)
def test_labels_that_say_nothing_are_asked_about_with_a_line_to_paste(labels: list[str]) -> None:
    with pytest.raises(BadModel, match="which of the model's labels") as raised:
        meanings(labels)
    assert ", ".join(labels) in str(raised.value)
    line = re.search(r"label_map: \{.*\}(?= \(a label means)", str(raised.value))
    assert line
    told = yaml.safe_load(line[0])["label_map"]
    assert list(told) == list(dict.fromkeys(labels))
    assert "complaint" in meanings(labels, told)


def test_what_is_told_goes_before_the_names_and_the_rest_is_no_complaint() -> None:
    assert meanings(["LABEL_0", "LABEL_1"], {"LABEL_1": "complaint"}) == ("other", "complaint")
    assert meanings(["joy", "rant"], {"rant": "complaint"}) == ("positive", "complaint")
    assert meanings(["complaint", "other"], {"complaint": "other", "other": "complaint"}) == ("other", "complaint")
    assert meanings(["LABEL_0"], {"LABEL_0": "positive"}) == ("negative", "positive")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"happy": "complaint"}, "names 'happy'; the model's labels are joy, anger"),
        ({"anger": "bad"}, "'bad'; a label means one of complaint, other, negative, neutral, positive"),
        ({"joy": "positive", "anger": "neutral"}, "no label that means complaint or negative"),
    ],
)
def test_an_explanation_that_cannot_work_is_refused(told: dict[str, str], problem: str) -> None:
    with pytest.raises(BadModel, match=problem):
        meanings(["joy", "anger"], told)  # type: ignore[arg-type]
