"""Finds a model's folder: the one named, or a copy of the hub's in the local cache."""

import re
from pathlib import Path

from classifiers.base import BadModel

_PARTS = re.compile(r"[^/]+\.(json|txt|model|codes|tiktoken)")
_WEIGHTS = (
    re.compile(r"model(-\d+-of-\d+)?\.safetensors"),
    re.compile(r"pytorch_model(-\d+-of-\d+)?\.bin"),
)
"""The first kind that is there is fetched: the second is read only where a model comes in nothing else."""


def model_folder(name: str, revision: str | None) -> tuple[Path, str]:
    """The folder with the model's files and their revision: for the hub's the commit, for others as given or `local`.

    What the hub has is fetched once; while it can't be reached, the copy from before serves.
    Raises BadModel, which says what to do.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder, revision or "local"
    try:
        fetched = _from_hub(name, revision)
    except BadModel:
        raise
    except Exception as error:
        raise BadModel(f"the model {name} {_cure(error, revision)}") from error
    return fetched, fetched.name


def first_line(error: BaseException) -> str:
    """What an error says, at most 200 characters of it."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import HfApi, constants, hf_hub_download, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        listed = HfApi().model_info(name, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT).siblings or []
    except HFValidationError:
        raise
    except Exception as error:
        try:
            return Path(snapshot_download(name, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            raise error from None
    wanted = _wanted([file.rfilename for file in listed])
    if "config.json" not in wanted:
        raise BadModel(f"the model {name} has no config.json on the hub, so transformers can't read it: choose another")
    fetched = [hf_hub_download(name, file, revision=revision) for file in wanted]
    return Path(fetched[0]).parent


def _wanted(files: list[str]) -> list[str]:
    """What a classifier is made of: neither code nor the same weights in other formats."""
    weights = next((found for kind in _WEIGHTS if (found := [file for file in files if kind.fullmatch(file)])), [])
    return [*(file for file in files if _PARTS.fullmatch(file)), *weights]


def _cure(error: Exception, revision: str | None) -> str:
    """What is wrong and what to do about it, as the end of a sentence."""
    from huggingface_hub import constants, errors

    login = "log in with `hf auth login` or set HF_TOKEN"
    if isinstance(error, errors.HFValidationError):
        return "is neither a folder that exists nor a name on the hub, as organisation/model: correct classifier.model"
    if isinstance(error, errors.GatedRepoError):
        return f"is open only to those who accepted its terms: accept them on its page on the hub, then {login}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"is neither a folder that exists nor open to all on the hub: correct classifier.model, or {login}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"has no revision {revision!r} on the hub: correct classifier.revision or leave it out"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "is neither a folder that exists nor in the cache, and HF_HUB_OFFLINE forbids to fetch it: unset it once"
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        what = f"correct or unset HF_TOKEN, or {login}" if status in (401, 403) else "try again later"
        return f"can't be fetched, the hub answers {status}: {what}"
    if isinstance(error, OSError) and error.errno:
        return f"can't be kept in the cache {constants.HF_HUB_CACHE} ({error.strerror}): make room there or set HF_HOME"
    return (
        f"can't be fetched, the hub {constants.ENDPOINT} can't be reached ({type(error).__name__}): see to the network "
        "or proxy, or copy the model here and give classifier.model its folder"
    )
