"""Opens a model's folder: its tokenizer and network, seen to belong together and to run as asked."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from classifiers._hub import first_line
from classifiers._int8 import to_int8
from classifiers.base import BadModel
from classifiers.text import readable

Precision = Literal["float32", "float16", "bfloat16", "int8"]
CHARACTERS_A_TOKEN = 32
"""More characters than a token holds: what lies behind `max_tokens` of these is never looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a network runs and how it keeps its numbers."""

    device: Any
    precision: Precision


@dataclass(frozen=True, slots=True)
class Network:
    """A sequence classifier of `transformers`, ready to run."""

    name: str
    tokenizer: Any
    module: Any
    place: Place
    labels: tuple[str, ...]
    max_tokens: int

    @property
    def independent(self) -> bool:
        """Several labels may hold at once."""
        return bool(self.module.config.problem_type == "multi_label_classification")

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """What the network reads of each text; where that is nothing, the token that fills gaps."""
        shown = [readable(text, self.max_tokens * CHARACTERS_A_TOKEN) for text in texts]
        found = self.tokenizer(shown, truncation=True, max_length=self.max_tokens)["input_ids"]
        return [ids or [self.tokenizer.pad_token_id] for ids in found]

    def chances(self, tokens: Sequence[Sequence[int]]) -> list[list[float]]:
        """One pass: the probability of every label; of a single one, that it doesn't hold and that it does.

        Raises BadModel when the network answers with something else than numbers.
        """
        import torch

        inputs = self.tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self.place.device)
        with torch.inference_mode():
            logits = self.module(**inputs).logits.float()
        if not logits.isfinite().all():
            reduced = self.place.precision != "float32"
            cure = "set classifier.precision to float32" if reduced else "its weights are broken, take another model"
            raise BadModel(f"the model {self.name} answers with NaN or infinity in {self.place.precision}: {cure}")
        if logits.shape[1] == 1:
            holds = logits.clamp(0, 1) if self.module.config.problem_type == "regression" else logits.sigmoid()
            rows = torch.cat([1 - holds, holds], 1)
        else:
            rows = logits.sigmoid() if self.independent else logits.softmax(-1)
        chances: list[list[float]] = rows.tolist()
        return chances


def place(device: str | None, precision: Precision | None) -> Place:
    """What was asked for, or the first GPU by CUDA or ROCm in float16, or the processor in float32. Raises BadModel."""
    try:
        import torch
        import transformers  # noqa: F401 — so that a missing one is told of before anything is fetched
    except ImportError as error:
        raise BadModel(
            f"the classifier `transformer` needs {error.name}, which is not installed: pip install torch transformers "
            "(the classifier `onnx` needs neither)"
        ) from error
    try:
        found = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        torch.zeros(1, device=found)
    except Exception as error:
        raise BadModel(
            f"classifier.device {device!r} can't be used here ({first_line(error)}): leave it out or set cpu"
        ) from error
    chosen = precision or ("float16" if found.type == "cuda" else "float32")
    if chosen == "int8" and found.type != "cpu":
        raise BadModel(f"classifier.precision int8 runs on a processor only: on {found} set float16, or device: cpu")
    return Place(found, chosen)


def open_network(name: str, folder: Path, at: Place, max_tokens: int) -> Network:
    """Reads the folder and tries the network on an empty and a long text.

    No code that lies in the folder is run. Raises BadModel, which says what is wrong and what to do.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        _check_files(folder)
        network = _read(name, folder, at, max_tokens)
    except Exception as error:
        why = str(error) if isinstance(error, BadModel) else _cure(error, folder)
        raise BadModel(f"the model {name} can't be used: {why}") from error
    _try(network)
    return network


def _check_files(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        cure = "name the folder into which the model was saved by save_pretrained"
        if (folder / "model.onnx").is_file():
            cure = "one with a model.onnx is for `type: onnx`"
        elif (folder / "adapter_config.json").is_file():
            cure = "it holds an adapter only, which merge_and_unload makes a model of"
        raise BadModel(f"there is no config.json in {folder}: {cure}")
    if not any(folder.glob("*.safetensors")) and not any(folder.glob("pytorch_model*.bin")):
        raise BadModel(
            f"there are no weights in {folder}, neither model.safetensors nor pytorch_model.bin: save them there by "
            "save_pretrained, or choose another model"
        )
    if not (folder / "tokenizer.json").is_file() and any(folder.glob("*.model")) and not _reads_sentencepiece():
        raise BadModel("its tokenizer comes as a SentencePiece model only: pip install sentencepiece protobuf")


def _reads_sentencepiece() -> bool:
    from transformers.utils import is_protobuf_available, is_sentencepiece_available

    return bool(is_sentencepiece_available() and is_protobuf_available())


def _read(name: str, folder: Path, at: Place, max_tokens: int) -> Network:
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

    own = {"trust_remote_code": False, "local_files_only": True}
    config = AutoConfig.from_pretrained(folder, **own)
    labels = _labels(config.id2label)
    tokenizer = AutoTokenizer.from_pretrained(folder, **own)
    _check_vocabulary(len(tokenizer), getattr(config, "vocab_size", None))
    module, report = AutoModelForSequenceClassification.from_pretrained(
        folder,
        config=config,
        dtype=torch.float32 if at.precision == "int8" else getattr(torch, at.precision),
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **own,
    )
    _check_report(report, len(labels))
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    if module.config.pad_token_id is None:
        module.config.pad_token_id = tokenizer.pad_token_id
    room = min(max_tokens, int(tokenizer.model_max_length or max_tokens), _positions(module))
    if at.precision == "int8":
        to_int8(module)
    return Network(
        name=name,
        tokenizer=tokenizer,
        module=module.eval().to(at.device),
        place=at,
        labels=labels,
        max_tokens=max(room, tokenizer.num_special_tokens_to_add() + 1),
    )


def _labels(known: Any) -> tuple[str, ...]:
    if not known or sorted(known) != list(range(len(known))):
        raise BadModel(f"id2label in its config.json must number the labels from 0, not {known}")
    return tuple(str(known[number]) for number in sorted(known))


def _check_vocabulary(known: int, expected: int | None) -> None:
    """A tokenizer without its files is nearly empty, and another model's has tokens that the network doesn't know."""
    if expected and not expected / 2 <= known <= expected:
        raise BadModel(
            f"its tokenizer knows {known} tokens and its network {expected}: copy tokenizer.json, or the vocabulary, "
            "of the same model into its folder"
        )


def _check_report(report: dict[str, Any], labels: int) -> None:
    """Weights that were missing or of another size are random numbers now: no verdict may come of them."""
    for weight, there, here in report["mismatched_keys"]:
        if here[0] == labels:
            raise BadModel(
                f"config.json names {labels} labels, but its weights tell {there[0]} apart: correct id2label"
            )
        raise BadModel(
            f"config.json is of another model than the weights ({weight}: {list(here)}, not {list(there)}): copy both "
            "from the same"
        )
    if missing := sorted(report["missing_keys"]):
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise BadModel(
            f"its weights lack {missing[0]}{more}, so it was never trained to classify texts: choose one made for "
            "text-classification"
        )


def _positions(module: Any) -> int:
    """Tokens the network has positions for: in models of the RoBERTa kind they start after the padding's."""
    import torch

    for name, part in module.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, torch.nn.Embedding):
            return int(part.num_embeddings) - (0 if part.padding_idx is None else int(part.padding_idx) + 1)
    return int(getattr(module.config, "max_position_embeddings", None) or 1_000_000)


def _try(network: Network) -> None:
    """A pass with an empty and a long text, so that what can't work fails now and not at some post."""
    try:
        network.chances(network.tokens(["", "word " * network.max_tokens]))
    except BadModel:
        raise
    except Exception as error:
        at = network.place
        cure = "its files don't belong together" if at.precision == "float32" else "set classifier.precision to float32"
        raise BadModel(
            f"the model {network.name} can't be run in {at.precision} on {at.device} ({first_line(error)}): {cure}"
        ) from error


def _cure(error: Exception, folder: Path) -> str:
    """What is wrong and what to do about it."""
    text = str(error)
    if "trust_remote_code" in text:
        return "it needs code of its own (trust_remote_code), which is never run: choose one that transformers knows"
    if "does not recognize this architecture" in text:
        return "transformers doesn't know its kind: pip install --upgrade transformers, or choose another"
    if "Unrecognized configuration class" in text:
        return "it is not made to classify texts: choose one made for text-classification"
    if "Weights only load failed" in text:
        return "its pytorch_model.bin holds more than weights, which is never run: choose one with model.safetensors"
    if "instantiate the backend tokenizer" in text:
        return "its tokenizer has no vocabulary: copy tokenizer.json of the same model into its folder"
    cure = f"delete {folder.parents[1]} to fetch it again" if folder.parent.name == "snapshots" else "save it again"
    return f"its files are damaged or cut short ({first_line(error)}): {cure}"
