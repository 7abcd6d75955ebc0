"""Small classifiers of the families that the hub is full of, with random weights and tokenizers of their own kind."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

SENTIMENTS = ("negative", "neutral", "positive")
TEXTS = ["Where is my parcel?", "Kus mu pakk on?", "Где моя посылка?", "thanks, it came today"]
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
SIGNS = {
    "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "pad_token": "<pad>",
    "unk_token": "<unk>", "mask_token": "<mask>",
}  # fmt: skip
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
OWN: dict[str, dict[str, Any]] = {
    "distilbert": {"hidden_dim": 32},
    "deberta-v2": {
        "intermediate_size": 32, "relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"],
        "position_biased_input": False, "type_vocab_size": 0, "share_att_key": True, "norm_rel_ebd": "layer_norm",
    },
    "gpt2": {},
}  # fmt: skip


def save_model(folder: Path, kind: str = "bert", labels: Sequence[str] = SENTIMENTS, **told: Any) -> str:
    """A model of the family, with weights large enough that its verdicts differ; `told` goes into its config."""
    tokenizer = _tokenizer(kind)
    tokenizer.save_pretrained(folder)
    save_network(folder, kind, labels, vocab_size=len(tokenizer), **told)
    return str(folder)


def save_network(folder: Path, kind: str, labels: Sequence[str], **told: Any) -> None:
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(1)
    padding = {} if kind == "gpt2" else {"pad_token_id": 1}
    settings = SMALL | OWN.get(kind, {"intermediate_size": 32, "type_vocab_size": 1}) | padding
    settings |= {"max_position_embeddings": 40, "bos_token_id": 0, "eos_token_id": 2} | told
    named = {"id2label": dict(enumerate(labels)), "label2id": {label: number for number, label in enumerate(labels)}}
    network = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(kind, **settings, **named))
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(8 if weights.dim() > 1 else 1)
    network.save_pretrained(folder)


def save_sentencepiece(folder: Path) -> None:
    """A tokenizer as the older XLM-R models on the hub have it: this one file."""
    import sentencepiece

    written = BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 20), model_writer=written, vocab_size=60, hard_vocab_limit=False, minloglevel=2
    )
    (folder / "sentencepiece.bpe.model").write_bytes(written.getvalue())


def as_bin(folder: Path) -> None:
    """The weights as older models on the hub have them."""
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def _tokenizer(kind: str) -> Any:
    from transformers import PreTrainedTokenizerFast

    if kind in ("roberta", "gpt2"):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer: Any = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet)
    elif kind in ("xlm-roberta", "deberta-v2"):
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=SPECIAL, unk_token="<unk>")
    else:
        tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL)
    tokenizer.train_from_iterator(TEXTS * 20, trainer)
    if kind == "gpt2":  # neither marks around a text nor a token that fills gaps
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    marks = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=marks)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SIGNS)
