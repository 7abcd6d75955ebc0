"""Writes the model card: what the model is, what it learnt from, its figures and its limits."""

from collections import Counter
from collections.abc import Mapping, Sequence

from classifiers.onnx import SURE
from classifiers.training import data, start
from classifiers.training.data import FEEDBACK, TEST_BATCHES, VALIDATION_BATCHES, Example
from classifiers.training.figures import Figures
from classifiers.training.stages import INNER

LANGUAGES = {"en": "English", "et": "Estonian", "ru": "Russian", "lv": "Latvian", "fi": "Finnish", "lt": "Lithuanian"}

TEMPLATE = """\
# {name}

Says of a public post whether it is a complaint to a company, with a calibrated probability and the words that drove
the verdict; its sentiment, intent, topic, severity and language. All in one pass, in English, Estonian, Russian,
Latvian and Finnish. Written by `python -m classifiers.train`.

## What it is

{layers} layers of 384 wide, {pieces:,} word pieces, weights in eight bits: the lower layers of
multilingual-e5-small (Wang et al. 2024, MIT licence), its vocabulary cut down to these languages; of
the 1,536 units inside each layer the {inner} that matter most were kept, and taught to read as all of them did.
Fine-tuned for all that it says and, as an auxiliary task, irony. It reads the first {tokens} tokens of a post. Handles
and links are replaced before it reads. The probability is fitted on the validation posts (a scale and a shift of the
margin).

The complaint's margin is the mean of what each token adds to it: `why` names the phrases that add most. That is exact
for the last layer, but each token there has already looked at the others.

## What it learnt from

| source | examples | for training | licence | from |
| --- | --- | --- | --- | --- |
{sources}

The project's own posts were written for it, one by one, each author in numbered batches with themes of their own. An
author's batches {tests} are held apart for the figures below and {validations} for choosing and calibrating, so no
circle of posts is on both sides. Of external files the publisher's split counts; a file without one gives a tenth (by
a hash of the text) to the figures and a tenth to choosing. Texts that occur on both sides are dropped from training.

Russian and Latvian sentiment comes from tweets; XED sentiment is derived from emotions in film subtitles and noisy.

## Figures

![Reliability and confusion](figures.png)

On posts held apart from training and from choosing; one run, so a difference of a point or two between small sets
means little. Of large sets a part is scored. "Lost" is the macro-F1 that eight-bit weights cost against the same
network in floats, on {sample} posts of each set. Topic and severity are scored on complaints alone.

| what | examples | posts | macro-F1 | lost | macro recall | accuracy | AUC | calibration error |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{figures}
{folds}
## Limits

* A complaint is told by its text alone: pictures, earlier posts of a thread and who writes are not seen.
* The topic is often wrong: it is said only where the model is at least {sure:.0%} sure, else it is `other`.
* Sarcasm without a telling word, complaints of two or three words and mixed opinions are where it errs most.
* The own posts are imagined, not collected; on live posts of a brand expect other figures, and watch what the care team
  dismisses.
* Lithuanian is told as a language and gets a verdict, unmeasured; any other language is taken for one of the six.
* complaints_2019 states no licence and the SemEval, irony and SentiRuEval sets are for research: none of their texts
  is here, only weights learnt from them. Train without them where that matters: take them out of
  `classifiers/data/manifest.json`.
"""


def write(
    name: str,
    examples: Sequence[Example],
    found: Sequence[Figures],
    lost: Mapping[tuple[str, str], float],
    folds: Mapping[str, float],
    sample: int,
) -> str:
    """The card, in Markdown."""
    return TEMPLATE.format(
        name=name,
        layers=start.LAYERS,
        inner=INNER,
        sample=sample,
        sure=SURE,
        pieces=start.PIECES,
        tokens=start.MAX_TOKENS,
        sources="\n".join(_sources(examples)),
        tests=" and ".join(sorted(TEST_BATCHES)),
        validations=" and ".join(sorted(VALIDATION_BATCHES)),
        figures="\n".join(_row(each, lost.get((each.head, each.examples), 0.0)) for each in found),
        folds=_folds(folds) if folds else "",
    )


def _sources(examples: Sequence[Example]) -> list[str]:
    every = Counter(_family(each) for each in examples)
    training = Counter(_family(each) for each in examples if each.split == "train")
    own = ", ".join(
        f"{LANGUAGES.get(lang, lang)} {count:,}"
        for lang, count in Counter(each.lang for each in examples if _family(each) == "own").most_common()
    )
    rows = [f"| own posts | {every['own']:,} | {training['own']:,} | as the project | {own} |"]
    if every[FEEDBACK]:
        counts = f"{every[FEEDBACK]:,} | {training[FEEDBACK]:,}"
        rows.append(f"| feedback | {counts} | a care team's, not to be published | live posts that people judged |")
    for name, entry in data.manifest().items():
        if entry["use"] == "labels":
            counts = f"{every[name]:,} | {training[name]:,}"
            rows.append(f"| {name} | {counts} | {entry['licence']} | {entry['source']} |")
    return rows


def _family(each: Example) -> str:
    return "own" if each.source == "everyday" else each.source


def _row(each: Figures, lost: float) -> str:
    rest = (each.macro_recall, each.accuracy, each.auc, each.calibration_error)
    shown = " | ".join("" if value is None else f"{value:.3f}" for value in rest)
    return f"| {each.head} | {each.examples} | {each.count:,} | {each.macro_f1:.3f} | {lost:.3f} | {shown} |"


def _folds(folds: Mapping[str, float]) -> str:
    return (
        f"\nCross-validated on complaints_2019 ({folds['folds']:.0f} folds, each judged by a network that saw none of "
        f"its rows): macro-F1 {folds['macro_f1']:.3f}, AUC {folds['auc']:.3f}, calibration error "
        f"{folds['calibration_error']:.3f}; on the brand-directed rows alone macro-F1 "
        f"{folds['brand_directed_macro_f1']:.3f}, AUC {folds['brand_directed_auc']:.3f}.\n"
    )
