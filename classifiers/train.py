"""`python -m classifiers.train`: makes the model that ships, from the pretrained encoder to its card."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifiers.base import BadModel
from classifiers.training.data import BadData, folder, load

NAME = "complaints-multilingual"


def main(
    data: Annotated[Path | None, typer.Option(help="Folder of the external files (or COMPLAINT_DATA).")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the finished model.")] = Path("classifiers/model"),
    work: Annotated[Path, typer.Option(help="Folder for checkpoints and what can be used again.")] = Path("build"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on from what the work folder holds.")] = False,
    kfold: Annotated[int, typer.Option(help="Also cross-validate on the complaint corpus, in so many folds.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Processor cores; all of them if not told.")] = None,
) -> None:
    """Trains the model in two stages, exports it in eight bits and writes its card.

    The first teaches everything but the English complaint corpus, so that cross-validation can start from there; the
    second adds it. About an hour on two idle cores with five folds. A run that was stopped goes on with --resume and
    ends with the same weights.

    Example: python -m classifiers.train --data DIR --kfold 5 --resume
    """
    import torch

    from classifiers.training.finish import publish
    from classifiers.training.stages import BASE, FINISH, FOLD, Training

    console = Console()
    if threads:
        torch.set_num_threads(threads)
    try:
        at = folder(data)
        training = Training(data=at, work=work, examples=load(at), resume=resume, console=console)
        base, tokenizer = training.base(BASE)
        network = training.finish(base, tokenizer, FINISH)
        folds = training.folds(base, tokenizer, FOLD, kfold) if kfold else {}
        console.print_json(json.dumps(folds))
        publish(training, network, tokenizer, out, name=NAME, folds=folds)
    except (BadModel, BadData) as error:
        Console(stderr=True).print(f"[red]{error}[/red]")
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
