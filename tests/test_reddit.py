"""What the care team can rely on when the brand is watched on Reddit."""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vcr import VCR
from vcr.request import Request

from connectors.base import Page, Permanent, Secret, Transient, Watch
from connectors.reddit import Options, Reddit
from tests.servers.reddit_api import Failure, RedditServer, reddit_server

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BRAND = Watch(brand="Kaup", keywords=("Kaup24",), handles=("brand_care",))
CASSETTES = Path(__file__).parent / "cassettes" / "reddit"


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now


@pytest.fixture(scope="module")
def host() -> Iterator[RedditServer]:
    with reddit_server() as server:
        yield server


@pytest.fixture
def reddit(host: RedditServer) -> RedditServer:
    return fresh(host)


@pytest.fixture
def clock() -> Time:
    return Time()


def fresh(host: RedditServer) -> RedditServer:
    """The server as on its first day, at the same address."""
    closing = host.closing
    host.__init__(url=host.url)  # type: ignore[misc]
    host.closing = closing
    return host


def connect(server: RedditServer, clock: Time, watch: Watch = BRAND, **more: Any) -> Reddit:
    told = {"subreddits": ("eesti", "tallinn"), "username": "brand_care", "password": Secret("hunter2"), **more}
    secret = Secret("app-secret-7")
    options = Options(client_id="id", client_secret=secret, base_url=server.url, timeout=0.5, **told)
    return Reddit(options, watch, clock=clock, state=Path())


class Poll:
    """All that polls brought, as the caller keeps it: by id, the latest text; the cursor saved page by page."""

    def __init__(self, connector: Reddit, cursor: dict[str, Any] | None = None) -> None:
        self.connector = connector
        self.cursor: dict[str, Any] = cursor or {}
        self.pages: list[Page] = []

    def page(self) -> Page:
        page = self.connector.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(page.cursor))
        self.pages.append(page)
        return page

    def run(self) -> "Poll":
        for _ in range(500):
            if not self.page().more:
                return self
        raise AssertionError("the poll does not end")

    @property
    def texts(self) -> dict[str, str]:
        return {m.external_id: m.text for page in self.pages for m in page.mentions}

    @property
    def broken(self) -> list[str]:
        return [f"{part.where}: {part.why}" for page in self.pages for part in page.broken]


@pytest.fixture
def poll(reddit: RedditServer, clock: Time) -> Iterator[Poll]:
    connector = connect(reddit, clock)
    yield Poll(connector)
    connector.close()


def test_a_complaint_in_a_subreddit_is_seen_with_all_that_the_care_team_needs(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Kaup24 ei vasta", "Ootan külmikut juba nädala", at=clock.pass_(minutes=-30), by="mari")
    reddit.submit("Ilm on ilus", at=clock())
    [mention] = [m for page in poll.run().pages for m in page.mentions]
    assert mention.platform == "reddit"
    assert (mention.external_id, mention.thread_id, mention.reply_to) == (post, post, None)
    assert mention.text == "Kaup24 ei vasta\n\nOotan külmikut juba nädala"
    assert (mention.author, mention.posted_at) == ("mari", NOON - timedelta(minutes=30))
    assert mention.url == f"https://www.reddit.com/r/eesti/comments/{post[3:]}/a_title/"


def test_a_complaint_in_a_comment_belongs_to_the_submission_it_is_written_under(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Kust osta külmikut?", at=clock())
    other = reddit.comment(post, "Euronicsist", at=clock())
    comment = reddit.comment(other, "ainult mitte KAUP24 poest, raha jäi kinni", at=clock(), by="jaan")
    [mention] = [m for page in poll.run().pages for m in page.mentions]
    assert (mention.external_id, mention.thread_id, mention.reply_to) == (comment, post, other)
    assert mention.url.endswith(f"/comments/{post[3:]}/a_title/{comment[3:]}/")


def test_a_reply_by_the_brand_stops_the_clock(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24 saatis vale asja", at=clock())
    poll.run()
    reply = reddit.comment(post, "Vabandame, kirjutame kohe!", at=clock.pass_(minutes=5), by="brand_care")
    elsewhere = reddit.comment(reddit.submit("Kaup24?", at=clock(), to="latvia"), "Sorry!", at=clock(), by="brand_care")
    poll.run()
    assert {reply, elsewhere} <= poll.texts.keys()
    [mention] = poll.connector.thread(post, post).mentions
    assert (mention.external_id, mention.thread_id, mention.author) == (reply, post, "brand_care")


def test_only_the_brands_own_words_below_the_post_count_as_its_answer(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Kaup24 saatis vale asja", at=clock())
    first = reddit.comment(post, "Minul sama lugu Kaup24 poes", at=clock(), by="jaan")
    second = reddit.comment(post, "Ja minul", at=clock(), by="liis")
    reddit.comment(first, "Tere, Jaan!", at=clock(), by="Brand_Care")
    assert [m.text for m in poll.connector.thread(post, first).mentions] == ["Tere, Jaan!"]
    assert not poll.connector.thread(post, second).mentions


def test_an_answer_under_a_folded_comment_is_found(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24 saatis vale asja", at=clock())
    hidden = reddit.comment(post, "Vabandame!", at=clock(), by="brand_care")
    reddit.folded.add(hidden)
    assert [m.external_id for m in poll.connector.thread(post, post).mentions] == [hidden]


def test_who_calls_out_the_account_or_answers_it_anywhere_is_heard(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Poodidest", at=clock(), to="latvia")
    called = reddit.comment(post, "hey u/brand_care where is my parcel", at=clock())
    reply = reddit.comment(post, "In your parcel machine!", at=clock(), by="brand_care")
    follow_up = reddit.comment(reply, "It is not there.", at=clock())
    assert {called, reply, follow_up} <= poll.run().texts.keys(), poll.broken


def test_an_account_called_out_in_a_watched_subreddit_is_heard_without_a_login(
    reddit: RedditServer, clock: Time
) -> None:
    connector = connect(reddit, clock, username=None, password=None)
    post = reddit.submit("Kellelt küsida?", "Ehk u/brand_care teab", at=clock())
    comment = reddit.comment(post, "/u/Brand_care, palun vastake", at=clock())
    reddit.comment(post, "u/brand_careless on keegi teine", at=clock())
    poll = Poll(connector).run()
    assert poll.texts.keys() == {post, comment}
    assert not [path for path in reddit.asked if "/message/" in path]
    connector.close()


def test_everywhere_means_searching_all_of_reddit_but_not_reading_its_comments(
    reddit: RedditServer, clock: Time
) -> None:
    connector = connect(reddit, clock, subreddits=("all",))
    post = reddit.submit("Kaup24 experience?", at=clock(), to="latvia")
    assert Poll(connector).run().texts.keys() == {post}
    assert not [path for path in reddit.asked if path.startswith("/r/all/comments")]
    connector.close()


def test_many_keywords_are_spread_over_as_many_searches_as_reddit_needs(reddit: RedditServer, clock: Time) -> None:
    words = tuple(f"väga pikk nimi number {n}" for n in range(60))
    connector = connect(reddit, clock, Watch(brand="Kaup", keywords=words))
    posts = {reddit.submit(f"{word} on kehv", at=clock()) for word in words}
    assert Poll(connector).run().texts.keys() == posts
    searches = [parse_qs(path.partition("?")[2])["q"][0] for path in reddit.asked if "/search/" in path]
    assert max(map(len, searches)) <= 512
    connector.close()


def test_more_than_a_page_of_complaints_is_read_to_its_end(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    thread = reddit.submit("Poed", at=clock())
    posts = {reddit.comment(thread, f"Kaup24 mure {n}", at=clock.pass_(seconds=1)) for n in range(430)}
    assert poll.run().texts.keys() == posts
    assert not [gap for page in poll.pages for gap in page.gaps]


def test_new_posts_between_two_pages_neither_hide_nor_get_lost(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    reddit.page_size = 10
    thread = reddit.submit("Poed", at=clock())
    posts = set()
    for n in range(60):
        posts.add(reddit.comment(thread, f"Kaup24 mure {n}", at=clock.pass_(minutes=1)))
        if n > 25:
            poll.page()
    poll.run().run()
    assert poll.texts.keys() == posts


def test_a_crash_between_two_pages_repeats_at_most_a_page(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    reddit.page_size = 10
    thread = reddit.submit("Poed", at=clock())
    posts = {reddit.comment(thread, f"Kaup24 mure {n}", at=clock.pass_(minutes=1)) for n in range(95)}
    for _ in range(8):
        poll.page()
    poll.connector.fetch(poll.cursor)  # read, and lost with the process
    again = connect(reddit, clock)
    rest = Poll(again, poll.cursor).run()
    assert poll.texts.keys() | rest.texts.keys() == posts
    assert len(rest.texts) < len(posts)
    again.close()


def test_when_the_post_at_the_page_break_is_deleted_the_walk_begins_again(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    reddit.page_size = 10
    thread = reddit.submit("Poed", at=clock())
    posts = [reddit.comment(thread, f"Kaup24 mure {n}", at=clock.pass_(minutes=1)) for n in range(35)]
    while posts[-10] not in poll.texts:
        poll.page()
    reddit.delete(posts[-10])
    poll.run()
    assert poll.texts.keys() != set(posts)
    assert poll.run().texts.keys() == set(posts)


def test_a_quiet_brand_is_polled_with_one_request_a_listing(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    thread = reddit.submit("Kaup24 ei vasta", at=clock())
    for n in range(300):
        reddit.comment(thread, f"mure {n}", at=clock.pass_(minutes=10))
    poll.run()
    reddit.asked.clear()
    poll.run()
    assert len(reddit.asked) == 6


def test_posts_older_than_the_backfill_are_left_alone(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    reddit.submit("Kaup24 oli aeglane", at=NOON - timedelta(hours=25))
    recent = reddit.submit("Kaup24 on aeglane", at=NOON - timedelta(hours=23))
    assert poll.run().texts.keys() == {recent}


def test_a_post_that_a_moderator_lets_through_hours_later_is_still_seen(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    reddit.submit("Kaup24 on aeglane", at=clock())
    poll.run()
    held = reddit.submit("Kaup24 pettis mind", at=clock.pass_(hours=1))
    reddit.submit("Kaup24 tarne", at=clock.pass_(hours=3))
    stored = reddit.posts.pop(held)
    poll.run()
    assert held not in poll.texts
    reddit.posts[held] = stored
    assert held in poll.run().texts


def test_a_brand_talked_of_faster_than_reddit_lists_is_told_as_a_gap(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    thread = reddit.submit("Kaup24 arutelu", at=clock())
    reddit.comment(thread, "jah", at=clock())
    poll.run()
    posts = [reddit.comment(thread, f"Kaup24 mure {n}", at=clock.pass_(minutes=1)) for n in range(1150)]
    poll.run()
    [gap] = [gap for page in poll.pages for gap in page.gaps]
    assert posts[150] in poll.texts
    assert posts[149] not in poll.texts
    assert (gap.since, gap.until) == (NOON - timedelta(minutes=15), NOON + timedelta(minutes=151))
    assert "1000" in gap.why
    assert "eesti" in gap.why
    poll.run()
    assert len([gap for page in poll.pages for gap in page.gaps]) == 1


def test_an_edited_complaint_comes_again_with_its_new_text(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24", "ei vasta", at=clock())
    poll.run()
    reddit.edit(post, "vastas lõpuks")
    assert poll.run().texts == {post: "Kaup24\n\nvastas lõpuks"}
    assert [m.text for m in poll.connector.lookup([post]).mentions] == ["Kaup24\n\nvastas lõpuks"]


def test_a_new_keyword_reaches_back_as_far_as_a_new_source(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    old = reddit.submit("Hansapost on kehv", at=NOON - timedelta(hours=20))
    for n in range(5):
        reddit.submit(f"Kaup24 {n}", at=clock())
    poll.run()
    wider = connect(reddit, clock, Watch(brand="Kaup", keywords=("Kaup24", "Hansapost"), handles=("brand_care",)))
    assert old in Poll(wider, poll.cursor).run().texts
    wider.close()


@pytest.mark.parametrize("word", ["deleted", "removed", " Removed by Reddit ", "deleted by user"])
def test_a_post_taken_away_is_told_as_gone_and_its_stub_is_no_mention(
    reddit: RedditServer, poll: Poll, clock: Time, word: str
) -> None:
    post = reddit.submit("Kaup24 ei vasta", at=clock())
    comment = reddit.comment(post, "Kaup24 ka mulle mitte", at=clock())
    reddit.delete(comment, word)
    found = poll.connector.lookup([post, comment, "t1_zzz"])
    assert [m.external_id for m in found.mentions] == [post]
    assert set(found.deleted) == {comment, "t1_zzz"}
    assert comment in poll.connector.thread(post, comment).deleted


def test_a_submission_hidden_by_moderators_is_gone_though_its_title_stands(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Kaup24 ei vasta", "", at=clock())
    reddit.posts[post]["data"]["removed_by_category"] = "moderator"
    assert list(poll.connector.lookup([post]).deleted) == [post]
    poll.run()
    assert not poll.texts
    assert post in [name for page in poll.pages for name in page.deleted]


def test_a_thread_that_no_longer_exists_is_gone(poll: Poll) -> None:
    assert list(poll.connector.thread("t3_zz", "t3_zz").deleted) == ["t3_zz"]


def test_a_comment_that_no_longer_exists_is_gone(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24", at=clock())
    assert list(poll.connector.thread(post, "t1_zz").deleted) == ["t1_zz"]


def test_nothing_can_be_told_of_a_thread_in_a_subreddit_made_private(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Kaup24", at=clock())
    reddit.private.add("eesti")
    assert poll.connector.thread(post, post) is None


def test_a_complaint_outlives_its_authors_account(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    reddit.submit("Kaup24 ei vasta", at=clock(), by="mari")
    reddit.forget_account("mari")
    [mention] = [m for page in poll.run().pages for m in page.mentions]
    assert mention.author == ""


def test_an_odd_post_is_told_and_costs_no_other(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    good = reddit.submit("Kaup24 ei vasta", at=clock())
    odd = reddit.submit("Kaup24 ka mitte", at=clock())
    reddit.posts[odd]["data"]["permalink"] = 7
    reddit.posts["t3_none"] = {**reddit.posts[good], "data": {**reddit.posts[good]["data"], "name": 7}}
    poll.run()
    assert poll.texts.keys() == {good}
    assert len(poll.broken) == 2


def test_the_rate_limit_is_waited_for_as_long_as_reddit_says(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24 ei vasta", at=clock())
    reddit.failures.append(Failure("/search/", 429, headers={"retry-after": "97"}))
    with pytest.raises(Transient) as caught:
        poll.run()
    assert caught.value.retry_at == NOON + timedelta(seconds=97)
    assert [path for path in reddit.asked if "/search/" in path] == reddit.asked[-1:]
    poll.run()
    assert poll.texts.keys() == {post}


def test_a_429_without_retry_after_waits_for_the_window_to_end(reddit: RedditServer, poll: Poll) -> None:
    poll.connector.lookup(["t3_1"])
    reddit.failures.append(Failure("/api/info", 429, headers={"x-ratelimit-reset": "41", "x-ratelimit-remaining": "0"}))
    with pytest.raises(Transient) as caught:
        poll.connector.lookup(["t3_1"])
    assert caught.value.retry_at == NOON + timedelta(seconds=41)


def test_the_connector_rests_before_the_window_is_used_up_and_sleeps_never(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    reddit.remaining = 0.0
    page = poll.page()
    assert page.more
    assert page.next_poll_at == NOON + timedelta(seconds=300)
    poll.page()  # prawcore by itself would sleep 300 seconds here
    reddit.remaining = 500.0
    assert poll.page().next_poll_at is None


@pytest.mark.parametrize(
    "failure",
    [
        Failure("/", 503, b"<html>busy</html>", times=99),
        Failure("/", 500, times=99),
        Failure("/", 520, times=99),
        Failure("/", 200, b"<html>hello</html>", times=99),
        Failure("/", 200, b"[]", times=99),
        Failure("/", 200, b'{"kind": "Listing", "data": null}', times=99),
    ],
    ids=["503", "500", "520", "html", "list", "null"],
)
def test_a_bad_minute_of_reddits_is_told_at_once_and_tried_later(
    reddit: RedditServer, poll: Poll, clock: Time, failure: Failure
) -> None:
    post = reddit.submit("Kaup24 ei vasta", at=clock())
    reddit.failures.append(failure)
    with pytest.raises(Transient):
        poll.run()
    assert len(reddit.asked) <= 7
    failure.times = 0
    poll.run().run()
    assert poll.texts.keys() == {post}


def test_a_server_that_never_answers_is_given_up(reddit: RedditServer, poll: Poll) -> None:
    reddit.failures.append(Failure("/api/info", hang=True))
    with pytest.raises(Transient, match="ReadTimeout"):
        poll.connector.lookup(["t3_1"])
    assert len([path for path in reddit.asked if "/api/info" in path]) == 1


def test_reddit_out_of_reach_is_told_as_such(clock: Time) -> None:
    with reddit_server() as gone:
        connector = connect(gone, clock)
    with pytest.raises(Transient, match="cannot be reached"):
        connector.lookup(["t3_1"])
    connector.close()


def test_a_failing_search_does_not_keep_the_brands_replies_from_being_seen(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    post = reddit.submit("Kaup24 ei vasta", at=clock())
    reddit.failures.append(Failure("/search/", 503, times=3))
    for n in range(3):
        reply = reddit.comment(post, f"vastus {n}", at=clock(), by="brand_care")
        assert reply in poll.run().texts
    assert len(poll.broken) == 3
    assert "search" in poll.broken[0]
    assert "503" in poll.broken[0]
    assert post in poll.run().texts


def test_after_a_total_failure_the_streams_that_came_back_are_read(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    reddit.failures.append(Failure("/", 503, times=50))
    with pytest.raises(Transient):
        poll.run()
    reddit.failures[0] = Failure("/search/", 503, times=50)
    reply = reddit.comment(reddit.submit("Kaup24 ei vasta", at=clock()), "vastus", at=clock(), by="brand_care")
    assert reply in poll.run().texts


def test_a_private_subreddit_is_named_and_the_others_are_read(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24 ei vasta", at=clock(), to="tallinn")
    comment = reddit.comment(post, "Kaup24 ei vasta kunagi", at=clock())
    reddit.private.add("eesti")
    poll.run()
    assert poll.texts.keys() == {post, comment}
    [told] = poll.broken
    assert told.startswith("r/eesti: ")
    assert "private" in told
    reddit.private.clear()
    again = reddit.submit("Kaup24 jälle", at=clock(), to="eesti")
    assert again in poll.run().texts


def test_when_no_subreddit_may_be_read_somebody_has_to_change_that(reddit: RedditServer, poll: Poll) -> None:
    reddit.private |= {"eesti", "tallinn"}
    with pytest.raises(Permanent, match=r"r/eesti.*private.*r/tallinn.*private.*subreddits"):
        poll.run()


def test_a_missing_brand_account_does_not_stop_the_watch(reddit: RedditServer, poll: Poll, clock: Time) -> None:
    post = reddit.submit("Kaup24 ei vasta", at=clock())
    reddit.missing_users.add("brand_care")
    assert poll.run().texts.keys() == {post}
    assert "u/brand_care" in poll.broken[0]
    with pytest.raises(Permanent, match="u/brand_care"):
        poll.connector.login()


def test_wrong_credentials_are_told_without_showing_them(reddit: RedditServer, clock: Time) -> None:
    wrong = connect(reddit, clock, password=Secret("hunter3"))
    with pytest.raises(Permanent, match="username and password") as caught:
        wrong.login()
    assert "hunter3" not in repr(caught.value)
    reddit.failures.append(Failure("/access_token", 401))
    with pytest.raises(Permanent, match="client_id") as caught:
        wrong.fetch({})
    assert "app-secret-7" not in repr(caught.value)
    wrong.close()


def test_no_credential_is_ever_logged(
    reddit: RedditServer, poll: Poll, clock: Time, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reddit.folded.add(reddit.comment(post := reddit.submit("Kaup24", at=clock()), "Kaup24", at=clock()))
    reddit.failures.append(Failure("/message/", 503))
    poll.run().connector.thread(post, post)
    assert "Fetching" in caplog.text
    assert not [secret for secret in ("hunter2", "app-secret-7", "token0") if secret in caplog.text]


def test_a_token_revoked_early_is_replaced_without_anybody_noticing(
    reddit: RedditServer, poll: Poll, clock: Time
) -> None:
    poll.run()
    reddit.tokens[:] = ["none of these"]
    post = reddit.submit("Kaup24 ei vasta", at=clock())
    assert poll.run().texts.keys() == {post}


def test_an_account_that_reddit_keeps_refusing_is_told(reddit: RedditServer, poll: Poll) -> None:
    reddit.failures.append(Failure("/user/", 401, times=9))
    with pytest.raises(Permanent, match="401"):
        poll.page()
    assert len(reddit.asked) == 4


def test_the_login_says_what_it_can_see(reddit: RedditServer, poll: Poll) -> None:
    assert poll.connector.login() == "u/brand_care; sees r/eesti, r/tallinn, u/brand_care"


def test_nothing_to_watch_is_refused_at_the_start(clock: Time, reddit: RedditServer) -> None:
    with pytest.raises(ValueError, match="subreddits"):
        connect(reddit, clock, subreddits=())
    with pytest.raises(ValueError, match="belong together"):
        connect(reddit, clock, password=None)
    connector = connect(reddit, clock, Watch(brand="Kaup"), subreddits=("all",), username=None, password=None)
    with pytest.raises(Permanent, match="keywords"):
        connector.fetch({})
    connector.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("comment"), st.integers(0, 10)),
        st.tuples(st.just("submit"), st.integers(0, 10)),
        st.tuples(st.just("delete"), st.integers(0, 40)),
        st.tuples(st.just("delete at the break"), st.just(0)),
        st.tuples(st.just("page"), st.integers(1, 4)),
        st.tuples(st.just("poll"), st.just(0)),
        st.tuples(st.just("crash"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 60)),
    ),
    min_size=10,
    max_size=40,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, page_size=st.integers(1, 3))
def test_every_complaint_arrives_whatever_happens_between_the_pages(
    host: RedditServer, steps: list[tuple[str, int]], page_size: int
) -> None:
    reddit, clock = fresh(host), Time()
    reddit.page_size = page_size
    thread = reddit.submit("Poed", at=clock())
    poll = Poll(connect(reddit, clock, username=None, password=None)).run()
    complaints: list[str] = []
    for step, number in steps:
        if step == "comment":
            at = clock.pass_(minutes=11) - timedelta(minutes=number)  # listed as late as that
            complaints.append(reddit.comment(thread, "Kaup24!", at=at))
        elif step == "submit":
            complaints.append(reddit.submit("Kaup24!", at=clock() - timedelta(minutes=number)))
        elif step == "delete" and complaints:
            reddit.delete(complaints.pop(-1 - number % len(complaints)))
        elif step == "delete at the break":
            for gone in {place["after"] for place in poll.cursor["places"].values()} & set(complaints):
                complaints.remove(gone)
                reddit.delete(gone)
        elif step == "poll":
            poll.run()
        elif step == "page":
            for _ in range(number):
                poll.page()
        elif step == "crash":
            poll.connector.fetch(poll.cursor)
            poll.connector.close()
            poll.connector = connect(reddit, clock, username=None, password=None)
        elif step == "wait":
            clock.pass_(minutes=number)
    poll.run().run()
    poll.connector.close()
    assert set(complaints) <= poll.texts.keys()


class Zipped:
    """Reads recordings that lie compressed."""

    @staticmethod
    def load_cassette(path: Path, serializer: Any) -> tuple[list[Request], list[Any]]:
        recorded = json.loads(gzip.decompress(Path(path).read_bytes()))["interactions"]
        requests = [Request._from_dict({**each["request"], "headers": {}}) for each in recorded]
        responses = [each["response"] for each in recorded]
        for response in responses:
            response["body"] = {"string": response["body"]["string"].encode()}
        return requests, responses


def same_place(asked: Request, recorded: Request) -> None:
    """The same page of a listing, the same posts, the same fold of a tree; sizes and sorting may differ."""
    for name in ("after", "id"):
        assert dict(asked.query).get(name) == dict(recorded.query).get(name)
    folds = [parse_qs((request.body or b"").decode()).get("children") for request in (asked, recorded)]
    assert folds[0] == folds[1]


@pytest.fixture
def real(request: pytest.FixtureRequest, clock: Time) -> Iterator[Any]:
    """A connector to www.reddit.com whose answers are recordings of it."""
    vcr = VCR(record_mode="none", decode_compressed_response=True, match_on=["method", "scheme", "host", "path", "at"])
    vcr.register_persister(Zipped)
    vcr.register_matcher("at", same_place)
    opened = []

    def replay(watch: Watch, **more: Any) -> Reddit:
        told = {"subreddits": ("askreddit",), "backfill": timedelta(days=365 * 30), **more}
        opened.append(
            Reddit(Options(client_id="i", client_secret=Secret("s"), **told), watch, clock=clock, state=Path())
        )
        return opened[-1]

    with vcr.use_cassette(str(CASSETTES / f"{request.param}.json.gz")):
        yield replay
    for connector in opened:
        connector.close()


def at(connector: Reddit, stream: str) -> dict[str, Any]:
    """The cursor at which the named stream comes next."""
    return {"turn": [each.name.startswith(stream) for each in connector._streams].index(True)}


@pytest.mark.parametrize("real", ["TestCommentForest.test_replace__all"], indirect=True)
def test_a_real_tree_of_541_comments_is_unfolded_to_the_last(real: Any) -> None:
    recorded = gzip.decompress((CASSETTES / "TestCommentForest.test_replace__all.json.gz").read_bytes()).decode()
    everybody = set(re.findall(r'\\"author\\": \\"([\w-]+)', recorded))
    found = real(Watch(brand="x", handles=tuple(everybody))).thread("t3_3hahrw", "t3_3hahrw")
    assert not found.broken
    nameless = 10  # their authors' accounts are deleted, so they are nobody's answer
    assert len({m.external_id for m in found.mentions}) == 541 - nameless - len(set(found.deleted))
    assert len(set(found.deleted)) == 6
    assert {m.thread_id for m in found.mentions} == {"t3_3hahrw"}


@pytest.mark.parametrize("real", ["TestListingGenerator.test_exhaust_items"], indirect=True)
def test_a_real_listing_is_walked_through_its_eleven_pages(real: Any) -> None:
    connector = real(Watch(brand="reddit", handles=("spez",)))
    poll = Poll(connector)
    for _ in range(11):
        poll.page()
    assert [len(page.mentions) for page in poll.pages] == [100] * 10 + [1]
    assert len(poll.texts) == 1001
    assert {m.author for page in poll.pages for m in page.mentions} == {"spez"}


@pytest.mark.parametrize("real", ["TestInbox.test_mentions"], indirect=True)
def test_real_mentions_of_the_inbox_know_their_thread(real: Any) -> None:
    connector = real(Watch(brand="x"), username="u", password=Secret("p"))
    page = connector.fetch(at(connector, "inbox mentions"))
    assert len(page.mentions) == 16
    first = page.mentions[0]
    assert (first.external_id, first.thread_id, first.reply_to) == ("t1_ekftbox", "t3_bb24k7", "t3_bb24k7")
    assert first.author == "2Botter2Loop"
    assert first.url == "https://www.reddit.com/comments/bb24k7/_/ekftbox/"
    assert not page.broken


@pytest.mark.parametrize("real", ["TestSubredditListings.test_comments"], indirect=True)
def test_of_real_new_comments_only_those_that_name_the_brand_are_brought(real: Any) -> None:
    connector = real(Watch(brand="x", keywords=("life",)))
    page = connector.fetch(at(connector, "comments"))
    assert 0 < len(page.mentions) < 30
    assert all("life" in m.text.lower() for m in page.mentions)
    assert not page.broken


@pytest.mark.parametrize("real", ["TestReddit.test_info"], indirect=True)
def test_real_removed_posts_are_gone_and_nameless_ones_are_kept(real: Any) -> None:
    connector = real(Watch(brand="x"))
    names = [f"{kind}{number:02d}" for number in range(100) for kind in ("t1_d7ltv", "t3_5dec", "t5_2qk")]
    found = [connector.lookup(names[start : start + 100]) for start in range(0, 300, 100)]
    mentions = [m for each in found for m in each.mentions]
    assert len(mentions) > 150
    assert "" in {m.author for m in mentions}
    assert not {"[deleted]", "[removed]"} & {m.author for m in mentions} | {m.text for m in mentions} & {"[removed]"}
    assert not [part for each in found for part in each.broken]
    assert [name for each in found for name in each.deleted if name.startswith("t1_")]
