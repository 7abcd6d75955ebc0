"""The daemon, as systemd runs it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.slack_api import APP_TOKEN, CARE, TOKEN, SlackApi
from tests.servers.slack_person import press
from tests.test_slack import seen

ROOT = Path(__file__).parent.parent
CONFIG = """
database: sqlite:///{folder}/monitor.db
state: {folder}/state
brands: [{{name: Lainepost, keywords: [Lainepost], handles: {{file: [lainepost]}}}}]
sources: [{{name: export, type: file, path: {folder}/posts.jsonl, every: 1s}}]
classifier: {{type: onnx, threshold: 0.000001}}
channels: {{care: {channel}}}
ladders: {{default: {{target: 60m, steps: [{{after: 0m, channel: care}}]}}}}
"""


@contextmanager
def daemon(folder: Path, channel: str, more: str = "", **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The daemon with one complaint to find."""
    (folder / "config.yaml").write_text(CONFIG.format(folder=folder, channel=channel) + more)
    (folder / "posts.jsonl").write_text('{"id": "p1", "author": "mari", "text": "my parcel is late"}\n')
    command = [sys.executable, "-u", "-m", "monitor", "run", "--config", str(folder / "config.yaml")]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ) as process:
        yield process


def ended(process: subprocess.Popen[str]) -> str:
    """What the daemon said until it had ended, well, as it was told to."""
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "stopping" in said
    assert "Traceback" not in said
    return said


def test_the_daemon_alerts_by_itself_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with daemon(tmp_path, "{type: console}") as process:
        assert process.stdout is not None
        assert "Lainepost on File" in process.stdout.readline()
        ended(process)


def test_the_daemon_hears_who_claims_a_case_in_slack(tmp_path: Path) -> None:
    with SlackApi() as slack:
        channel = (
            f'{{type: slack, token: "${{TOKEN}}", channel: {CARE}, base_url: "{slack.url}", '
            'actions: {app_token: "${APP_TOKEN}"}}'
        )
        with daemon(tmp_path, channel, TOKEN=TOKEN, APP_TOKEN=APP_TOKEN) as process:
            slack.wait(lambda: slack.messages("care") and slack.sockets, "alert and socket", 60)
            assert slack.sockets
            slack.sockets.deliver(press("U0KATI0001", CARE, slack.messages("care")[0], "Claim"))
            slack.wait(lambda: "Claimed by  U0KATI0001" in seen(slack.messages("care")[0]), "claim", 60)
            said = ended(process)
    assert "socket mode: connected" in said
    assert TOKEN not in said
    assert APP_TOKEN not in said


def test_an_address_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, SlackApi() as slack:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        channel = (
            f'{{type: slack, token: "${{TOKEN}}", channel: {CARE}, base_url: "{slack.url}", '
            'actions: {signing_secret: "${SECRET}"}}'
        )
        with daemon(tmp_path, channel, f"desk: {{listen: {address}}}", TOKEN=TOKEN, SECRET="hunter2") as process:
            _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said.startswith(f"desk: listen: {address}: Address already in use")
    assert len(said.splitlines()) == 1
