"""A model named in one line comes from the hub once, and whatever keeps it away is told with its cure."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.hub import Hub, Repository, model_hub
from tests.tiny_models import save_model

ROOT = Path(__file__).parents[1]
SHIPPED = (ROOT / "config.yaml").read_text("utf-8")
FETCH = """
import json, sys
from classifiers._hub import model_folder
from classifiers.base import BadModel
for line in sys.stdin:
    name, revision = json.loads(line)
    try: folder, known = model_folder(name, revision)
    except BadModel as error: print(json.dumps(str(error)))
    else: print(json.dumps([known, sorted(path.name for path in folder.iterdir())]))
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with model_hub() as hub:
        yield hub


def surroundings(home: Path, hub: Hub, **more: str) -> dict[str, str]:
    keep = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    return (
        keep
        | {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_ETAG_TIMEOUT": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        | more
    )


def fetch(home: Path, hub: Hub, *names: str | tuple[str, str], **more: str) -> list[Any]:
    """For each name what `model_folder` says, in a process that knows the hub's address from its start."""
    asked = "".join(json.dumps((name, None) if isinstance(name, str) else name) + "\n" for name in names)
    done = subprocess.run(
        [sys.executable, "-c", FETCH],
        cwd=ROOT,
        env=surroundings(home, hub, **more),
        input=asked,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_line_of_configuration_is_enough_and_the_hub_is_needed_once(tmp_path: Path, hub: Hub) -> None:
    (model := tmp_path / "model").mkdir()
    save_model(model, "xlm-roberta")
    hub.publish("baltic/feelings", model, README__md=b"#", own__py=b"1/0", tf_model__h5=b"0", pytorch_model__bin=b"0")
    config = tmp_path / "config.yaml"
    line = "classifier: {type: transformer, model: baltic/feelings}"
    config.write_text(SHIPPED.replace("classifier:\n  type: onnx", line), "utf-8")
    command = [sys.executable, "-m", "monitor", "classify", "Kus mu pakk on?", "--config", str(config)]
    around = surroundings(tmp_path / "home", hub, HF_TOKEN="hf_secret")
    first = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True)
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["sentiment"] in ("negative", "neutral", "positive")
    assert sorted(hub.fetched) == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert not hub.strangers
    assert not hub.leaked
    hub.models["baltic/feelings"].status = 503
    second = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True)
    assert second.stdout == first.stdout, second.stderr


def test_only_what_a_classifier_needs_is_fetched(tmp_path: Path, hub: Hub) -> None:
    needed = {"config.json", "merges.txt", "sentencepiece.bpe.model", "bpe.codes"}
    ballast = {"README.md", "run.py", "optimizer.pt", "training_args.bin", "model.fp16.safetensors", "onnx/model.onnx"}
    hub.models["shop/sharded"] = Repository(
        dict.fromkeys(
            needed | ballast | {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}, b"{}"
        )
    )
    hub.models["shop/older"] = Repository(dict.fromkeys(needed | ballast | {"pytorch_model.bin"}, b"{}"))
    sharded, older = fetch(tmp_path, hub, "shop/sharded", ("shop/older", "main"))
    assert set(sharded[1]) == needed | {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
    assert set(older[1]) == needed | {"pytorch_model.bin"}
    assert sharded[0] == hub.models["shop/sharded"].commit
    [[commit, _], missing] = fetch(tmp_path, hub, "shop/older", "shop/unknown", HF_HUB_OFFLINE="1")
    assert commit == hub.models["shop/older"].commit
    assert missing.startswith(
        "the model shop/unknown is neither a folder that exists nor in the cache, and HF_HUB_OFFLI"
    )


def test_whatever_keeps_a_model_away_is_told_in_one_line_with_its_cure(tmp_path: Path, hub: Hub) -> None:
    files = {"config.json": b"{}", "model.safetensors": b""}
    hub.models |= {
        "shop/gated": Repository(files, gated=True),
        "shop/private": Repository(files, private=True),
        "shop/busy": Repository(files, status=429),
        "shop/forbidden": Repository(files, status=403),
        "shop/silent": Repository(files, hangs=True),
        "shop/old": Repository(files),
        "shop/pictures": Repository({"model.onnx": b""}),
    }
    expected = {
        "shop/nobody": "is neither a folder that exists nor open to all on the hub: correct classifier.model, or log",
        "models/mine/v2": "is neither a folder that exists nor a name on the hub, as organisation/model: correct",
        "shop/gated": "is open only to those who accepted its terms: accept them on its page on the hub, then log in",
        "shop/private": "is neither a folder that exists nor open to all on the hub: correct classifier.model, or log",
        "shop/busy": "can't be fetched, the hub answers 429: try again later",
        "shop/forbidden": "can't be fetched, the hub answers 403: correct or unset HF_TOKEN",
        "shop/silent": f"can't be fetched, the hub {hub.url} can't be reached (ReadTimeout): see to the network",
        "shop/old": "has no revision 'v9' on the hub: correct classifier.revision or leave it out",
        "shop/pictures": "has no config.json on the hub, so transformers can't read it: choose another",
    }
    said = fetch(tmp_path, hub, *(name if name != "shop/old" else (name, "v9") for name in expected))
    for (name, problem), line in zip(expected.items(), said, strict=True):
        assert line.startswith(f"the model {name} {problem}"), line
        assert "\n" not in line


def test_a_wrong_token_and_a_full_disk_are_told_too(tmp_path: Path, hub: Hub) -> None:
    hub.models["shop/private"] = Repository({"config.json": b"{}"}, private=True)
    hub.models["shop/open"] = Repository({"config.json": b"{}"})
    [refused] = fetch(tmp_path / "a", hub, "shop/private", HF_TOKEN="hf_secret")
    assert "the hub answers 401: correct or unset HF_TOKEN" in refused
    assert "hf_secret" not in refused
    (tmp_path / "file").touch()
    [full] = fetch(tmp_path / "file", hub, "shop/open")
    assert "can't be kept in the cache" in full
    assert "set HF_HOME" in full


def test_without_a_network_the_folder_is_the_way_out(tmp_path: Path) -> None:
    with model_hub() as gone:
        pass
    [line] = fetch(tmp_path, gone, "shop/open")
    assert line.startswith(f"the model shop/open can't be fetched, the hub {gone.url} can't be reached (ConnectError)")
    assert "copy the model here and give classifier.model its folder" in line
