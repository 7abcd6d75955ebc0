"""The command line, as a care team and its cron use it: exit statuses, words for people, JSON for programs."""

import fcntl
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from monitor.cli.entrance import FAILED, MISCONFIGURED, OK
from monitor.cli.program import cli
from monitor.store import Store

ROOT = Path(__file__).parent.parent
COMMANDS = [
    "run", "tick", "check", "cases", "show", "claim", "answer", "dismiss", "snooze", "reopen", "audit", "filtered",
    "missed", "classify", "digest", "threshold", "quality", "feedback export", "demo", "db upgrade", "on-call show",
    "on-call set", "on-call clear", "serve", "user add", "user list", "user password", "user role", "user remove",
    "token add", "token list", "token remove",
]  # fmt: skip
CONFIG = """
database: {database}
state: {folder}/state
brands: [{{name: Lainepost, keywords: [Lainepost], handles: {{file: [lainepost]}}}}]
sources: [{{name: export, type: file, path: {folder}/posts.jsonl, every: 1s}}]
classifier: {{type: onnx, threshold: 0.000001}}
channels: {{care: {{type: console}}}}
ladders: {{default: {{target: 60m, steps: [{{after: 0m, channel: care}}, {{after: 60m, channel: care}}]}}}}
audit: {{channel: care}}
"""


class Office:
    """A folder with a configuration and an export of posts, and the command line at work in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "config.yaml"
        self.use(f"sqlite:///{folder / 'monitor.db'}")
        self.posts = folder / "posts.jsonl"
        self.posts.write_text('{"id": "p1", "author": "mari", "text": "my parcel is late"}\n')

    def use(self, database: str) -> None:
        self.database = database
        self.file.write_text(CONFIG.format(database=database, folder=self.folder))

    def monitor(self, *words: str) -> Result:
        """In this process: what a command leaves is an exit status, never a traceback."""
        result = CliRunner().invoke(cli, [*words, "--config", str(self.file)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def json(self, *words: str) -> Any:
        result = self.monitor(*words, "--json")
        return json.loads(result.stdout)

    def change(self, statement: str) -> None:
        """Behind the program's back."""
        store = Store(self.database)
        with store.write() as connection:
            connection.execute(text(statement))
        store.close()

    def process(
        self, *words: str, before: Callable[[], None] | None = None, **more: Any
    ) -> "subprocess.CompletedProcess[str]":
        """In a process of its own, as cron would start it."""
        return subprocess.run(
            [*PYTHON, *words, "--config", str(self.file)],
            cwd=ROOT, capture_output="stdout" not in more, text=True, timeout=120, preexec_fn=before, **more,
        )  # fmt: skip


PYTHON: Sequence[str] = (sys.executable, "-m", "monitor")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture(scope="session")
def _day_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an office that has ticked once: one open case."""
    yesterday = Office(tmp_path_factory.mktemp("yesterday"))
    assert yesterday.monitor("tick").exit_code == OK
    return yesterday.folder / "monitor.db"


@pytest.fixture
def busy(office: Office, _day_before: Path) -> Office:
    """An office with one open case."""
    shutil.copy(_day_before, office.folder / "monitor.db")
    return office


def test_a_tick_of_cron_finds_the_complaint_prints_the_alert_and_ends_well(office: Office) -> None:
    done = office.process("tick")
    assert (done.returncode, done.stderr) == (OK, "Done: collect 1, triage 1, escalate 1, deliver 1.\n")
    assert "my parcel is late" in done.stdout
    (case,) = office.json("cases")
    assert (case["author"], case["state"], case["posts"][0]["text"]) == ("mari", "open", "my parcel is late")
    assert case["alerted_at"] is not None


def test_a_failing_source_makes_the_tick_end_with_1_and_is_named(office: Office) -> None:
    office.posts.unlink()
    result = office.monitor("tick")
    assert result.exit_code == FAILED
    assert f"source export: {office.posts}: No such file or directory" in result.stderr
    report = office.json("tick")
    assert report["failures"] == []  # it is asked again later


def test_a_tick_leaves_the_work_to_another_that_is_still_running(office: Office) -> None:
    office.monitor("cases")
    with (office.folder / "state" / "tick.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = office.monitor("tick")
        assert result.exit_code == OK
        assert "Another tick is still running" in result.stderr
        assert office.json("cases") == []
    assert office.monitor("tick").exit_code == OK
    assert len(office.json("cases")) == 1


def test_check_names_the_model_and_the_database_and_gives_advice(office: Office) -> None:
    result = office.monitor("check")
    assert result.exit_code == OK
    assert "✓ model: complaints" in result.stdout
    assert "✓ database: sqlite:///" in result.stdout.replace("\n", "")
    assert "! delivery: has no fallback" in result.stdout


def test_check_online_says_which_part_does_not_work(office: Office) -> None:
    office.posts.unlink()
    result = office.monitor("check", "--online")
    assert result.exit_code == FAILED
    assert "✗ source export" in result.stdout
    assert "✓ channel care" in result.stdout
    parts = {row["part"]: row for row in office.json("check", "--online")}
    assert "No such file" in parts["source export"]["wrong"]


def test_the_queue_and_a_case_are_shown_to_people(busy: Office) -> None:
    assert "mari on file" in busy.monitor("cases").stdout
    shown = busy.monitor("show", "1").stdout
    for part in ("Case 1", "@mari", "my parcel is late", "mari complained", "care was told (step 1)"):
        assert part in shown
    assert "Nobody is waiting" in busy.monitor("cases", "--brand", "another").stdout
    assert "export" in busy.monitor("audit").stdout


def test_a_case_goes_through_all_hands_and_its_story_is_kept(busy: Office) -> None:
    for words, state in [
        (("claim", "1", "--by", "kadri"), "claimed"),
        (("snooze", "1", "--for", "20m", "--by", "kadri"), "claimed"),
        (("answer", "1", "--by", "kadri"), "answered"),
        (("reopen", "1", "--by", "jaan"), "open"),
        (("dismiss", "1", "--reason", "spam", "--by", "jaan"), "dismissed"),
    ]:
        result = busy.monitor(*words)
        assert (result.exit_code, result.stdout) == (OK, f"Case 1 is {state}.\n")
    case = busy.json("show", "1")
    assert (case["state"], case["stopped_by"], case["seconds_left"]) == ("dismissed", "dismissed", None)
    acted = [(event["kind"], event["actor"]) for event in case["timeline"] if event["actor"] in ("kadri", "jaan")]
    assert acted == [
        ("claimed", "kadri"), ("snoozed", "kadri"), ("answered", "kadri"), ("reopened", "jaan"), ("dismissed", "jaan"),
    ]  # fmt: skip
    assert case["timeline"][-1]["detail"] == {"reason": "spam"}
    assert "jaan dismissed it: spam" in busy.monitor("show", "1").stdout
    assert busy.json("cases") == []
    assert len(busy.json("cases", "--all")) == 1


def test_who_claims_second_is_told_who_was_first(busy: Office) -> None:
    busy.monitor("claim", "1", "--by", "kadri")
    result = busy.monitor("claim", "1", "--by", "jaan")
    assert (result.exit_code, result.stderr) == (FAILED, "Not done: case 1 is already claimed by kadri.\n")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("show", "7"), FAILED, "There is no case 7."),
        (("claim", "7", "--by", "kadri"), FAILED, "Not done: there is no case 7."),
        (("reopen", "1", "--by", "kadri"), FAILED, "Not done: case 1 is still open."),
        (("snooze", "1", "--for", "0", "--by", "kadri"), FAILED, "Not done: a snooze must end in the future."),
        (("snooze", "1", "--for", "soon"), MISCONFIGURED, "such as 90s"),
        (("snooze", "1", "--until-opening", "--by", "kadri"), FAILED, "has no opening hours"),
        (("claim", "0"), MISCONFIGURED, "greater than or equal to 1"),
        (("claim", "9" * 30), MISCONFIGURED, "less than or equal to 2147483647"),
        (("claim", "one"), MISCONFIGURED, "valid integer"),
        (("claim",), MISCONFIGURED, "Missing argument"),
        (("cases", "--limit", "0"), MISCONFIGURED, "greater than or equal to 1"),
    ],
)
def test_a_slip_of_the_fingers_is_told_in_words(busy: Office, words: tuple[str, ...], status: int, told: str) -> None:
    result = busy.monitor(*words)
    assert result.exit_code == status
    assert told in " ".join(result.stderr.replace("│", " ").split())


def test_names_that_no_alphabet_knows_are_kept_as_far_as_they_go(busy: Office) -> None:
    assert busy.monitor("claim", "1", "--by", "k\udcffri \x1b[31m").exit_code == OK
    shown = busy.monitor("show", "1").stdout
    assert "\x1b[31m" not in shown
    assert busy.json("show", "1")["assignee"] == "k\ufffdri \x1b[31m"
    assert "\x1b[31m" not in busy.monitor("cases").stdout


def test_a_login_without_a_name_is_asked_for_one(busy: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999)  # as in a container that knows no such user
    result = busy.monitor("claim", "1")
    assert result.exit_code == MISCONFIGURED
    assert "say who you are" in result.stderr
    monkeypatch.setenv("LOGNAME", "kadri")
    assert busy.monitor("claim", "1").exit_code == OK
    assert busy.json("show", "1")["assignee"] == "kadri"


def test_what_a_customer_wrote_cannot_colour_the_terminal(office: Office) -> None:
    post = {"author": "ma\x1b[31mri", "url": "https://a/\x1b]0;x", "text": "late \x1b[2J\u202e\x9b31m [red]!"}
    office.posts.write_text(json.dumps(post) + "\n")
    said = office.monitor("tick").stdout + office.monitor("cases").stdout + office.monitor("show", "1").stdout
    assert "late" in said
    assert "[red]!" in said
    assert not {"\x1b", "\x9b", "\u202e"} & set(said)


def test_the_audit_ends_with_1_when_somebody_was_not_told(busy: Office) -> None:
    assert busy.monitor("audit").exit_code == OK
    assert "nothing is late" in busy.monitor("audit").stdout
    busy.change("UPDATE cases SET posted_at = '2026-01-01 00:00:00', detected_at = '2026-01-01 00:00:00', round = 2")
    result = busy.monitor("audit")
    assert result.exit_code == FAILED
    assert "late step: case 1: step 1 was due" in result.stdout
    (finding, *_) = busy.json("audit")
    assert (finding["kind"], finding["subject"]) == ("late step", "case 1")


def test_a_line_that_can_not_be_read_is_told_with_its_number(office: Office) -> None:
    office.posts.write_text("".join(f"broken \x1b[31m {number}\n" for number in range(25)))
    result = office.monitor("tick")
    assert result.exit_code == OK
    told = result.stderr.splitlines()
    assert told[0] == "Left out: source export: line 1: not JSON: Expecting value: line 1 column 1 (char 0)"
    assert told[20:] == ["Left out: 5 more; `audit` lists them.", "Done: nothing was due."]
    audit = office.monitor("audit").stdout
    assert "left out: source export: line 25: not JSON" in audit
    assert "source export: line 5:" not in audit


def test_db_upgrade_brings_an_empty_database_to_the_schema_once(office: Office) -> None:
    assert "applied 0001" in " ".join(office.monitor("db", "upgrade").stdout.split())
    assert "nothing to do" in " ".join(office.monitor("db", "upgrade").stdout.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_by_its_help(command: str) -> None:
    result = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert result.exit_code == OK
    said = result.stdout
    assert "Usage:" in said
    first = next(line.strip() for line in said.splitlines()[2:] if line.strip())
    assert first.endswith((".", ":")) or len(first.split()) > 5, first


def test_the_overview_names_every_command() -> None:
    said = CliRunner().invoke(cli, ["--help"]).stdout
    assert [name for name in COMMANDS if name.split()[0] not in said] == []


@pytest.mark.parametrize("command", ["tick", "check", "cases", "audit", "run", "db upgrade", "classify"])
def test_without_a_configuration_every_command_says_so(tmp_path: Path, command: str) -> None:
    result = CliRunner().invoke(cli, [*command.split(), "--config", str(tmp_path / "nowhere.yaml")])
    assert result.exit_code == MISCONFIGURED
    assert result.stderr == f"{tmp_path}/nowhere.yaml:1: there is no such file; name another with --config\n"


def test_a_wrong_configuration_is_told_with_every_mistake(office: Office) -> None:
    wrong = office.file.read_text().replace("every: 1s", "every: soon").replace("60m, channel", "60, channel")
    office.file.write_text(wrong)
    result = office.monitor("tick")
    assert result.exit_code == MISCONFIGURED
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
        "sources.0.every", "ladders.default.steps.1.after",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["tick", "cases", "db upgrade"])
@pytest.mark.parametrize(
    ("database", "told"),
    [
        ("postgresql://care:hunter2@127.0.0.1:1/monitor", "can't be opened: connection"),
        ("sqlite:////proc/nowhere/monitor.db", "folder /proc/nowhere can't be made: No such file or directory"),
        ("sqlite:///{folder}", "can't be opened: unable to open database file"),
        ("sqlite:///{folder}/posts.jsonl", "can't be opened: file is not a database"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    office: Office, command: str, database: str, told: str
) -> None:
    office.posts.write_text("this is no database, whatever its name\n" * 200)
    office.use(database.format(folder=office.folder))
    result = office.monitor(*command.split())
    assert result.exit_code == MISCONFIGURED
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.stderr


def test_a_state_folder_that_cannot_be_made_is_told_in_one_line(office: Office) -> None:
    office.file.write_text(office.file.read_text().replace(f"{office.folder}/state", "/proc/nowhere"))
    result = office.monitor("tick")
    assert (result.exit_code, result.stderr) == (FAILED, "/proc/nowhere: No such file or directory\n")


def test_a_database_newer_than_the_program_is_left_alone(busy: Office) -> None:
    busy.change("UPDATE alembic_version SET version_num = '0999'")
    for command in ("tick", "cases", "db upgrade"):
        result = busy.monitor(*command.split())
        assert result.exit_code == MISCONFIGURED
        assert "has schema 0999, newer than this program knows" in result.stderr
        assert "upgrade the program" in result.stderr


def test_a_full_disk_ends_the_tick_with_a_word_and_the_next_one_goes_on(office: Office) -> None:
    office.monitor("cases")
    rows = [json.dumps({"id": f"q{number}", "text": "late " * 2000}) for number in range(30)]
    office.posts.write_text("\n".join(rows) + "\n")

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    done = office.process("tick", before=no_room)
    assert done.returncode == FAILED
    assert "disk I/O error" in done.stderr or "disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    office.change("UPDATE sources SET next_poll_at = '2026-01-01 00:00:00'")
    assert office.monitor("tick").exit_code == OK
    assert len(office.json("cases")) == 30


@pytest.mark.parametrize("words", [("cases", "--json"), ("show", "1"), ("tick",)])
def test_a_reader_that_goes_away_gets_no_traceback(busy: Office, words: tuple[str, ...]) -> None:
    busy.posts.write_text(busy.posts.read_text() + '{"id": "p2", "text": "broken"}\n')
    reading, writing = os.pipe()
    os.close(reading)
    done = busy.process(*words, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == FAILED
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_full_output_is_told_in_one_line(busy: Office) -> None:
    with Path("/dev/full").open("w") as full:
        done = busy.process("cases", "--json", stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (FAILED, "input or output: No space left on device\n")


def test_a_terminal_that_lacks_letters_shows_their_numbers(busy: Office) -> None:
    done = busy.process("check", env=os.environ | {"PYTHONIOENCODING": "latin-1"})
    assert done.returncode == OK
    assert "\\u2713 model" in done.stdout
