"""Stories of who is on call, asked and changed in Slack; and of a team whose channel speaks Estonian."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor import rota
from tests.care_team import LIIS, NIGHT, ask, fill_in, go_home, message, said_to, shows, strict_slack, team_over_sockets
from tests.care_team import click as press
from tests.desk import Desk
from tests.servers.local_slack import KATI, REIN
from tests.servers.slack_api import LEADS, SlackApi
from tests.servers.slack_person import labels
from tests.test_slack import seen

DAY = replace(NIGHT, name="day", people=(LIIS,))


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with strict_slack() as server:
        yield server


@pytest.fixture
def team(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    with team_over_sockets(tmp_path, slack, rotations={"night": NIGHT}) as made:
        yield made


def test_who_is_on_call_is_said_with_until_when(slack: SlackApi, team: Desk) -> None:
    answer = ask(slack, KATI, "on-call")
    assert answer["text"] == "On call now"
    assert f"*night* · <@{KATI}> until <!date^" in seen(answer)


@pytest.mark.parametrize("until", ["until 18:00", "18:00", "until 2026-11-23 18:00", "4h", "Until 4h"])
def test_somebody_is_put_on_call_until_then(slack: SlackApi, team: Desk, until: str) -> None:
    answer = ask(slack, KATI, f"on-call <@{REIN}|rein.rand> {until}")
    assert answer["text"] == "Done: on call now"
    assert f"<@{REIN}>, standing in until" in seen(answer)
    turn = rota.on_call(team.app.store, NIGHT, team.clock())
    assert (turn.who, turn.until.hour) == (REIN, 16)


def test_of_several_rotations_one_must_be_named(slack: SlackApi, tmp_path: Path) -> None:
    with team_over_sockets(tmp_path, slack, rotations={"night": NIGHT, "day": DAY}) as team:
        shown = seen(ask(slack, KATI, "on-call"))
        assert f"*night* · <@{KATI}> until" in shown
        assert f"*day* · <@{LIIS}> until" in shown
        assert ask(slack, KATI, f"on-call <@{REIN}> 4h")["text"] == "In which rotation? There is night or day."
        assert "`/complaints on-call night @… until 18:00`" in seen(ask(slack, KATI, f"on-call noon <@{REIN}> 4h"))
        ask(slack, KATI, f"on-call day <@{REIN}> 4h")
        assert rota.on_call(team.app.store, DAY, team.clock()).who == REIN
        assert rota.on_call(team.app.store, NIGHT, team.clock()).who == KATI


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("@rein until 18:00", "Who shall be on call?"),
        (f"<@{REIN}>", "Until when?"),
        (f"<@{REIN}> until noon", "Until when?"),
        (f"<@{REIN}> until 2026-11-01 09:00", "Until when?"),
    ],
)
def test_what_can_not_be_understood_changes_nothing_and_says_how(
    slack: SlackApi, team: Desk, words: str, said: str
) -> None:
    answer = ask(slack, KATI, f"on-call {words}")
    assert answer["text"].startswith(said)
    assert "`/complaints on-call @… until 18:00`" in seen(answer)
    assert rota.on_call(team.app.store, NIGHT, team.clock()).who == KATI


def test_without_rotations_nobody_is_on_call(slack: SlackApi, tmp_path: Path) -> None:
    with team_over_sockets(tmp_path, slack):
        assert ask(slack, KATI, "on-call")["text"].startswith("Nobody is ever on call")


def test_an_address_a_channel_and_signs_are_searched_for_as_they_were_typed(slack: SlackApi, team: Desk) -> None:
    typed = "search <https://x.com/a|x.com/a> &amp; &lt;b&gt; <#C012AB3CD|general>"
    assert ask(slack, KATI, typed)["text"] == "No cases with “https://x.com/a &amp; &lt;b&gt; #general”"


# In the channel's language


@pytest.fixture
def estonians(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    with team_over_sockets(tmp_path, slack, language="et", rotations={"night": NIGHT}) as made:
        yield made


def test_a_case_is_answered_from_buttons_in_the_channels_language(slack: SlackApi, estonians: Desk) -> None:
    assert labels(message(slack))[:3] == ["Võtan endale", "Vastatud", "Pole kaebus"]
    press(slack, KATI, "Võtan endale")
    before = shows(slack, f"Tegeleb  {KATI} , alates  12:00 UTC")
    press(slack, REIN, "Anna kolleegile…", before)
    slack.wait(lambda: slack.forms, "form")
    assert slack.forms[0]["submit"]["text"] == "Anna üle"
    fill_in(slack, REIN, whom=LIIS)
    shows(slack, f"Tegeleb  {LIIS}  · andis  {REIN}")
    slack.wait(lambda: "*See juhtum on nüüd sinu käes*, andis" in str(slack.messages("care")[1:]), "call")
    press(slack, KATI, "Vastatud")
    shows(slack, "vastatud 1 min pärast")
    press(slack, REIN, "Vastatud", before)
    assert said_to(slack, REIN).startswith("Juba tehtud:\n✅ *Lainepost · Chat*")


def test_questions_are_answered_in_the_language_of_where_they_were_asked(slack: SlackApi, estonians: Desk) -> None:
    assert ask(slack, KATI)["text"] == "1 klient ootab"
    assert ask(slack, KATI, channel=LEADS)["text"] == "1 customer waits"
    assert "mediaanaeg esimese vastuseni" in seen(go_home(slack, KATI))
    assert "on-call [@… kuni 18:00]" in seen(ask(slack, KATI, "abi"))
    assert ask(slack, KATI, f"on-call <@{REIN}> kuni 18:00")["text"] == "Tehtud: praegu valves"


def test_the_managers_are_told_in_theirs(slack: SlackApi, estonians: Desk) -> None:
    estonians.tick(61)
    assert "tähtaeg möödas" in seen(message(slack))
    assert "target missed" in seen(message(slack, "leads"))
