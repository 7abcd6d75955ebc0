"""The model that ships with the product: a small multilingual network run by ONNX Runtime alone."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifiers import base
from classifiers.base import BadModel, Classifier, Point, Verdict
from classifiers.curve import cut, read
from classifiers.text import readable
from classifiers.why import why

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime
    import tokenizers
    from numpy.typing import NDArray

SHIPPED = Path(__file__).parent / "model"
SURE = 0.5
"""A topic that the model is less sure of is not told."""
CHARACTERS_A_TOKEN = 32
"""More characters than a token holds: what lies behind `max_tokens` of these is never looked at."""
WINDOW = 128
"""Batches whose texts are sorted by length together: enough to pad little, few enough to bound memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxOptions(base.Options):
    """What the shipped model can be told."""

    model: str = str(SHIPPED)
    """A folder with model.onnx, tokenizer.json and model.json, as `python -m classifiers.train` writes it."""
    batch_size: int = 8
    """Texts in one pass of the model; more are padded more, and take longer."""
    threads: int | None = None
    """Passes at a time, each on a processor core of its own; None: one for each core."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model folder, opened."""

    name: str
    threshold: float
    curve: tuple[Point, ...]
    max_tokens: int
    padding: int
    classes: dict[str, list[str]]
    """What the model says beside `complaint`: by field of the verdict, the answers in the order of their numbers."""
    tokenizer: "tokenizers.Tokenizer"
    session: "onnxruntime.InferenceSession"


class Onnx(Classifier):
    """Reads the folder at the first text; until then it costs nothing."""

    Options = OnnxOptions

    def __init__(self, options: OnnxOptions | None = None) -> None:
        self.options = options or OnnxOptions()

    @property
    def model(self) -> str:
        return self._loaded.name

    @property
    def threshold(self) -> float:
        return cut(self.options, self._loaded.threshold, self.curve)

    @property
    def curve(self) -> tuple[Point, ...]:
        return self._loaded.curve

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        verdicts: list[Verdict | None] = [None] * len(texts)
        for place, verdict in self._verdicts(texts):
            verdicts[place] = verdict
        return [verdict for verdict in verdicts if verdict]

    def _verdicts(self, texts: Sequence[str]) -> Iterator[tuple[int, Verdict]]:
        """Each text's place and verdict; the long ones first, for which no core then waits at the end."""
        loaded, size = self._loaded, max(1, self.options.batch_size)
        most = loaded.max_tokens * CHARACTERS_A_TOKEN
        for start in range(0, len(texts), size * WINDOW):
            window = [readable(text, most) for text in texts[start : start + size * WINDOW]]
            tokens = [encoding.ids for encoding in loaded.tokenizer.encode_batch_fast(window)]
            order = sorted(range(len(tokens)), key=lambda index: -len(tokens[index]))
            passes = [order[at : at + size] for at in range(0, len(order), size)]
            for chosen, judged in zip(passes, self._passes(window, tokens, passes), strict=True):
                yield from zip((start + index for index in chosen), judged, strict=True)

    def _passes(
        self, texts: Sequence[str], tokens: Sequence[Sequence[int]], passes: Sequence[Sequence[int]]
    ) -> list[list[Verdict]]:
        """Several passes at a time, each on one core: two cores at one pass would often wait for each other."""

        def run(chosen: Sequence[int]) -> list[Verdict]:
            return self._pass([texts[index] for index in chosen], [tokens[index] for index in chosen])

        if len(passes) == 1:
            return [run(passes[0])]
        with ThreadPoolExecutor(self.options.threads or os.cpu_count()) as cores:
            return list(cores.map(run, passes))

    def _pass(self, texts: Sequence[str], tokens: Sequence[Sequence[int]]) -> list[Verdict]:
        """One pass of the model; its first text is the longest."""
        import numpy as np

        loaded, threshold = self._loaded, self.threshold
        lengths = np.array([len(ids) for ids in tokens], np.int32)
        ids = np.full((len(texts), lengths[0]), loaded.padding, np.int64)
        for row, known in enumerate(tokens):
            ids[row, : lengths[row]] = known
        complaints, shares, *rest = loaded.session.run(
            ["complaint", "shares", *loaded.classes], {"ids": ids, "lengths": lengths}
        )
        said: dict[str, list[Any]] = {
            field: ["other" if field == "topic" and row.max() < SURE else names[int(row.argmax())] for row in answer]
            for (field, names), answer in zip(loaded.classes.items(), rest, strict=True)
        }
        return [
            Verdict(
                complaint=complaint,
                is_complaint=complaint >= threshold,
                model=loaded.name,
                why=self._why(text, share) if complaint >= threshold else (),
                **{field: answers[row] for field, answers in said.items()},
            )
            for row, (text, complaint, share) in enumerate(zip(texts, complaints.tolist(), shares, strict=True))
        ]

    def _why(self, text: str, shares: "NDArray[np.float32]") -> tuple[str, ...]:
        """What drove the verdict, told from what each token added; the signs at both ends of a text say nothing."""
        spans = self._loaded.tokenizer.encode(text).offsets
        return why(text, spans[1:-1], shares[1 : len(spans) - 1].tolist())

    @cached_property
    def _loaded(self) -> _Loaded:
        return _load(Path(self.options.model))


def _load(folder: Path) -> _Loaded:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import onnxruntime
    from tokenizers import Tokenizer

    for name in ("model.json", "tokenizer.json", "model.onnx"):
        if not (folder / name).is_file():
            raise BadModel(
                f"no {name} in the model folder {folder}: reinstall the product, set classifier.model to a folder "
                "that has one, or make one with `python -m classifiers.train`"
            )
    try:
        about: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
        weights = folder / "model.onnx"
        with ThreadPoolExecutor(1) as aside:  # the other core has nothing to do meanwhile
            revision = aside.submit(_revision, weights)
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            session = onnxruntime.InferenceSession(str(weights), _settings(), ["CPUExecutionProvider"])
        if revision.result() != about["revision"]:
            raise ValueError("model.onnx is not the file that model.json describes")
        tokenizer.no_padding()
        tokenizer.enable_truncation(about["max_tokens"])
        return _Loaded(
            name=f"{about['name']}@{about['revision']}",
            threshold=float(about["threshold"]),
            curve=read(about.get("curve", ())),
            max_tokens=int(about["max_tokens"]),
            padding=int(about["padding"]),
            classes=dict(about["classes"]),
            tokenizer=tokenizer,
            session=session,
        )
    except Exception as error:
        raise BadModel(
            f"the model folder {folder} is damaged or of another version ({error}): reinstall the product or "
            "make the model again with `python -m classifiers.train`"
        ) from error


def _revision(weights: Path) -> str:
    """As `classifiers.train` gives it: a hash of the whole file."""
    with weights.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as read:
        return hashlib.sha256(read).hexdigest()[:12]


def _settings() -> "onnxruntime.SessionOptions":
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    return settings
