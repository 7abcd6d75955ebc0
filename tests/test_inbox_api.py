"""Stories of programs that use the API, and of strangers who try everything that its description allows."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import negative_data_rejection
from typer.testing import CliRunner

from alerts.case import Dismissal
from connectors.base import Broken
from monitor.accounts import Scope
from monitor.cli.program import cli
from tests.inbox import Inbox, desk_at, joined_at


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(desk_at(tmp_path)) as made:
        yield made


def test_a_program_reads_what_people_see(served: Inbox) -> None:
    robot = served.program(Scope.READ)
    first, second = robot.get("/cases").json()["cases"]
    assert (first["author"], first["seconds_left"], first["breached"]) == ("tom", -600, True)
    assert (second["author"], second["language"], second["followers"]) == ("mari", "en", 12)
    story = robot.get(f"/cases/{second['id']}").json()
    assert story["complaints"][0]["why"] == ["my parcel is late, where is it"]
    assert story["timeline"][0]["words"] == "mari complained"
    assert robot.get("/counts").json() == {"waiting": 2, "late": 1, "unclaimed": 2, "answered_today": 0}
    assert robot.get("/sources").json()[0]["name"] == "chat"
    assert robot.get("/audit").json() == []
    served.desk.platform.broken = [Broken(where="p7", why="no text")]
    served.desk.tick(1)
    (left_out,) = robot.get("/left-out").json()
    assert (left_out["source"], left_out["place"], left_out["why"]) == ("chat", "p7", "no text")
    assert [case["author"] for case in robot.get("/cases?q=parc").json()["cases"]] == ["mari"]


def test_pages_follow_each_other_to_the_end(served: Inbox) -> None:
    robot = served.program(Scope.READ)
    first = robot.get("/cases?limit=1").json()
    second = robot.get(f"/cases?limit=1&offset={first['next_offset']}").json()
    assert second["next_offset"] is None
    assert {case["author"] for case in first["cases"] + second["cases"]} == {"mari", "tom"}


def test_what_a_program_does_stands_in_the_timeline_under_its_name(served: Inbox) -> None:
    robot = served.program(Scope.READ, Scope.ACT, name="helpdesk")
    assert robot.post("/cases/1/claim").json()["assignee"] == "helpdesk"
    assert robot.post("/cases/1/assign", json={"to": "kati"}).json()["assignee"] == "kati"
    assert robot.post("/cases/1/snooze", json={"minutes": 30}).json()["snoozed_until"]
    said = {"kind": Dismissal.DUPLICATE, "reason": "see case 2"}
    assert robot.post("/cases/1/dismiss", json=said).json()["state"] == "dismissed"
    assert robot.post("/cases/1/reopen").json()["state"] == "open"
    answered = robot.post("/cases/1/answer").json()
    assert answered["stopped_by"] == "person"
    assert answered["timeline"][-1]["words"] == "helpdesk said that it is answered"


def test_a_program_splits_a_case_and_joins_it_again(served: Inbox) -> None:
    robot, desk = served.program(Scope.READ, Scope.ACT, name="helpdesk"), served.desk
    again = desk.post("still late, is anybody there", "mari", thread="elsewhere", ago=5)
    desk.tick(1)
    (mari,) = (case["id"] for case in robot.get("/cases").json()["cases"] if case["author"] == "mari")
    new = robot.post(f"/cases/{mari}/split", json={"post": again.url}).json()
    assert (new["id"] != mari, [post["text"] for post in new["complaints"]]) == (True, ["still late, is anybody there"])
    whole = robot.post(f"/cases/{mari}/join", json={"case": new["id"]}).json()
    assert (whole["id"], len(whole["complaints"])) == (mari, 2)
    assert robot.post("/cases/77/join", json={"case": mari}).status_code == 404
    assert robot.post(f"/cases/{mari}/join", json={"case": 77}).status_code == 409
    assert robot.post(f"/cases/{mari}/split", json={"post": "nowhere"}).status_code == 409
    assert robot.post(f"/cases/{mari}/split", json={"post": " "}).status_code == 422


def test_a_post_is_split_off_by_its_number_whatever_ids_its_platform_gives(served: Inbox) -> None:
    robot, desk = served.program(Scope.READ, Scope.ACT), served.desk
    for number, text in enumerate(("late here too", "late there too"), 1):
        desk.post(text, "mari", thread=f"elsewhere {number}", external_id=str(5 - number))
    desk.tick(1)
    (case,) = robot.get("/cases?q=there").json()["cases"]
    posts = robot.get(f"/cases/{case['id']}").json()["complaints"]
    (post,) = (each for each in posts if each["text"] == "late there too")
    assert post["id"] != str(post["number"]) in [each["id"] for each in posts], "a number that is another one's id"
    new = robot.post(f"/cases/{case['id']}/split", json={"post": str(post["number"])}).json()
    assert [each["text"] for each in new["complaints"]] == ["late there too"]


def test_a_joined_case_is_found_and_exported_under_each_of_its_platforms(served: Inbox) -> None:
    robot = served.program(Scope.READ)
    mari, _ = joined_at(served.desk)
    for platform in ("chat", "reddit"):
        (case,) = (each for each in robot.get(f"/cases?platform={platform}").json()["cases"] if each["id"] == mari)
        assert (case["platform"], case["platforms"]) == ("chat", ["chat", "reddit"])
    (row,) = csv.DictReader(io.StringIO(robot.get("/cases.csv?platform=reddit").text))
    assert row["platforms"] == "chat, reddit"


def test_a_program_is_told_why_nothing_was_done(served: Inbox) -> None:
    robot = served.program(Scope.READ, Scope.ACT)
    robot.post("/cases/1/answer")
    answer = robot.post("/cases/1/claim")
    assert (answer.status_code, "reopen it first" in answer.json()["detail"]) == (409, True)
    assert robot.post("/cases/77/claim").status_code == 404
    assert robot.get("/cases/77").status_code == 404
    assert robot.post("/cases/2/snooze", json={"minutes": 0}).status_code == 422
    around_the_clock = robot.post("/cases/2/snooze", json={"until_opening": True})
    assert (around_the_clock.status_code, "no opening time" in around_the_clock.json()["detail"]) == (409, True)
    assert robot.post("/cases/2/assign", json={"to": " "}).status_code == 422
    lone = robot.post("/cases/2/assign", content=b'{"to": "\\ud800"}', headers={"Content-Type": "application/json"})
    assert lone.status_code < 500


@pytest.mark.parametrize("slip", ["/cases?brnd=Lainepost", "/cases.csv?limit=1", "/cases?limit=x", "/counts?brand=x"])
def test_a_slip_in_a_question_is_told_rather_than_overlooked(served: Inbox, slip: str) -> None:
    answer = served.program(Scope.READ).get(slip)
    assert (answer.status_code, bool(answer.json()["detail"])) == (422, True)


def test_a_token_opens_what_its_scopes_say_and_nothing_else(served: Inbox) -> None:
    reader, doer = served.program(Scope.READ), served.program(Scope.ACT, name="doer")
    assert reader.post("/cases/1/claim").status_code == 403
    assert doer.get("/cases").status_code == 403
    assert doer.post("/cases/1/claim").status_code == 200
    for wrong in ("Bearer cmt_wrong", "Basic x", ""):
        answer = reader.get("/cases", headers={"Authorization": wrong})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    served.desk.clock.forward(60)
    assert reader.get("/cases").status_code == 401


def test_being_signed_in_opens_no_api(served: Inbox) -> None:
    assert served.person("kati").get("/api/v1/cases").status_code == 401


def test_an_export_has_a_line_for_every_case_and_no_formula(served: Inbox) -> None:
    answer = served.program(Scope.READ).get("/cases.csv?state=all")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["author"] for row in rows} == {"mari", "tom"}
    assert {row["text"][:2] for row in rows} == {"my", "'="}


def test_the_description_can_be_read_by_people(served: Inbox) -> None:
    page = served.visitor().get("/api/v1/").text
    for words in ("POST /api/v1/cases/{case_id}/claim", "Takes the case", "seconds_left", "Beginnings of words"):
        assert words in page


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_one_that_the_description_promises(served: Inbox, mode: GenerationMode) -> None:
    token = served.program(Scope.READ, Scope.ACT).headers["Authorization"]
    description = schemathesis.openapi.from_url(f"{served.url}/api/v1/openapi.json")
    tried = set()
    for found in description.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def try_it(case: schemathesis.Case) -> None:
            # What breaks the description may be lost on the way (an empty list in a query, the token put in here).
            case.call_and_validate(headers={"Authorization": token}, excluded_checks=[negative_data_rejection])
            tried.add(case.operation.label)

        try:
            try_it()
        except Unsatisfiable:  # nothing about this call can be wrong
            assert mode is GenerationMode.NEGATIVE
    assert len(tried) >= (12 if mode is GenerationMode.POSITIVE else 8)


def test_accounts_and_tokens_are_made_on_the_command_line(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(
        f"database: sqlite:///{tmp_path}/monitor.db\nstate: {tmp_path}/state\n"
        "brands: [{name: Lainepost, keywords: [Lainepost]}]\n"
        f"sources: [{{name: export, type: file, path: {tmp_path}/posts.jsonl}}]\n"
        "classifier: {type: onnx}\nchannels: {care: {type: console}}\n"
        "ladders: {default: {target: 60m, steps: [{after: 0m, channel: care}]}}\n"
    )

    def monitor(words: str, *, typed: str = "", status: int = 0) -> str:
        result = CliRunner().invoke(cli, [*words.split(), "--config", str(config)], input=typed)
        assert result.exit_code == status, result.output
        return result.output

    password = "kolm väikest põrsakest"
    assert "kati may sign in" in monitor("user add kati --role agent --password-stdin", typed=password + "\n")
    assert "rein may sign in" in monitor("user add rein --role viewer", typed=f"{password}\n{password}\n")
    assert "already" in monitor("user add kati --password-stdin", typed=password + "\n", status=1)
    assert "12 to" in monitor("user add mari --password-stdin", typed="short\n", status=1)
    monitor("user add mari --role boss --password-stdin", typed=password, status=2)
    monitor("user role rein admin")
    monitor("user password kati --password-stdin", typed=password[::-1] + "\n")
    assert monitor("user list").split() == ["agent", "kati", "admin", "rein"]
    monitor("user remove kati")
    assert "no account" in monitor("user remove kati", status=1)
    secret = monitor("token add bi --scope read --days 30").strip()
    assert secret.startswith("cmt_")
    assert "bi: read" in monitor("token list")
    assert secret not in monitor("token list")
    monitor("token add other --scope everything", status=2)
    monitor("token remove bi")
    assert monitor("token list") == ""
