"""X: what the connector brings from a local server that speaks X's API v2."""

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import Connector, Cursor, Mention, Page, Permanent, Secret, Transient, UsageCap, Watch
from connectors.x import QUERY_LENGTH, X, XOptions
from tests.servers.x_api import RATE_LIMITED, USAGE_CAPPED, Scripted, XServer, problem

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TELIA = Watch(brand="Telia", keywords=("telia", "telia tv"), exclude=("jobs",), handles=("@Telia",))


class Hands:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def x(clock: Hands) -> Iterator[XServer]:
    with XServer(clock) as server:
        server.user("Telia", followers=9000)
        yield server


def connector(server: XServer, clock: Hands, watch: Watch = TELIA, **options: Any) -> X:
    given = {"bearer_token": Secret("the-token"), "base_url": server.url, "timeout": 5.0} | options
    return X(XOptions(**given), watch, clock=clock, state=Path())


@pytest.fixture
def telia(x: XServer, clock: Hands) -> Iterator[X]:
    connector_ = connector(x, clock)
    yield connector_
    connector_.close()


def turn(source: Connector, cursor: Cursor) -> Page:
    """One page, with the cursor as a database gives it back."""
    return source.fetch(json.loads(json.dumps(cursor)))


def poll(source: Connector, cursor: Cursor | None = None) -> tuple[list[Page], Cursor]:
    """Pages until there are no more for now."""
    pages = [turn(source, cursor or {})]
    while pages[-1].more:
        pages.append(turn(source, pages[-1].cursor))
        assert len(pages) < 500, "the poll does not come to an end"
    return pages, pages[-1].cursor


def mentions(pages: list[Page]) -> list[Mention]:
    return [mention for page in pages for mention in page.mentions]


def ids(pages: list[Page]) -> list[str]:
    return [mention.external_id for mention in mentions(pages)]


def walks(cursor: Cursor) -> dict[str, Any]:
    return dict(cursor["walks"])


# Collecting


def test_a_complaint_arrives_with_all_the_care_team_needs(x: XServer, telia: X) -> None:
    x.user("mari", followers=321)
    id_ = x.post("mari", "@Telia internet & TV maas <3 juba tunde!", lang="et")
    (mention,) = mentions(poll(telia)[0])
    assert mention == Mention(
        platform="x",
        external_id=id_,
        thread_id=id_,
        text="@Telia internet & TV maas <3 juba tunde!",
        author="mari",
        posted_at=NOON,
        url=f"https://x.com/mari/status/{id_}",
        followers=321,
        lang="et",
    )
    assert telia.platform == "x"


def test_a_long_complaint_arrives_in_full(x: XServer, telia: X) -> None:
    x.post("mari", "telia " + "no internet again " * 60 + "the end")
    assert mentions(poll(telia)[0])[0].text.endswith("the end")


def test_a_language_that_x_cannot_tell_is_left_open(x: XServer, telia: X) -> None:
    x.post("mari", "@Telia ???", lang="und")
    x.post("juri", "@Telia 🤬", lang="qme")
    x.post("wang", "@Telia 坏了", lang="zh")
    assert {mention.author: mention.lang for mention in mentions(poll(telia)[0])} == {
        "mari": None,
        "juri": None,
        "wang": "zh",
    }


def test_hundreds_of_posts_arrive_exactly_once_while_new_ones_keep_coming(x: XServer, telia: X, clock: Hands) -> None:
    posted = [x.post(f"user{n}", f"telia is down {n}", at=NOON - timedelta(seconds=n)) for n in range(450)]
    posted += [x.post(f"user{n}", f"@telia is down {n}", at=NOON - timedelta(seconds=n)) for n in range(250)]

    def another() -> None:
        clock.pass_(seconds=1)
        posted.append(x.post("late", "Telia TV ei tööta"))

    x.before_answer = another
    pages, cursor = poll(telia)
    x.before_answer = lambda: None
    first = ids(pages)
    assert len(first) == len(set(first)) >= 700
    clock.pass_(minutes=1)
    again, _ = poll(telia, cursor)
    assert set(first) | set(ids(again)) == set(posted)


def test_a_poll_that_finds_nothing_new_asks_each_stream_once(x: XServer, telia: X, clock: Hands) -> None:
    x.post("mari", "telia!", at=NOON - timedelta(hours=2))
    _, cursor = poll(telia)
    x.requests.clear()
    clock.pass_(minutes=2)
    poll(telia, cursor)
    assert [path.rpartition("/")[2] for path, _ in x.requests] == ["tweets", "mentions", "recent"]


def test_posts_before_the_backfill_are_left_in_peace(x: XServer, clock: Hands) -> None:
    x.post("mari", "telia is slow", at=NOON - timedelta(hours=3))
    x.post("juri", "telia is slow", at=NOON - timedelta(hours=1))
    source = connector(x, clock, backfill=timedelta(hours=2))
    assert [mention.author for mention in mentions(poll(source)[0])] == ["juri"]
    source.close()


def test_the_next_poll_reads_only_the_last_minutes_again(x: XServer, telia: X, clock: Hands) -> None:
    for n in range(30):
        x.post(f"user{n}", "telia is down", at=NOON - timedelta(minutes=n))
    x.page_size = 7
    _, cursor = poll(telia)
    clock.pass_(minutes=1)
    assert len(ids(poll(telia, cursor)[0])) == 6


def test_a_simulator_whose_numbers_tell_no_time_is_read_too(x: XServer, telia: X, clock: Hands) -> None:
    x.plain_numbers = True
    complaint = x.post("mari", "@telia is down again")
    x.post("juri", "telia is slow")
    pages, cursor = poll(telia)
    assert sorted(mention.author for mention in mentions(pages)) == ["juri", "mari"]
    clock.pass_(minutes=1)
    x.post("Telia", "@mari we are at it", reply_to=complaint)
    pages, _ = poll(telia, cursor)
    assert [post.thread_id for post in mentions(pages) if post.author == "Telia"] == [complaint]


def test_a_flood_in_one_stream_does_not_hold_up_the_others(x: XServer, telia: X) -> None:
    for n in range(500):
        x.post("Telia", f"Welcome {n}")
        x.post(f"user{n}", f"@telia is down {n}")
    x.post("mari", "telia is down")
    pages, _ = poll(telia)
    assert "mari" in {mention.author for page in pages[:3] for mention in page.mentions}


def test_a_change_of_what_is_watched_while_the_source_was_down_loses_nothing(
    x: XServer, telia: X, clock: Hands
) -> None:
    _, cursor = poll(telia)
    id_ = x.post("mari", "telia is down")
    clock.pass_(days=3)
    changed = connector(x, clock, Watch(brand="Telia", keywords=("telia",), exclude=("raffle",), handles=("Telia",)))
    assert ids(poll(changed, cursor)[0]) == [id_]
    changed.close()


def test_a_crash_between_pages_loses_nothing(x: XServer, clock: Hands) -> None:
    posted = {x.post(f"user{n}", "@telia help", at=NOON - timedelta(minutes=n)) for n in range(30)}
    x.page_size = 7
    stored: set[str] = set()
    cursor: Cursor = {}
    for step in range(60):
        source = connector(x, clock)
        page = turn(source, cursor)
        source.close()
        if step % 3:  # every third time the process dies before the page is stored
            stored |= {mention.external_id for mention in page.mentions}
            cursor = page.cursor
    assert stored == posted


def test_an_expired_page_token_starts_the_walk_again(x: XServer, telia: X) -> None:
    posted = {x.post(f"user{n}", "telia help", at=NOON - timedelta(minutes=n)) for n in range(10)}
    x.page_size = 4
    cursor: Cursor = {}
    while not any(walk["token"] for walk in walks(cursor or {"walks": {}}).values()):
        cursor = turn(telia, cursor).cursor
    x.tokens += 1
    pages, cursor = poll(telia, cursor)
    pages += poll(telia, cursor)[0]
    assert set(ids(pages)) == posted


def test_a_post_that_x_indexes_late_is_still_found(x: XServer, telia: X, clock: Hands) -> None:
    slow = x.post("mari", "telia help", indexed=False)
    clock.pass_(minutes=2)
    x.post("juri", "telia help too")
    pages, cursor = poll(telia)
    assert slow not in ids(pages)
    x.index(slow)
    assert slow in ids(poll(telia, cursor)[0])


def test_a_new_keyword_is_looked_for_from_the_start(x: XServer, telia: X, clock: Hands) -> None:
    id_ = x.post("mari", "diil is too dear", at=NOON - timedelta(hours=5))
    _, cursor = poll(telia)
    wider = connector(x, clock, Watch(brand="Telia", keywords=("telia", "diil"), handles=("Telia",)))
    assert ids(poll(wider, cursor)[0]) == [id_]
    wider.close()


def test_many_keywords_are_split_over_several_searches(x: XServer, clock: Hands) -> None:
    words = tuple(f"teenus number {n}" for n in range(90))
    posted = {x.post("mari", f"ei tööta: {word}") for word in words}
    source = connector(x, clock, Watch(brand="Telia", keywords=words, exclude=("tööpakkumine",)))
    assert set(ids(poll(source)[0])) == posted
    queries = {asked["query"] for asked in x.asked("/recent")}
    assert len(queries) > 3
    assert max(map(len, queries)) <= QUERY_LENGTH
    source.close()


def test_a_keyword_too_long_for_x_is_named(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, Watch(brand="Telia", keywords=("interneti" * 60,)))
    with pytest.raises(Permanent, match="too long to search for on X"):
        source.fetch({})
    source.close()


def test_quotes_in_a_keyword_do_not_break_the_search(x: XServer, clock: Hands) -> None:
    id_ = x.post("mari", "the super telia offer")
    source = connector(x, clock, Watch(brand="Telia", keywords=('super "telia"',)))
    assert ids(poll(source)[0]) == [id_]
    source.close()


def test_excluded_words_and_retweets_stay_out_but_not_the_brands_own_posts(x: XServer, telia: X) -> None:
    x.post("recruiter", "@Telia has jobs")
    x.post("recruiter", "telia jobs in Tallinn")
    original = x.post("mari", "telia is down")
    x.post("juri", "RT @mari: telia is down", retweet_of=int(original))
    own = x.post("Telia", "We have jobs")
    x.post("juri", "RT @Telia: We have", retweet_of=int(own))
    assert sorted(ids(poll(telia)[0])) == sorted([original, own])


def test_more_exclusions_than_a_query_holds_still_exclude(x: XServer, clock: Hands) -> None:
    words = tuple(f"kampaania{n}" for n in range(60))
    x.post("mari", "telia kampaania59")
    x.post("juri", "telia on maas")
    source = connector(x, clock, Watch(brand="Telia", keywords=("telia",), exclude=words))
    assert [mention.author for mention in mentions(poll(source)[0])] == ["juri"]
    source.close()


def test_what_the_accounts_streams_bring_is_not_paid_for_twice(x: XServer, telia: X) -> None:
    x.post("mari", "@Telia telia is down")
    x.post("Telia", "Telia TV is back")
    assert len(ids(poll(telia)[0])) == 2


def test_an_account_that_x_does_not_know_is_searched_for_by_name(x: XServer, clock: Hands) -> None:
    id_ = x.post("mari", "@TeliaAbi kus te olete")
    source = connector(x, clock, Watch(brand="Telia", keywords=("telia",), handles=("Telia", "TeliaAbi")))
    pages, cursor = poll(source)
    assert ids(pages) == [id_]
    x.user("TeliaAbi")
    x.post("TeliaAbi", "Siin!")
    assert "TeliaAbi" in {mention.author for mention in mentions(poll(source, cursor)[0])}
    source.close()


def test_accounts_are_looked_up_once(x: XServer, telia: X) -> None:
    _, cursor = poll(telia)
    poll(telia, cursor)
    assert len(x.asked("/users/by")) == 1


def test_more_mentions_than_x_lists_are_reported_as_a_gap(x: XServer, telia: X) -> None:
    for n in range(900):
        x.post(f"user{n}", "@telia!", at=NOON - timedelta(minutes=n))
    pages, _ = poll(telia)
    (gap,) = [gap for page in pages for gap in page.gaps]
    assert gap.since < gap.until < NOON - timedelta(minutes=700)


# Answers


def test_the_brands_reply_arrives_with_the_thread_it_answers(x: XServer, telia: X) -> None:
    complaint = x.post("mari", "telia is down")
    reply = x.post("Telia", "Sorry! Which town?", reply_to=complaint)
    found = {mention.external_id: mention for mention in mentions(poll(telia)[0])}
    assert (found[reply].thread_id, found[reply].reply_to) == (found[complaint].thread_id, complaint)
    assert TELIA.owns(found[reply].author)


def test_a_thread_asked_again_shows_the_brands_replies(x: XServer, telia: X) -> None:
    complaint = x.post("mari", "telia is down")
    assert telia.thread(complaint, complaint).mentions == []
    x.post("juri", "same here", reply_to=complaint)
    replies = {x.post("Telia", f"We are on it {n}", reply_to=complaint) for n in range(9)}
    x.page_size = 4
    found = telia.thread(complaint, complaint)
    assert found is not None
    assert {mention.external_id for mention in found.mentions} == replies


def test_nobody_can_tell_about_a_thread_older_than_xs_search(x: XServer, telia: X, clock: Hands) -> None:
    complaint = x.post("mari", "telia is down")
    clock.pass_(days=8)
    assert telia.thread(complaint, complaint) is None


def test_nobody_can_tell_about_a_thread_for_a_brand_without_account(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, Watch(brand="Telia", keywords=("telia",)))
    assert source.thread("1", "1") is None
    source.close()


# Edits and deletions


def test_an_edit_keeps_the_posts_identity_and_brings_the_new_text(x: XServer, telia: X, clock: Hands) -> None:
    first = x.post("mari", "telia is donw")
    _, cursor = poll(telia)
    clock.pass_(minutes=20)
    second = x.edit(first, "telia is down since 8")
    x.posts[0].odd = {"conversation_id": second}
    (mention,) = mentions(poll(telia, cursor)[0])
    assert (mention.external_id, mention.thread_id, mention.text) == (first, first, "telia is down since 8")
    assert mention.posted_at == NOON
    assert mention.url.endswith(second)


@pytest.mark.parametrize("old_versions", [False, True])
def test_looking_posts_up_shows_edits_and_deletions(x: XServer, telia: X, old_versions: bool) -> None:
    x.old_versions = old_versions
    edited, deleted, same = (x.post("mari", "telia!"), x.post("juri", "telia!"), x.post("ants", "telia!"))
    x.edit(edited, "telia, please")
    x.delete(deleted)
    found = telia.lookup([edited, deleted, same])
    assert {mention.external_id: mention.text for mention in found.mentions} == {
        edited: "telia, please",
        same: "telia!",
    }
    assert found.deleted == [deleted]


def test_a_post_that_x_keeps_from_us_does_not_count_as_deleted(x: XServer, telia: X) -> None:
    hidden = problem(
        "not-authorized-for-resource", "Authorization Error", "Sorry", resource_id="7", resource_type="tweet"
    )
    x.script.append(Scripted(body=json.dumps({"errors": [hidden]})))
    found = telia.lookup(["7"])
    assert (list(found.mentions), found.deleted) == ([], [])


def test_looking_nothing_up_asks_nobody(x: XServer, telia: X) -> None:
    assert telia.lookup([]).mentions == ()
    assert x.requests == []


# When X is not well


@pytest.mark.parametrize(
    "odd",
    [
        {"created_at": "yesterday"},
        {"created_at": None},
        {"author_id": None},
        {"referenced_tweets": [{"kind": "??"}]},
        {"edit_history_tweet_ids": 7},
        {"id": None, "edit_history_tweet_ids": None},
        {"text": ["a", "list"]},
    ],
)
def test_an_odd_post_does_not_stop_the_page(x: XServer, telia: X, odd: dict[str, Any]) -> None:
    good = [x.post("mari", "telia!"), x.post("juri", "telia!")]
    x.post("odd", "telia!", odd=odd)
    pages, cursor = poll(telia)
    assert sorted(ids(pages)) == good
    assert [len(page.broken) for page in pages if page.broken] == [1]
    assert not any(walk["token"] for walk in walks(cursor).values())


def test_posts_in_the_vocabulary_that_x_is_moving_to_are_read_alike(x: XServer, telia: X) -> None:
    first = x.post("mari", "telia is donw")
    x.edit(first, "telia is down " + "and down " * 50)
    reply = x.post("Telia", "Sorry", reply_to=first)
    old = {mention.external_id: mention for mention in mentions(poll(telia)[0])}
    x.new_names = True
    assert {mention.external_id: mention for mention in mentions(poll(telia)[0])} == old
    assert old[reply].reply_to


def test_a_rate_limit_says_when_to_come_back(x: XServer, telia: X) -> None:
    reset = NOON + timedelta(minutes=9)
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(reset.timestamp()))}
    x.script.append(Scripted(429, RATE_LIMITED, headers))
    with pytest.raises(Transient) as caught:
        telia.fetch({})
    assert caught.value.retry_at == reset
    assert not isinstance(caught.value, UsageCap)


def test_a_limit_of_the_day_outlasts_that_of_the_quarter_hour(x: XServer, telia: X) -> None:
    day = NOON + timedelta(hours=5)
    headers = {
        "x-rate-limit-remaining": "100",
        "x-rate-limit-reset": str(int(NOON.timestamp())),
        "x-app-limit-24hour-remaining": "0",
        "x-app-limit-24hour-reset": str(int(day.timestamp())),
    }
    x.script.append(Scripted(429, RATE_LIMITED, headers))
    with pytest.raises(Transient) as caught:
        telia.fetch({})
    assert caught.value.retry_at == day


def test_the_last_request_allowed_postpones_the_next_poll(x: XServer, telia: X) -> None:
    reset = NOON + timedelta(minutes=9)
    x.headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(reset.timestamp()))}
    assert telia.fetch({}).next_poll_at == reset
    x.headers["x-rate-limit-remaining"] = "12"
    assert telia.fetch({}).next_poll_at is None


@pytest.mark.parametrize("status", [429, 403])
def test_a_used_up_month_lasts_until_the_next(x: XServer, telia: X, status: int) -> None:
    x.script.append(Scripted(status, USAGE_CAPPED))
    with pytest.raises(UsageCap) as caught:
        telia.fetch({})
    assert caught.value.retry_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_used_up_credit_is_looked_at_again_soon_because_somebody_may_buy_some(x: XServer, telia: X) -> None:
    x.script.append(Scripted(402, json.dumps({"title": "CreditsDepleted", "detail": "No credits"})))
    with pytest.raises(UsageCap, match="no credit left") as caught:
        telia.fetch({})
    assert caught.value.retry_at == NOON + timedelta(hours=1)


def test_a_source_that_slept_for_weeks_goes_on_and_reports_the_gap(x: XServer, telia: X, clock: Hands) -> None:
    x.post("mari", "telia!")
    _, cursor = poll(telia)
    clock.pass_(days=2)
    x.post("juri", "telia, lost for good")
    clock.pass_(days=9)
    found = {x.post(f"user{n}", "telia again", at=clock() - timedelta(days=n)) for n in range(6)}
    pages, cursor = poll(telia, cursor)
    assert set(ids(pages)) == found
    (gap,) = [gap for page in pages for gap in page.gaps]
    assert gap.since == NOON - timedelta(minutes=5)
    assert gap.until == clock() - timedelta(days=7)
    assert not [gap for page in poll(telia, cursor)[0] for gap in page.gaps]


def test_weeks_of_silence_are_no_gap(x: XServer, telia: X, clock: Hands) -> None:
    cursor: Cursor = {}
    for _ in range(30):
        pages, cursor = poll(telia, cursor)
        assert not [gap for page in pages for gap in page.gaps]
        clock.pass_(hours=20)
    id_ = x.post("mari", "telia!")
    assert ids(poll(telia, cursor)[0]) == [id_]


@pytest.mark.parametrize(
    "answer",
    [
        Scripted(500, "[]"),
        Scripted(503, "<html>over capacity</html>"),
        Scripted(200, "<html>hello</html>"),
        Scripted(200, "[1, 2]"),
        Scripted(200, '{"data": [{"id"'),
        Scripted(418, '{"errors": "?"}'),
    ],
)
def test_a_bad_minute_of_xs_passes(x: XServer, telia: X, answer: Scripted) -> None:
    id_ = x.post("mari", "telia!")
    x.script.append(answer)
    with pytest.raises(Transient):
        telia.fetch({})
    assert ids(poll(telia)[0]) == [id_]


def test_a_server_that_never_answers_is_given_up(x: XServer, clock: Hands) -> None:
    x.script.append(Scripted(hang=True))
    source = connector(x, clock, timeout=0.1)
    with pytest.raises(Transient, match="ReadTimeout"):
        source.fetch({})
    source.close()


def test_a_dead_server_may_come_back(clock: Hands) -> None:
    with XServer(clock) as gone:
        source = connector(gone, clock)
    with pytest.raises(Transient, match="can't be reached"):
        source.fetch({})
    source.close()


def test_a_query_that_x_refuses_needs_a_person(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, Watch(brand="Telia", handles=("not a handle",)))
    with pytest.raises(Permanent, match="not a handle"):
        source.fetch({})
    source.close()


def test_a_query_that_x_refuses_later_on_needs_a_person_too(x: XServer, telia: X) -> None:
    x.script.append(Scripted(400, json.dumps(problem("invalid-request", "Invalid Request", "No such operator"))))
    with pytest.raises(Permanent, match="No such operator"):
        telia.fetch({"accounts": {"telia": "1000"}})


def test_an_id_out_of_this_world_does_not_blind_the_stream(x: XServer, telia: X, clock: Hands) -> None:
    x.post("odd", "telia!", odd={"id": "9" * 25})
    _, cursor = poll(telia)
    clock.pass_(minutes=1)
    id_ = x.post("mari", "telia!")
    assert id_ in ids(poll(telia, cursor)[0])


def test_a_brand_with_nothing_to_look_for_asks_nobody(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, Watch(brand="Telia"))
    assert poll(source) == ([Page(cursor={})], {})
    assert x.requests == []
    source.close()


def test_an_app_without_access_needs_a_person(x: XServer, telia: X) -> None:
    x.script.append(Scripted(403, json.dumps(problem("client-forbidden", "Client Forbidden", "Enroll the app"))))
    with pytest.raises(Permanent, match="Enroll the app"):
        telia.fetch({})


def test_an_address_that_is_not_xs_needs_a_person(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, base_url=f"{x.url}/elsewhere")
    with pytest.raises(Permanent, match="check base_url"):
        source.fetch({})
    source.close()


# The token


@pytest.mark.parametrize("token", ["s3cret-token", "s3cret\ntoken", "s3cret-tökен"])
def test_a_wrong_token_needs_a_person_and_is_shown_nowhere(
    x: XServer, clock: Hands, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    source = connector(x, clock, bearer_token=Secret(token))
    with pytest.raises(Permanent, match="bearer_token") as caught:
        source.fetch({})
    source.close()
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(vars(source)) + repr(source.options)
    assert "s3cret" not in shown


def test_no_token_at_all_is_said_so(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, bearer_token=Secret(" "))
    with pytest.raises(Permanent, match="bearer_token is empty"):
        source.fetch({})
    source.close()


def test_the_right_token_is_shown_nowhere_even_when_x_echoes_it(
    x: XServer, telia: X, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    poll(telia)
    x.script.append(Scripted(403, json.dumps({"detail": "You sent Bearer the-token"})))
    with pytest.raises(Permanent) as caught:
        telia.fetch({})
    assert "the-token" not in str(caught.value) + caplog.text


def test_a_token_with_a_line_end_as_files_have_it_works(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, bearer_token=Secret("the-token\n"))
    assert source.login().startswith("X accepts the token")
    source.close()


# Trying it out


def test_login_tells_which_accounts_there_are(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, Watch(brand="Telia", keywords=("telia",), handles=("Telia", "@TeliaAbi")))
    assert source.login() == "X accepts the token; searches: 1; accounts @telia; no such account: @teliaabi"
    source.close()


def test_login_with_a_wrong_token_fails(x: XServer, clock: Hands) -> None:
    source = connector(x, clock, bearer_token=Secret("wrong"))
    with pytest.raises(Permanent, match="does not accept bearer_token"):
        source.login()
    source.close()


# Whatever happens

STEPS = st.lists(
    st.sampled_from(["post", "mention", "late post", "index", "store", "lose", "tokens expire", "restart"]),
    min_size=5,
    max_size=60,
)


@settings(max_examples=50, deadline=None)
@given(steps=STEPS, page_size=st.integers(1, 5))
def test_every_post_is_delivered_at_least_once_whatever_happens_between_pages(steps: list[str], page_size: int) -> None:
    clock = Hands()
    with XServer(clock) as server:
        server.user("Telia")
        server.page_size = page_size
        source = connector(server, clock)
        posted = {server.post("mari", "telia!", at=NOON - timedelta(minutes=n)) for n in range(7)}
        unindexed: list[str] = []
        stored: set[str] = set()
        cursor: Cursor = {}
        for step in steps:
            clock.pass_(seconds=2)
            match step:
                case "post":
                    posted.add(server.post("juri", "telia ei tööta"))
                case "mention":
                    posted.add(server.post("ants", "@Telia ei tööta"))
                case "late post":
                    unindexed.append(server.post("tiiu", "telia ei tööta", indexed=False))
                case "index":
                    posted.update(map(_index(server), unindexed))
                    unindexed.clear()
                case "tokens expire":
                    server.tokens += 1
                case "restart":
                    source.close()
                    source = connector(server, clock)
                case _:
                    page = turn(source, cursor)
                    if step == "store":
                        stored |= {mention.external_id for mention in page.mentions}
                        cursor = page.cursor
        for _ in range(2):
            pages, cursor = poll(source, cursor)
            stored |= set(ids(pages))
        source.close()
    assert posted <= stored


def _index(server: XServer) -> Any:
    def index(id_: str) -> str:
        server.index(id_)
        return id_

    return index


def test_the_local_server_answers_as_xs_own_description_says(x: XServer, telia: X) -> None:
    from xdk import schemas

    models = {
        "/recent": schemas.SearchPostsRecentResponse,
        "/by": schemas.GetUsersByUsernamesResponse,
        "/mentions": schemas.GetUsersMentionsResponse,
        "/2/tweets": schemas.GetPostsByIdsResponse,
        "/tweets": schemas.GetUsersPostsResponse,
    }
    x.new_names = True  # the description knows no others
    for n in range(5):
        x.post(f"user{n}", "telia " + "is down " * 50 * n)
        x.post(f"user{n}", "@telia is down")
    gone = x.post("Telia", "Sorry", reply_to=x.post("mari", "telia!"))
    x.page_size = 3
    poll(telia)
    telia.login()
    x.delete(gone)
    telia.lookup([gone, x.post("mari", "telia!")])
    seen = set()
    for path, body in x.answers:
        ending = next(ending for ending in models if path.endswith(ending))
        seen.add(ending)
        answer = models[ending].model_validate(body)
        parts = [answer, *(answer.data or []), *(answer.errors or [])]
        assert not [part.model_extra for part in parts if part.model_extra]
    assert seen == set(models)
