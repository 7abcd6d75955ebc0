"""Other people's models: small BERT, RoBERTa and XLM-R networks with random weights, made here."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from classifiers.base import BadModel, Classifier
from classifiers.transformer import Transformer, TransformerOptions, meanings

TEXTS = ["Where is my parcel?", "Kus mu pakk on?", "Где моя посылка?", "", "thanks " * 400, "😡\ud83d" * 9]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def word_tokenizer(kind: str) -> Tokenizer:
    """A tokenizer of the model family's own kind, learnt from a few sentences."""
    if kind == "bert":
        tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL)
    elif kind == "roberta":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet)
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=SPECIAL, unk_token="<unk>")
    tokenizer.train_from_iterator(TEXTS[:4] * 20, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


def save_model(folder: Path, kind: str, labels: Sequence[str]) -> str:
    import torch
    import transformers

    torch.manual_seed(1)
    tokenizer = word_tokenizer(kind)
    signs = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", mask_token="<mask>", **signs
    ).save_pretrained(folder)
    config, network = {
        "bert": (transformers.BertConfig, transformers.BertForSequenceClassification),
        "roberta": (transformers.RobertaConfig, transformers.RobertaForSequenceClassification),
        "xlm-roberta": (transformers.XLMRobertaConfig, transformers.XLMRobertaForSequenceClassification),
    }[kind]
    network(
        config(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=40,
            type_vocab_size=1,
            pad_token_id=1,
            bos_token_id=0,
            eos_token_id=2,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
    ).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("kind", ["bert", "roberta", "xlm-roberta"])
def test_a_model_of_any_family_judges_any_text(tmp_path: Path, kind: str) -> None:
    labels = ["negative", "neutral", "positive"]
    classifier: Classifier = Transformer(TransformerOptions(model=save_model(tmp_path, kind, labels), batch_size=2))
    together = classifier.classify(TEXTS)
    alone = [classifier.classify([text])[0] for text in TEXTS]
    assert [each.complaint for each in together] == pytest.approx([each.complaint for each in alone], abs=1e-4)
    assert classifier.model == f"{tmp_path}@local"
    assert all(0 <= each.complaint <= 1 for each in together)


def test_a_complaint_model_answers_with_its_complaint_label(tmp_path: Path) -> None:
    model = save_model(tmp_path, "bert", ["non-complaint", "complaint"])
    swapped = {"non-complaint": "complaint", "complaint": "other"}
    first = Transformer(TransformerOptions(model=model)).classify(TEXTS)
    second = Transformer(TransformerOptions(model=model, label_map=swapped)).classify(TEXTS)
    assert [each.complaint for each in first] == pytest.approx([1 - each.complaint for each in second], abs=1e-5)
    assert any(each.complaint != pytest.approx(0.5, abs=1e-6) for each in first)


@pytest.mark.parametrize(
    ("labels", "meant"),
    [
        (["Complaint", "Not a complaint"], None),
        (["NON_COMPLAINT", "COMPLAINT"], ("other", "complaint")),
        (["LABEL_0", "LABEL_1", "LABEL_2"], ("negative", "neutral", "positive")),
        (["LABEL_0", "LABEL_1"], ("negative", "positive")),
        (["POS", "NEG"], ("positive", "negative")),
        (
            ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"],
            ("negative", "negative", "neutral", "positive", "positive"),
        ),
    ],
)
def test_the_meaning_of_labels_is_told_from_their_names(labels: list[str], meant: tuple[str, ...] | None) -> None:
    assert meanings(labels) == (meant or ("complaint", "other"))


def test_labels_that_say_nothing_must_be_explained() -> None:
    with pytest.raises(BadModel, match=r"joy, anger.*set classifier\.label_map"):
        meanings(["joy", "anger"])
    assert meanings(["joy", "anger"], {"joy": "other", "anger": "complaint"}) == ("other", "complaint")


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"joy": "other"}, "says nothing of the model's label 'anger'"),
        ({"joy": "other", "anger": "bad"}, "'bad'; a label means one of"),
        ({"joy": "positive", "anger": "neutral"}, "no label that means complaint or negative"),
    ],
)
def test_an_explanation_that_cannot_work_is_refused(told: dict[str, str], problem: str) -> None:
    with pytest.raises(BadModel, match=problem):
        meanings(["joy", "anger"], told)


def test_a_folder_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match=r"cannot be loaded: give classifier\.model a folder"):
        Transformer(TransformerOptions(model=str(tmp_path))).classify(["hello"])


def test_a_name_that_cannot_be_fetched_says_what_to_do(tmp_path: Path) -> None:
    program = (
        "from classifiers.transformer import *\n"
        "try: Transformer(TransformerOptions(model='nobody/no-such-model')).classify(['hello'])\n"
        "except BadModel as error: print(error)"
    )
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PATH": ""}
    folder = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True)
    assert "nobody/no-such-model cannot be loaded" in done.stdout, done.stderr
    assert "exists on the hub" in done.stdout


def test_without_torch_the_message_names_the_cure(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from classifiers.transformer import *\n"
        "try: Transformer(TransformerOptions(model='x')).classify(['hello'])\n"
        "except BadModel as error: print(error)"
    )
    folder = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert "pip install torch" in done.stdout, done.stderr
