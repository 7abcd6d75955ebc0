"""Fits a network to examples: the loop, its checkpoints, and stopping when validation no longer improves."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from classifiers.training.batches import IGNORED, collate, plan
from classifiers.training.data import BadData, Example
from classifiers.training.network import Network

Score = Callable[[Network], dict[str, float]]
"""Figures of a network on held-apart examples; `score` among them is the one to raise."""


HEADS = {
    "complaint": 1.0,
    "sentiment": 1.0,
    "topic": 1.5,
    "intent": 0.6,
    "severity": 0.5,
    "irony": 0.3,
    "language": 0.1,
}
"""What the loss of each head counts."""
HEADS_FASTER = 10
"""How much faster than the encoder, which knows its languages already, the heads learn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How long and how fast to learn."""

    steps: int = 1200
    leave: int | None = None
    """Step after which to leave, the rate still high, because another stage follows; None: the last."""
    batch: int = 32
    rate: float = 1e-4
    warmup: float = 0.08
    decay: float = 0.01
    smoothing: float = 0.05
    frozen_layers: int = 0
    """Lowest layers that stay as they were; the word embeddings always do."""
    check_every: int = 200
    patience: int = 4
    """Checks without improvement after which fitting ends."""
    seed: int = 7
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much a source counts beside the root of its size."""
    heads: Mapping[str, float] = field(default_factory=lambda: dict(HEADS))


def fit(
    network: Network,
    tokenizer: Tokenizer,
    examples: Sequence[Example],
    recipe: Recipe,
    checkpoint: Path,
    *,
    resume: bool = False,
    score: Score | None = None,
    stop_after: int | None = None,
    title: str = "fitting",
    teacher: Network | None = None,
) -> Network:
    """The network, fitted in place; the best state by `score` where one is given.

    With a teacher it learns to read as that one does, layer by layer, and looks at no label.

    Each step draws its chance from the seed and its own number alone, so a run that was stopped and resumed
    ends with the same weights as one that was not. `stop_after` ends a run early, leaving its checkpoint.
    """
    run = _Run(network, tokenizer, examples, recipe, checkpoint, teacher)
    if resume and checkpoint.is_file():
        run.restore()
    with _progress() as progress:
        bar = progress.add_task(title, total=len(run.batches), completed=run.step, note="")
        while run.step < len(run.batches) and run.stale < recipe.patience:
            loss = run.advance()
            due = run.step % recipe.check_every == 0 or run.step == len(run.batches)
            if due and score:
                run.judge(score(network))
            progress.update(bar, completed=run.step, note=f"loss {loss:.3f} best {run.best:.4f}")
            if due or run.step == stop_after:
                run.save()
            if run.step == stop_after:
                return network
    if run.best_state:
        network.load_state_dict(run.best_state)
    return network.eval()


class _Run:
    """One fitting under way, and what its checkpoint must hold."""

    def __init__(
        self,
        network: Network,
        tokenizer: Tokenizer,
        examples: Sequence[Example],
        recipe: Recipe,
        checkpoint: Path,
        teacher: Network | None,
    ) -> None:
        self.network, self.tokenizer, self.examples = network, tokenizer, examples
        self.recipe, self.checkpoint, self.teacher = recipe, checkpoint, teacher
        self.batches = plan(examples, recipe.weights, recipe.steps, recipe.batch, recipe.seed)[: recipe.leave]
        self.step, self.best, self.stale = 0, float("-inf"), 0
        self.best_state: dict[str, Tensor] | None = None
        self.history: list[dict[str, float]] = []
        for part in (network.words, network.positions, network.embedding_norm, *network.layers[: recipe.frozen_layers]):
            part.requires_grad_(False)
        learning = [p for p in network.layers.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in learning if p.ndim > 1], "weight_decay": recipe.decay},
                {"params": [p for p in learning if p.ndim == 1], "weight_decay": 0.0},
                {"params": list(network.heads.parameters()), "lr": HEADS_FASTER * recipe.rate, "weight_decay": 0.0},
            ],
            lr=recipe.rate,
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self.pace)

    def pace(self, step: int) -> float:
        """The learning rate's factor: up during the warm-up, then down to nothing."""
        total = self.recipe.steps
        rise = max(1, int(total * self.recipe.warmup))
        return (step + 1) / rise if step < rise else max(0.0, (total - step) / max(1, total - rise))

    def advance(self) -> float:
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.step)
        luck = random.Random(self.recipe.seed * 1_000_003 + self.step)
        chosen = [self.examples[index] for index in self.batches[self.step]]
        ids, mask, labels = collate(chosen, self.tokenizer, list(self.recipe.heads), luck)
        self.network.train(self.teacher is None)
        loss = distance(self.network, self.teacher, ids, mask) if self.teacher else self.error(ids, mask, labels)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        return loss.item()

    def error(self, ids: Tensor, mask: Tensor, labels: Mapping[str, Tensor]) -> Tensor:
        """Each head's mean over the examples that teach it, by weight and by how many of the batch those are."""
        logits = self.network(ids, mask)
        parts = [
            weight
            * functional.cross_entropy(
                logits[head],
                labels[head],
                ignore_index=IGNORED,
                label_smoothing=self.recipe.smoothing,
                reduction="sum",
            )
            / len(labels[head])
            for head, weight in self.recipe.heads.items()
        ]
        return torch.stack(parts).sum()

    def judge(self, figures: dict[str, float]) -> None:
        """Keeps the state when it is the best so far."""
        self.history.append({"step": self.step, **figures})
        if figures["score"] > self.best:
            self.best, self.stale = figures["score"], 0
            self.best_state = {name: value.clone() for name, value in self.network.state_dict().items()}
        else:
            self.stale += 1

    def save(self) -> None:
        """Writes the checkpoint beside the old one and puts it in its place, so that a kill leaves one whole."""
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.checkpoint.with_suffix(".new")
        torch.save(self.state(), fresh)
        fresh.replace(self.checkpoint)

    def state(self) -> dict[str, Any]:
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "recipe": asdict(self.recipe),
            "examples": self.fingerprint(),
            "step": self.step,
            "best": self.best,
            "stale": self.stale,
            "best_state": self.best_state,
            "history": self.history,
        }

    def fingerprint(self) -> str:
        """A hash of the texts, so that a checkpoint is not taken up with others."""
        return hashlib.sha256("\n".join(each.text for each in self.examples).encode()).hexdigest()

    def restore(self) -> None:
        state = torch.load(self.checkpoint, weights_only=True)
        if (state["recipe"], state["examples"]) != (asdict(self.recipe), self.fingerprint()):
            raise BadData(f"{self.checkpoint} belongs to another recipe or other posts: drop --resume to start anew")
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.step, self.best, self.stale = state["step"], state["best"], state["stale"]
        self.best_state, self.history = state["best_state"], state["history"]


def distance(network: Network, teacher: Network, ids: Tensor, mask: Tensor) -> Tensor:
    """The mean square by which the token vectors differ, over all layers."""
    with torch.inference_mode():
        wanted = teacher.read(ids, mask)
    apart = [
        functional.mse_loss(mine[mask], theirs[mask])
        for mine, theirs in zip(network.read(ids, mask), wanted, strict=True)
    ]
    return torch.stack(apart).mean()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
