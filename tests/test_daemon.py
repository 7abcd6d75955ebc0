"""The daemon, as systemd runs it."""

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONFIG = """
database: sqlite:///{folder}/monitor.db
state: {folder}/state
brands: [{{name: Lainepost, keywords: [Lainepost], handles: {{file: [lainepost]}}}}]
sources: [{{name: export, type: file, path: {folder}/posts.jsonl, every: 1s}}]
classifier: {{type: onnx, threshold: 0.000001}}
channels: {{care: {{type: console}}}}
ladders: {{default: {{target: 60m, steps: [{{after: 0m, channel: care}}]}}}}
"""


def test_the_daemon_alerts_by_itself_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.format(folder=tmp_path))
    (tmp_path / "posts.jsonl").write_text('{"id": "p1", "author": "mari", "text": "my parcel is late"}\n')
    command = [sys.executable, "-u", "-m", "monitor", "run", "--config", str(tmp_path / "config.yaml")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        assert "Lainepost on File" in daemon.stdout.readline()
        daemon.send_signal(signal.SIGTERM)
        _, said = daemon.communicate(timeout=60)
    assert daemon.returncode == 0
    assert "stopping" in said
    assert "Traceback" not in said
