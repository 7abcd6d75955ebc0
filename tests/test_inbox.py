"""Stories of the inbox over HTTP: who may come in, what they see and do, and what strangers can't make it do."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import update

from alerts import case as moves
from alerts.base import Alert
from alerts.case import State
from alerts.hours import Hours
from connectors.base import Broken
from monitor import accounts
from monitor.accounts import Refused, Role
from monitor.app import App
from monitor.inbox import Filter, counts, entries
from monitor.schema import cases, mentions
from monitor.store import Store
from monitor.web.look import LONGEST_POST, marked
from tests.databases import fresh
from tests.desk import NOON, Desk, minutes
from tests.inbox import PASSWORD, Inbox, desk_at, joined_at
from tests.test_joins import elsewhere
from tests.weeks import Weeks


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(desk_at(tmp_path)) as made:
        yield made


def listed(answer: httpx.Response) -> list[int]:
    """The cases in the list, from top to bottom."""
    assert answer.status_code == 200, answer.text
    return [int(number) for number in re.findall(r'id="case-(\d+)"', answer.text)]


def told(desk: Desk, channel: str) -> list[Alert]:
    """The cases that a channel heard of, in turn."""
    shown = (letter.shown[-1] for letter in desk.paper(channel).letters)
    return [alert for alert in shown if isinstance(alert, Alert)]


def number_of(desk: Desk, author: str) -> int:
    return next(story.case.id for story in desk.stories if story.case.author == author)


@pytest.fixture
def small_desk(tmp_path: Path) -> Desk:
    return Desk(fresh(tmp_path), tmp_path)


# What people see


def test_the_one_with_the_least_time_left_is_on_top(served: Inbox) -> None:
    page = served.person("kati").get("/")
    assert listed(page) == [number_of(served.desk, "tom"), number_of(served.desk, "mari")]
    assert "10 min late" in page.text
    assert "50 min left" in page.text


def test_the_tally_tells_how_the_team_stands(served: Inbox) -> None:
    kati = served.person("kati")
    kati.post(f"/cases/{number_of(served.desk, 'mari')}/answer")
    tally = re.findall(r"<b>(\d+)</b> ([a-z ]+)", kati.get("/").text)
    assert tally == [("1", "late"), ("1", "waiting"), ("1", "unclaimed"), ("1", "answered today")]


def test_a_case_shows_what_was_said_what_drove_the_verdict_and_what_happened(served: Inbox) -> None:
    tom = number_of(served.desk, "tom")
    post = next(post for post in served.desk.platform.posts if post.author == "tom")
    served.desk.post("We are sorry!", "lainepost", thread=post.thread_id, reply_to=post.external_id)
    served.desk.tick(after=1)
    page = served.person("kati").get(f"/cases/{tom}").text
    assert "<mark>=HYPERLINK broken phone</mark>" in page
    assert "90%" in page
    assert "We are sorry!" in page
    assert "@lainepost replied on the platform" in page


def test_the_sources_page_tells_what_is_wrong(served: Inbox) -> None:
    kati = served.person("kati")
    assert "Nothing is late, failing or silent." in kati.get("/sources").text
    served.desk.platform.broken = [Broken(where="p<7>", why="no text")]
    served.desk.tick(1)
    served.desk.clock.forward(30)
    page = kati.get("/sources").text
    assert "chat" in page
    assert "p&lt;7&gt;" in page
    assert "no text" in page
    assert "Nothing is late" not in page


def test_a_page_that_is_not_there_says_so_kindly(served: Inbox) -> None:
    kati = served.person("kati")
    for path in ("/nowhere", "/cases/999"):
        answer = kati.get(path)
        assert answer.status_code == 404
        assert "There is no" in answer.text
    assert kati.get("/cases/first").status_code == 422
    assert kati.get("/?state=lost").status_code == 422


def test_what_drove_a_verdict_is_marked_whole_words_and_long_phrases_as_far_as_they_are_named() -> None:
    post = "So late! Someone charged me twice for <b>this</b>"
    assert marked(post, ("charged me tw…", "So")) == (
        "<mark>So</mark> late! Someone <mark>charged me tw</mark>ice for &lt;b&gt;this&lt;/b&gt;"
    )


# Filters and search, on both databases


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.post("my parcel is late", "mari", lang="en")
    desk.post("Kolmas pakike katki, broken", "jüri_tamm", lang="et")
    desk.post("late again, and broken", "tom", lang="en", ago=90)
    desk.tick()
    return desk


def found(desk: Desk, **wanted: str) -> list[str]:
    """The customers whose cases fit, by name."""
    return sorted(each.case.author for each in entries(desk.app.store, Filter(**wanted), desk.clock(), limit=50))


def test_every_filter_leaves_what_it_says(shop: Desk) -> None:
    shop.app.act(number_of(shop, "mari"), lambda case, now: moves.claim(case, "kati", now))
    assert found(shop) == ["jüri_tamm", "mari", "tom"]
    assert found(shop, state="late") == ["tom"]
    assert found(shop, state="claimed") == ["mari"]
    assert found(shop, state="open") == ["jüri_tamm", "tom"]
    assert found(shop, state="answered") == []
    assert found(shop, state="all", assignee="kati") == ["mari"]
    assert found(shop, assignee="-") == ["jüri_tamm", "tom"]
    assert found(shop, language="et") == ["jüri_tamm"]
    assert found(shop, platform="chat", brand="Lainepost") == ["jüri_tamm", "mari", "tom"]
    assert found(shop, platform="forum") == []
    elsewhere(shop, "still late, and now broken", "mari_maasikas", "forum")
    shop.tick(1)
    shop.app.join(number_of(shop, "mari"), number_of(shop, "mari_maasikas"), "kati")
    assert found(shop, platform="forum") == ["mari"], "the joined case is on both platforms"
    assert found(shop, platform="chat") == ["jüri_tamm", "mari", "tom"]
    assert found(shop, brand="Somebody else") == []
    assert found(shop, topic="delivery") == []


def test_words_are_found_by_their_beginnings_names_and_numbers_too(shop: Desk) -> None:
    assert found(shop, words="parc") == ["mari"]
    assert found(shop, words="BROKEN") == ["jüri_tamm", "tom"]
    assert found(shop, words="late broken") == ["tom"]
    assert found(shop, words="pakik") == ["jüri_tamm"]
    assert found(shop, words="jüri") == ["jüri_tamm"]
    assert found(shop, words=f"#{number_of(shop, 'tom')}") == ["tom"]
    assert found(shop, words="arcel") == []


@pytest.mark.parametrize("odd", ["'", '"', "*", "a* OR b", ":*", "!!", "\0", "NEAR(", "\\", "ö' | 'x", "#", "🤬", "_"])
def test_no_search_is_too_odd_to_be_answered(shop: Desk, odd: str) -> None:
    assert found(shop, words=odd + " zzz") == []
    assert isinstance(found(shop, words=odd), list)


def test_what_a_customer_changed_or_deleted_is_no_longer_found(shop: Desk) -> None:
    mine = next(post for post in shop.platform.posts if post.author == "mari")
    shop.edit(mine, "my jacket is late")
    shop.tick(after=60 * 25)
    assert found(shop, state="all", words="parcel") == []
    assert found(shop, state="all", words="jacket") == ["mari"]
    shop.platform.gone.add(mine.external_id)
    shop.tick(after=60 * 49)
    assert found(shop, state="all", words="jacket") == []


def test_words_of_posts_from_before_the_index_are_found_too(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'monitor.db'}")
    store.upgrade("0009")
    weeks = Weeks(store)
    weeks.case(NOON, text="my parcel is late")
    weeks.write()
    store.prepare()
    assert [entry.case.id for entry in entries(store, Filter(words="parcel"), NOON, limit=9)] == [1]
    store.close()


def test_a_long_list_is_turned_page_by_page(served: Inbox) -> None:
    kati = served.person("kati")
    first = kati.get("/?limit=1")
    assert len(listed(first)) == 1
    later = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert later
    second = kati.get(later[1].replace("&amp;", "&"))
    assert set(listed(first)) | set(listed(second)) == {1, 2}


# What people do


def test_a_snooze_until_opening_time_is_offered_where_people_rest(small_desk: Desk) -> None:
    office = Hours(zone=ZoneInfo("Europe/Tallinn"), week=(((540, 1020),),) * 7)
    ladder = replace(small_desk.config.ladders["default"], hours=office)
    small_desk.config = replace(small_desk.config, ladders={"default": ladder})
    small_desk.post("my parcel is late")
    with Inbox(small_desk) as served:
        small_desk.tick()
        kati = served.person("kati")
        assert "Snooze until opening time" in kati.get("/cases/1").text
        kati.post("/cases/1/snooze", data={"until_opening": "true"})
        assert small_desk.case.snoozed_until == datetime(2026, 11, 24, 7, tzinfo=UTC)


def test_a_case_goes_through_all_hands(served: Inbox) -> None:
    kati, rein = served.person("kati"), served.person("rein")
    mari = number_of(served.desk, "mari")
    for who, act, said in (
        (kati, "claim", {}),
        (kati, "assign", {"to": "rein"}),
        (rein, "snooze", {"minutes": "60"}),
        (rein, "dismiss", {"kind": "not_ours", "reason": "another shop's"}),
        (kati, "reopen", {}),
        (kati, "answer", {}),
    ):
        assert who.post(f"/cases/{mari}/{act}", data=said).headers["location"] == f"/cases/{mari}"
    told = kati.get(f"/cases/{mari}").text
    for line in (
        "kati claimed it", "kati gave it to rein", "rein snoozed it",
        "rein dismissed it as not ours: another shop&#39;s", "kati reopened it", "kati said that it is answered",
    ):  # fmt: skip
        assert line in told
    assert served.desk.kinds(mari)[-6:] == ["claimed", "assigned", "snoozed", "dismissed", "reopened", "answered"]


def test_another_matter_is_split_off_and_joined_again(served: Inbox) -> None:
    kati, desk = served.person("kati"), served.desk
    mari = number_of(desk, "mari")
    again = desk.post("still late, is anybody there", "mari", thread="elsewhere", ago=5)
    desk.tick(1)
    assert f'action="/cases/{mari}/split"' in kati.get(f"/cases/{mari}").text
    assert f'action="/cases/{mari}/split"' not in served.person("guest", Role.VIEWER).get(f"/cases/{mari}").text
    address = kati.post(f"/cases/{mari}/split", data={"post": again.external_id}).headers["location"]
    assert address != f"/cases/{mari}"
    assert "still late, is anybody there" in kati.get(address).text
    refused = kati.post(f"/cases/{mari}/split", data={"post": again.external_id})
    assert refused.status_code == 409
    assert "is no customer&#39;s post of case" in refused.text
    other = address.rpartition("/")[2]
    assert kati.post(f"/cases/{mari}/join", data={"case": other}).headers["location"] == f"/cases/{mari}"
    assert "still late, is anybody there" in kati.get(f"/cases/{mari}").text
    assert kati.post(f"/cases/{mari}/join", data={"case": str(mari)}).status_code == 409
    assert kati.post(f"/cases/{mari}/join", data={"case": "x"}).status_code == 422


def test_a_joined_case_says_in_the_list_on_which_platforms_it_is(served: Inbox) -> None:
    mari, _ = joined_at(served.desk)
    page = served.person("kati").get("/?platform=reddit")
    assert listed(page) == [mari]
    assert "u/mari_maasikas" in page.text
    assert "Lainepost · Chat, Reddit" in page.text


def test_another_matter_is_offered_only_where_it_can_be(served: Inbox) -> None:
    kati, desk = served.person("kati"), served.desk
    mari, _ = joined_at(desk)

    def offered() -> list[str]:
        return re.findall(
            r"Another matter<span class=.unseen.> is what (\S+) wrote on ([^<]+)<", kati.get(f"/cases/{mari}").text
        )

    assert offered() == [("u/mari_maasikas", "Reddit")], "the thread that the case began with stays"
    desk.app.split(mari, "p3", "rein")
    assert offered() == []
    desk.app.join(mari, number_of(desk, "mari_maasikas"), "rein")
    kati.post(f"/cases/{mari}/dismiss")
    assert offered() == [], "a dismissed case has to be reopened first"
    kati.post(f"/cases/{mari}/reopen")
    assert offered() == [("u/mari_maasikas", "Reddit")]


def test_a_case_that_became_part_of_another_leads_there_and_is_not_reopened_empty(served: Inbox) -> None:
    kati, desk = served.person("kati"), served.desk
    mari, other = joined_at(desk)
    page = kati.get(f"/cases/{other}").text
    assert f'rein joined it to <a href="/cases/{mari}">case {mari}</a>' in page
    assert f"/cases/{other}/reopen" not in page
    assert f'rein joined <a href="/cases/{other}">case {other}</a> to it' in kati.get(f"/cases/{mari}").text
    refused = kati.post(f"/cases/{other}/reopen")
    assert (refused.status_code, f"case {other} is part of another case now" in refused.text) == (409, True)
    before = len(desk.paper("managers").letters)
    desk.tick(29)
    desk.tick(31)
    assert {alert.key.split(":")[1] for alert in told(desk, "managers")[before:]} == {str(mari)}
    desk.app.split(mari, "p3", "kati")
    kati.post(f"/cases/{other}/dismiss")
    assert kati.post(f"/cases/{other}/reopen").status_code == 303, "split off again, it is a case like any other"


def test_a_case_of_another_brand_is_not_joined(served: Inbox) -> None:
    desk = served.desk
    mari, tom = number_of(desk, "mari"), number_of(desk, "tom")
    with desk.app.store.write() as connection:
        connection.execute(update(cases).where(cases.c.id == tom).values(brand="Põhjasild"))
    refused = served.person("kati").post(f"/cases/{mari}/join", data={"case": tom})
    assert refused.status_code == 409
    assert f"case {mari} is about Lainepost, case {tom} about Põhjasild" in refused.text


def test_who_comes_second_is_told_that_nothing_was_done(served: Inbox) -> None:
    kati, rein = served.person("kati"), served.person("rein")
    assert kati.post("/cases/1/claim").status_code == 303
    answer = rein.post("/cases/1/claim")
    assert answer.status_code == 409
    assert "Not done: case 1 is already claimed by kati." in answer.text


def test_many_who_claim_at_once_are_one_who_has_it(served: Inbox) -> None:
    kati = served.person("kati")
    answers: list[int] = []
    together = [
        threading.Thread(target=lambda: answers.append(kati.post("/cases/1/claim").status_code)) for _ in range(6)
    ]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert sorted(answers) == [303] + [409] * 5
    assert served.desk.kinds(1).count("claimed") == 1


def test_slack_shows_what_was_done_in_the_inbox(served: Inbox) -> None:
    served.person("kati").post("/cases/1/claim")
    served.desk.tick()
    shown = [letter.shown[-1] for letter in served.desk.paper("care").letters]
    assert "kati" in [alert.case.assignee for alert in shown]  # type: ignore[union-attr]


# Who may come in


def test_nobody_sees_anything_without_signing_in(served: Inbox) -> None:
    stranger = served.visitor()
    for path in ("/", "/cases/1", "/sources", "/people"):
        assert stranger.get(path).headers["location"].startswith("/sign-in")
    assert stranger.get("/live").status_code == 401
    assert stranger.post("/cases/1/claim").headers["location"] == "/sign-in"
    assert served.desk.kinds(1)[-1] != "claimed"


def test_after_signing_in_one_is_where_one_wanted_to_be(served: Inbox) -> None:
    stranger = served.visitor()
    asked = stranger.get(stranger.get("/cases/1?x=1").headers["location"])
    assert 'name="next" value="/cases/1?x=1"' in asked.text
    data = {"name": served.account("kati"), "password": PASSWORD, "next": "/cases/1?x=1"}
    assert stranger.post("/sign-in", data=data).headers["location"] == "/cases/1?x=1"


@pytest.mark.parametrize(
    "trap", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/x"]
)
def test_a_sign_in_leads_to_no_other_site(served: Inbox, trap: str) -> None:
    data = {"name": served.account("kati"), "password": PASSWORD, "next": trap}
    assert served.visitor().post("/sign-in", data=data).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(served: Inbox) -> None:
    served.account("kati")
    wrong, unknown = (
        served.visitor().post("/sign-in", data={"name": name, "password": "not the password"})
        for name in ("kati", "nobody")
    )
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text.replace("nobody", "kati")
    assert "set-cookie" not in wrong.headers


def test_who_guesses_has_to_wait_and_the_right_password_does_not_help(small_desk: Desk) -> None:
    store, now = small_desk.app.store, small_desk.clock
    accounts.add_user(store, "kati", Role.AGENT, now(), password=PASSWORD)
    for _ in range(accounts.TRIES_A_NAME):
        assert accounts.sign_in(store, "kati", "wrong password", "10.0.0.1", now()) is None
        now.forward(0.1)
    with Inbox(small_desk) as served:
        answer = served.visitor().post("/sign-in", data={"name": "kati", "password": PASSWORD})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 600
        now.forward(16)
        assert served.visitor().post("/sign-in", data={"name": "kati", "password": PASSWORD}).status_code == 303


def test_roles_reach_as_far_as_they_say(served: Inbox) -> None:
    viewer, agent, admin = (served.person(role, role) for role in (Role.VIEWER, Role.AGENT, Role.ADMIN))
    assert "/claim" not in viewer.get("/").text
    assert viewer.post("/cases/1/claim").status_code == 403
    assert viewer.post("/cases/1/join", data={"case": "2"}).status_code == 403
    assert viewer.post("/cases/1/split", data={"post": "p1"}).status_code == 403
    assert agent.post("/cases/1/claim").status_code == 303
    assert agent.get("/people").status_code == 403
    assert agent.post("/people/viewer", data={"role": "admin"}).status_code == 403
    assert admin.get("/people").status_code == 200


def test_an_admin_shuts_somebody_out_at_once(served: Inbox) -> None:
    kati, admin = served.person("kati"), served.person("rein", Role.ADMIN)
    assert kati.get("/").status_code == 200
    assert admin.post("/people/kati", data={"role": "viewer"}).status_code == 303
    assert kati.post("/cases/1/claim").status_code == 403
    assert admin.post("/people/kati/remove").status_code == 303
    assert kati.get("/").headers["location"] == "/sign-in"
    assert admin.post("/people/rein/remove").status_code == 409


def test_a_session_ends_by_itself_and_by_signing_out(served: Inbox) -> None:
    kati, rein = served.person("kati"), served.person("rein")
    cookie = kati.cookies["session"]
    kati.post("/sign-out")
    stolen = served.visitor(Cookie=f"session={cookie}")
    assert stolen.get("/").status_code == 303
    assert rein.get("/").status_code == 200
    served.desk.clock.forward(12 * 60)
    assert rein.get("/").status_code == 303


def test_a_new_password_ends_the_sessions_of_the_old_one(served: Inbox) -> None:
    kati = served.person("kati")
    accounts.change_user(served.desk.app.store, "kati", password="uus ja pikk salasõna")
    assert kati.get("/").status_code == 303


def test_the_link_that_is_printed_at_the_start_works_once(served: Inbox) -> None:
    assert served.server.link
    visitor, second = served.visitor(), served.visitor()
    assert "This link works once." in visitor.get(served.server.link.path).text
    assert visitor.post(served.server.link.path).status_code == 303
    assert visitor.get("/people").status_code == 200
    assert second.post(served.server.link.path).status_code == 401
    assert second.post("/sign-in/once/õ").status_code == 401


def test_the_link_grows_old(served: Inbox) -> None:
    assert served.server.link
    served.desk.clock.forward(11)
    assert served.visitor().post(served.server.link.path).status_code == 401


def test_no_secret_is_in_the_database(served: Inbox, tmp_path: Path) -> None:
    kati = served.person("kati")
    token = accounts.add_token(served.desk.app.store, "robot", [accounts.Scope.READ], NOON, minutes(5))
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("monitor.db*"))
    assert b"kati" in kept
    for secret in (kati.cookies["session"], token, PASSWORD):
        assert secret.encode() not in kept


def test_a_name_is_given_once_and_a_password_is_long(small_desk: Desk) -> None:
    store = small_desk.app.store
    accounts.add_user(store, "kati", Role.AGENT, NOON)
    for name, password, why in (
        ("kati", "", "already"),
        (" ", "", "plain"),
        ("x\0", "", "plain"),
        ("rein", "short", "12 to"),
    ):
        with pytest.raises(Refused, match=why):
            accounts.add_user(store, name, Role.AGENT, NOON, password=password)
    assert accounts.sign_in(store, "kati", "", "::1", NOON) is None


# What other sites and strangers can't do


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ""},
    ],
)
def test_another_site_can_not_act_in_somebodys_name(served: Inbox, headers: dict[str, str]) -> None:
    kati, before = served.person("kati"), served.desk.kinds(1)
    assert kati.post("/cases/1/claim", headers=headers).status_code == 403
    assert kati.post("/cases/1/join", data={"case": "2"}, headers=headers).status_code == 403
    assert kati.post("/cases/1/split", data={"post": "p1"}, headers=headers).status_code == 403
    assert served.desk.kinds(1) == before


def test_a_site_that_pretends_to_be_this_one_is_not_answered(served: Inbox) -> None:
    assert served.visitor().get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_pages_forbid_what_they_do_not_need_and_cookies_stay_home(small_desk: Desk) -> None:
    with Inbox(small_desk, public_url="https://inbox.example") as served:
        visitor = served.visitor(Host="inbox.example", Origin="https://inbox.example")
        answer = visitor.post("/sign-in", data={"name": served.account("kati"), "password": PASSWORD})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-session=")
        for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert word in cookie
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["strict-transport-security"]
        assert answer.headers["cache-control"] == "no-store"


def test_no_page_holds_script_or_style_of_its_own(served: Inbox) -> None:
    admin = served.person("kati", Role.ADMIN)
    for path in ("/", "/cases/1", "/sources", "/people", "/api/v1/", "/sign-in"):
        page = admin.get(path).text
        assert re.findall(r"<script(?! type=\"module\" src=)|<style| style=| on[a-z]+=", page) == []


def test_too_large_a_request_is_refused_however_it_is_sent(served: Inbox) -> None:
    kati = served.person("kati")
    assert kati.post("/cases/1/dismiss", data={"reason": "x" * 2_000_000}).status_code == 413
    pieces = (b"reason=" + b"x" * 100_000 for _ in range(20))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with pytest.raises(httpx.HTTPError):
        kati.post("/cases/1/dismiss", content=pieces, headers=form).raise_for_status()
    assert served.desk.kinds(1)[-1] != "dismissed"


HOSTILE = {
    "script": "late <script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover='x' {{7*7}}",
    "bidi": "late \u202egnp.exe\u2066 \u200f\u061c",
    "ten megabytes": "late " + "é" * 10_000_000,
    "surrogates": "late \ud800 \udfff",
    "nul and friends": "late \0 \x1b[31m \x85 \u2028",
    "zalgo": "late " + "a" + "\u0301" * 5000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_whatever_a_customer_wrote_is_only_text(small_desk: Desk, kind: str) -> None:
    words = HOSTILE[kind]
    small_desk.post(words, "<b>mari</b>\u202e")
    small_desk.tick()
    with Inbox(small_desk) as served:
        kati = served.person("kati")
        for path in ("/", "/cases/1", "/?q=late"):
            page = kati.get(path)
            assert page.status_code == 200
            assert "late" in page.text
            assert len(page.text) < LONGEST_POST * 10
            for harm in (
                "<script>alert",
                "<img src=x",
                "<b>mari",
                "\u202e",
                "\u2066",
                "\0",
                "\x1b",
                ">49<",
            ):
                assert harm not in page.text


def test_a_link_that_is_no_web_address_is_no_link(small_desk: Desk) -> None:
    small_desk.post("my parcel is late", "mari")
    small_desk.tick()
    with small_desk.app.store.write() as connection:
        connection.execute(mentions.update().values(url="javascript:alert(1)"))
    with Inbox(small_desk) as served:
        assert "javascript:" not in served.person("kati").get("/cases/1").text


# Live


def hears(client: httpx.Client, heard: Callable[[str], None], **headers: str) -> None:
    with client.stream("GET", "/live", headers=headers) as stream:
        for line in stream.iter_lines():
            heard(line)
            if line.startswith("data: "):
                return


def test_an_open_page_is_told_of_what_another_process_did(served: Inbox) -> None:
    kati = served.person("kati")
    pulse = re.search(r'data-pulse="([^"]+)"', kati.get("/").text)
    assert pulse
    lines: list[str] = []
    told, opened = threading.Event(), threading.Event()

    def heard(line: str) -> None:
        lines.append(line)
        opened.set()
        if line.startswith("data: "):
            told.set()

    thread = threading.Thread(target=hears, args=(kati, heard), kwargs={"Last-Event-ID": pulse[1]})
    thread.start()
    assert opened.wait(20)
    assert not told.is_set()
    other = App(served.desk.config, served.desk.clock)
    other.act(1, lambda case, now: moves.claim(case, "rein", now))
    other.close()
    assert told.wait(20)
    thread.join(20)
    assert "event: changed" in lines


def test_a_page_that_was_cut_off_hears_at_once_what_it_missed(served: Inbox) -> None:
    kati = served.person("kati")
    kati.post("/cases/1/claim")
    lines: list[str] = []
    hears(kati, lines.append, **{"Last-Event-ID": "1-1-1"})
    assert "event: changed" in lines


def test_counts_of_today_begin_at_midnight(small_desk: Desk) -> None:
    small_desk.post("late", "mari")
    small_desk.tick()
    small_desk.app.act(1, lambda case, now: moves.answer(case, "kati", now))
    store = small_desk.app.store
    assert counts(store, NOON, NOON - minutes(5)).answered_today == 1
    assert counts(store, NOON, NOON + minutes(5)).answered_today == 0
    assert small_desk.case.state is State.ANSWERED
