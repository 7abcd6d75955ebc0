"""Stories of a care team's App Home in Slack: who waits, what is mine, and how the last days went."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts import case as moves
from connectors.base import Mention
from monitor.desk.figures import last_days
from tests.care_team import (
    GROUP,
    LIIS,
    OPEN,
    SOCKET,
    fill_in,
    go_home,
    press_home,
    sees,
    shows,
    strict_slack,
    team_over_sockets,
    told,
)
from tests.desk import Desk
from tests.servers.local_slack import KATI, REIN
from tests.servers.slack_api import SlackApi
from tests.servers.slack_person import labels, press_at_home, visit
from tests.test_slack import seen


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with strict_slack() as server:
        yield server


@pytest.fixture
def team(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    with team_over_sockets(tmp_path, slack) as made:
        yield made


def complain(desk: Desk, *texts: str, ago: float = 0) -> list[Mention]:
    found = [desk.post(text, f"customer{number}", ago=ago) for number, text in enumerate(texts)]
    desk.tick(1)
    return found


# What is seen


def test_my_cases_stand_before_those_of_everybody_else(slack: SlackApi, team: Desk) -> None:
    complain(team, "my fridge is late", "my lamp is broken", ago=9)
    team.app.act(3, lambda case, now: moves.claim(case, KATI, now))
    words = seen(go_home(slack, KATI))
    order = ["3 customers wait", "Yours", "my lamp", "Everybody else's", "my fridge", "my parcel"]
    assert [words.index(each) for each in order] == sorted(words.index(each) for each in order)
    assert "Yours" not in seen(go_home(slack, REIN))


def test_a_claim_at_home_is_shown_there_and_in_the_channel(slack: SlackApi, team: Desk) -> None:
    assert labels(go_home(slack, KATI)) == ["Refresh", *OPEN]
    after = press_home(slack, KATI, "Claim")
    assert after["blocks"][0]["text"]["text"].startswith("Done:\n🔵 *Lainepost on Chat*")
    assert labels(after) == ["Refresh", *OPEN[1:]]
    shows(slack, f"Claimed by  {KATI}")


def test_a_form_opened_at_home_returns_there(slack: SlackApi, team: Desk) -> None:
    told(slack, press_at_home(KATI, go_home(slack, KATI), "Not a complaint"))
    slack.wait(lambda: slack.forms, "form")
    slack.homes.clear()
    fill_in(slack, KATI, reason="<!channel> a joke")
    words = seen(sees(slack, KATI))
    assert "Nobody is waiting" in words
    assert "&lt;!channel&gt; a joke" in words


def test_who_was_slower_is_told_at_home(slack: SlackApi, team: Desk) -> None:
    go_home(slack, REIN)
    team.app.act(1, lambda case, now: moves.claim(case, KATI, now))
    assert "the case has moved on since" in seen(press_home(slack, REIN, "Claim"))


def test_refresh_shows_how_it_stands_now(slack: SlackApi, team: Desk) -> None:
    go_home(slack, KATI)
    team.app.act(1, lambda case, now: moves.answer(case, "Anna", now))
    assert "Nobody is waiting" in seen(press_home(slack, KATI, "Refresh"))


def test_a_long_queue_is_cut_and_says_so(slack: SlackApi, team: Desk) -> None:
    complain(team, *(f"parcel {number} is late" for number in range(20)))
    home = go_home(slack, KATI)
    assert "9 more: the slash command shows them all" in seen(home)
    assert labels(home).count("Claim") == 12


def test_only_the_group_sees_who_waits(slack: SlackApi, tmp_path: Path) -> None:
    with team_over_sockets(tmp_path, slack, replace(SOCKET, allowed=GROUP)):
        assert seen(go_home(slack, LIIS)).startswith(f"Only <!subteam^{GROUP}> may do this.")
        slack.groups[GROUP].append(LIIS)
        assert "1 customer waits" in seen(go_home(slack, KATI))


def test_the_messages_tab_is_none_of_ours(slack: SlackApi, team: Desk) -> None:
    told(slack, visit(REIN, tab="messages"), "events_api")
    go_home(slack, KATI)
    assert list(slack.homes) == [KATI]


def test_when_the_home_can_not_be_drawn_it_says_so(slack: SlackApi, team: Desk) -> None:
    slack.fault("views.publish", "status", status=503)
    assert seen(go_home(slack, KATI)).startswith("That did not work. Please ask again in a moment.")
    assert "1 customer waits" in seen(press_home(slack, KATI, "Try again"))


# The last days


def test_the_figures_count_everybody_who_complained(slack: SlackApi, team: Desk) -> None:
    complain(team, "late 1", "late 2", "late 3", "late 4")
    for number, wait in ((2, 19), (3, 20), (4, 40)):
        team.clock.forward(wait)
        team.app.act(number, lambda case, now: moves.answer(case, "Anna", now))
    team.app.act(5, lambda case, now: moves.dismiss(case, "Anna", now, "a joke"))
    words = seen(go_home(slack, KATI))
    for fact in ("*4*\ncomplaints in 7 days", "*50% (2 of 4)*", "*40 min*\nmedian first reply", "*1*\nstill without"):
        assert fact in words, fact


def test_last_weeks_complaints_and_those_of_other_brands_are_not_counted(team: Desk) -> None:
    now = team.clock()
    assert last_days(team.app.store, now).complaints == 1
    assert last_days(team.app.store, now, ["Lainepost"]).complaints == 1
    assert last_days(team.app.store, now, ["PõhjaNet"]).complaints == 0
    empty = last_days(team.app.store, now + timedelta(days=8))
    assert (empty.complaints, empty.in_time, empty.first_reply, empty.waiting) == (0, 0, None, 0)
