"""`python -m classifiers.train`: makes the model that ships, from the pretrained encoder to its card."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifiers.base import BadModel
from classifiers.training.data import BadData, feedback, folder, load

NAME = "complaints-multilingual"


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the external files (or COMPLAINT_DATA).")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the finished model.")] = Path("classifiers/model"),
    work: Annotated[Path, typer.Option(help="Folder for checkpoints and what can be used again.")] = Path("build"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from what the work folder holds.")] = False,
    with_feedback: Annotated[
        Path | None, typer.Option(help="Also learn from what `python -m monitor feedback export` wrote.")
    ] = None,
    kfold: Annotated[int, typer.Option(help="Also cross-validate on the complaint corpus, in so many folds.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Processor cores; all of them if not told.")] = None,
) -> None:
    """Trains the model in four stages, exports it in eight bits and writes its card.

    The first teaches everything but the English complaint corpus, so that cross-validation can start from there; the
    second makes the network smaller; the last two add the corpus. An hour on two idle cores with five folds. A run
    that was stopped goes on with --resume and ends with the same weights.

    With feedback, the last stages learn from it, and the new model takes the place of the one in --out only when it is
    no worse on the posts held apart for choosing; else it stays in the work folder and the exit status is 1.

    Example: python -m classifiers.train --data DIR --kfold 5 --resume
    """
    import torch

    from classifiers.training.finish import MOST, UNSCORED, publish, thinned
    from classifiers.training.guard import ship
    from classifiers.training.stages import BASE, FINISH, FOLD, INNER, NARROWED, SETTLED, Training

    console = Console()
    if threads:
        torch.set_num_threads(threads)
    try:
        at = folder(data)
        told = list(feedback(with_feedback)) if with_feedback else []
        training = Training(data=at, work=work, examples=load(at, told), resume=resume, console=console)
        wide, tokenizer = training.base(BASE)
        base = training.narrowed(wide, tokenizer, NARROWED, INNER)
        network = training.finish(base, tokenizer, FINISH, SETTLED)
        folds = training.folds(base, tokenizer, FOLD, kfold) if kfold else {}
        console.print_json(json.dumps(folds))
        made = work / "model" if with_feedback else out
        publish(training, network, tokenizer, made, name=NAME, folds=folds)
        scored = [each for each in training.of("validation") if not each.source.startswith(UNSCORED)]
        if with_feedback and not ship(made, out, thinned(scored, MOST), console):
            raise typer.Exit(1)
    except (BadModel, BadData) as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
