"""What the care team can rely on when the brand is watched on Bluesky."""

import json
import logging
import stat
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from atproto_client import models
from atproto_client.models.utils import get_or_create
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import bluesky
from connectors.base import Mention, Page, Permanent, Secret, Transient, Watch
from connectors.bluesky import Bluesky, Options
from tests.servers.bluesky_pds import Failure, Network, Pds, bluesky_network, calling, did, ref

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BRAND = Watch(brand="Lainepost", keywords=("Lainepost",), handles=("care.test",))
PASSWORD = "abcd-efgh-ijkl-mnop"


class Hands:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now


class Care:
    """Polls as the program does: each page is kept together with its cursor, which a database gives back."""

    def __init__(self, pds: Pds, clock: Hands, state: Path) -> None:
        self.pds, self.clock, self.state = pds, clock, state
        self.cursor: dict[str, Any] = {}
        self.pages: list[Page] = []
        self.source = self.connect()

    def connect(self, watch: Watch = BRAND, **more: Any) -> Bluesky:
        told = {"handle": "care.test", "app_password": Secret(PASSWORD), "base_url": self.pds.url, "timeout": 5.0}
        return Bluesky(Options(**{**told, **more}), watch, clock=self.clock, state=self.state)

    def restart(self, watch: Watch = BRAND, **more: Any) -> None:
        self.source.close()
        self.source = self.connect(watch, **more)

    def page(self) -> Page:
        page = self.source.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(page.cursor))
        self.pages.append(page)
        return page

    def poll(self) -> list[Mention]:
        """What this poll brought, oldest page first."""
        start = len(self.pages)
        for _ in range(500):
            if not self.page().more:
                return [mention for page in self.pages[start:] for mention in page.mentions]
        raise AssertionError("the poll does not end")

    def ids(self) -> set[str]:
        return {mention.external_id for mention in self.poll()}

    @property
    def brought(self) -> set[str]:
        return {mention.external_id for page in self.pages for mention in page.mentions}

    @property
    def broken(self) -> dict[str, str]:
        return {part.where: part.why for page in self.pages for part in page.broken}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with bluesky_network() as network:
        yield network


@pytest.fixture
def pds(network: Network) -> Pds:
    return network.fresh()


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def care(pds: Pds, clock: Hands, tmp_path: Path) -> Iterator[Care]:
    care = Care(pds, clock, tmp_path)
    yield care
    care.source.close()


def only(mentions: list[Mention]) -> Mention:
    (mention,) = {mention.external_id: mention for mention in mentions}.values()
    return mention


# Collecting


def test_a_complaint_arrives_with_all_that_the_care_team_needs(pds: Pds, care: Care) -> None:
    posted = NOON - timedelta(minutes=20)
    uri = pds.post("Lainepost kaotas mu paki 😡", at=posted, langs=["et"])
    pds.post("Ilm on ilus", at=posted)
    assert only(care.poll()) == Mention(
        platform="bluesky",
        external_id=uri,
        thread_id=uri,
        text="Lainepost kaotas mu paki 😡",
        author="mari.test",
        posted_at=posted,
        url=f"https://bsky.app/profile/mari.test/post/{uri.rpartition('/')[2]}",
        lang="et",
    )


def test_a_reply_to_the_brand_arrives_though_it_does_not_name_it(pds: Pds, care: Care) -> None:
    news = pds.post("Meil on uued pakiautomaadid", by="care.test", at=NOON)
    reply = pds.post("ja jälle ei tööta", to=news, at=NOON)
    mention = next(mention for mention in care.poll() if mention.external_id == reply)
    assert (mention.thread_id, mention.reply_to, mention.author) == (news, news, "mari.test")


@pytest.mark.parametrize("search", ["index", "missing"])
def test_who_calls_out_the_brand_is_heard_with_and_without_a_search(pds: Pds, care: Care, search: str) -> None:
    pds.search = search
    text = "@care.test kus mu pakk on?"
    uri = pds.post(text, at=NOON, facets=calling("care.test", text))
    assert care.ids() == {uri}


def test_a_quote_of_the_brand_arrives(pds: Pds, care: Care) -> None:
    news = pds.post("Meil on uued hinnad", by="care.test", at=NOON)
    quote = pds.post("nali", at=NOON, embed={"$type": "app.bsky.embed.record", "record": ref(news)})
    assert quote in care.ids()


def test_a_like_or_a_repost_is_nobodys_complaint(pds: Pds, care: Care) -> None:
    news = pds.post("Meil on uued hinnad", by="care.test", at=NOON)
    praise = pds.post("tore pood", at=NOON)
    pds.like(news, by="jaan.test", at=NOON)
    pds.repost(praise, by="care.test", at=NOON)
    assert care.ids() == {news}
    assert care.broken == {}


def test_a_reply_by_the_brand_stops_the_clock(pds: Pds, care: Care, clock: Hands) -> None:
    complaint = pds.post("Lainepost ei vasta", at=NOON)
    later = pds.post("halloo?", to=complaint, at=NOON)
    care.poll()
    answer = pds.post("Vabandame, uurime!", by="care.test", to=later, at=clock.pass_(minutes=5))
    reply = next(mention for mention in care.poll() if mention.external_id == answer)
    assert (reply.thread_id, reply.reply_to, reply.author) == (complaint, later, "care.test")
    assert BRAND.owns(reply.author)


def test_an_answer_is_seen_while_the_search_fails(pds: Pds, care: Care, clock: Hands) -> None:
    complaint = pds.post("Lainepost ei vasta", at=NOON)
    care.poll()
    answer = pds.post("Vabandame!", by="care.test", to=complaint, at=clock.pass_(minutes=5))
    pds.failures = [Failure("searchPosts", status=502, body=b'{"error":"UpstreamFailure"}', times=99)]
    assert answer in care.ids()
    assert "502" in care.broken["search of @care.test"]


def test_a_network_without_a_search_says_so_and_shows_the_rest(pds: Pds, care: Care) -> None:
    pds.search = "missing"
    answer = pds.post("Vabandame!", by="care.test", at=NOON)
    assert care.ids() == {answer}
    assert list(care.broken) == ["search of @care.test"]
    assert "nobody on this network" in care.broken["search of @care.test"]


def test_the_replies_of_an_agents_own_account_are_seen(pds: Pds, care: Care) -> None:
    care.restart(Watch(brand="L", keywords=("Lainepost",), handles=("@Care.test", "anna.test")))
    answer = pds.post("Anna siin, uurime", by="anna.test", at=NOON)
    assert answer in care.ids()


def test_the_notifications_of_an_account_that_is_not_the_brands_are_left_alone(pds: Pds, care: Care) -> None:
    care.restart(Watch(brand="L", keywords=("Lainepost",), handles=("shop.test",)))
    pds.post("kuidas läheb?", to=pds.post("Tere", by="care.test", at=NOON), at=NOON)
    assert care.ids() == set()
    assert pds.asked_for("listNotifications") == 0
    assert "no notifications" in care.source.login()


def test_a_name_of_two_words_is_meant_as_a_phrase(pds: Pds, care: Care) -> None:
    care.restart(Watch(brand="L", keywords=("Laineposti Pakid",)))
    pds.post("Pakid on rasked, ütles Laineposti kuller", at=NOON)
    complaint = pds.post("laineposti pakid jälle hiljaks", at=NOON)
    assert care.ids() == {complaint}


def test_hundreds_of_posts_over_many_pages_arrive(pds: Pds, care: Care) -> None:
    posts = {pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=n)) for n in range(450)}
    posts |= {pds.post(f"vastus {n}", by="care.test", at=NOON - timedelta(minutes=n)) for n in range(250)}
    assert care.ids() == posts
    assert len(care.pages) < 15


def test_a_flood_in_one_stream_does_not_hold_up_the_others(pds: Pds, care: Care) -> None:
    for n in range(300):
        pds.post(f"uudis {n}", by="care.test", at=NOON - timedelta(minutes=n))
    complaint = pds.post("Lainepost!", at=NOON)
    for _ in range(4):
        care.page()
    assert complaint in care.brought


def test_a_crash_between_pages_loses_nothing(pds: Pds, care: Care, clock: Hands) -> None:
    posts = {pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=n)) for n in range(450)}
    for _ in range(5):
        care.page()
    posts |= {pds.post(f"Lainepost vahepeal {n}", at=clock.pass_(minutes=1)) for n in range(150)}
    care.restart()
    care.poll()
    care.poll()
    assert care.brought == posts


def test_a_page_that_was_not_stored_comes_again(pds: Pds, care: Care) -> None:
    posts = {pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=n)) for n in range(350)}
    while care.page().more:
        care.source.fetch(care.cursor)
    assert care.brought == posts


def test_a_later_poll_asks_only_for_what_is_new(pds: Pds, care: Care, clock: Hands) -> None:
    for n in range(450):
        pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=2 * n))
    care.poll()
    fresh = pds.post("Lainepost jälle", at=clock.pass_(minutes=2))
    before = len(pds.asked)
    assert fresh in care.ids()
    assert len(pds.asked) - before == 4


def test_a_plain_network_that_knows_no_since_is_read_no_further_than_needed(pds: Pds, care: Care, clock: Hands) -> None:
    pds.search = "plain"
    posts = {pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=2 * n)) for n in range(450)}
    assert care.ids() == posts
    fresh = pds.post("Lainepost jälle", at=clock.pass_(minutes=2))
    before = len(pds.asked)
    assert fresh in care.ids()
    assert len(pds.asked) - before == 4


def test_posts_from_before_the_backfill_stay_out(pds: Pds, care: Care) -> None:
    pds.search = "plain"
    pds.post("Lainepost ammu", at=NOON - timedelta(days=3))
    pds.post("Lainepost vastab", by="care.test", at=NOON - timedelta(days=3))
    recent = pds.post("Lainepost nüüd", at=NOON - timedelta(hours=3))
    assert care.ids() == {recent}
    care.cursor = {}
    care.restart(backfill=timedelta(days=4))
    assert len(care.ids()) == 3


def test_a_new_keyword_begins_with_a_backfill(pds: Pds, care: Care, clock: Hands) -> None:
    typo = pds.post("Lainpost on aeglane", at=NOON - timedelta(hours=5))
    assert care.ids() == set()
    clock.pass_(hours=2)
    care.restart(Watch(brand="L", keywords=("Lainepost", "Lainpost"), handles=("care.test",)))
    assert care.ids() == {typo}


def test_a_post_that_the_network_sees_late_is_still_found(pds: Pds, care: Care, clock: Hands) -> None:
    pds.post("Lainepost 1", at=NOON)
    care.poll()
    late = pds.post("Lainepost sillalt", at=NOON - timedelta(minutes=40), indexed=clock.pass_(minutes=1))
    assert late in care.ids()


def test_an_old_post_brought_in_late_does_not_hide_the_posts_below_it(pds: Pds, care: Care, clock: Hands) -> None:
    care.poll()
    clock.pass_(hours=5)
    pds.page_size = 2
    posts = {pds.post(f"Lainepost {n}", at=NOON + timedelta(hours=n)) for n in range(5)}
    pds.post("vana lugu", by="care.test", at=NOON - timedelta(days=300), indexed=clock())
    answers = {pds.post("Vabandame", by="care.test", at=NOON + timedelta(hours=n)) for n in range(5)}
    assert care.ids() == posts | answers


def test_a_reply_with_an_old_date_does_not_hide_the_replies_before_it(pds: Pds, care: Care, clock: Hands) -> None:
    pds.page_size = 1
    news = pds.post("Meil on uued hinnad", by="care.test", at=NOON)
    care.poll()
    reply = pds.post("kallis", to=news, at=clock.pass_(hours=2))
    pds.post("vana lugu", to=news, at=NOON - timedelta(days=300), indexed=clock.pass_(minutes=1))
    assert reply in care.ids()


def test_posts_written_during_a_long_walk_are_found_by_the_next(pds: Pds, care: Care, clock: Hands) -> None:
    care.restart(Watch(brand="L", keywords=("Lainepost",)))
    pds.page_size = 1
    posts = {pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=n)) for n in range(3)}
    care.page()
    posts.add(pds.post("Lainepost vahepeal", at=clock.pass_(hours=1)))
    posts.add(pds.post("Lainepost hilja", at=NOON - timedelta(seconds=30), indexed=clock.pass_(hours=2)))
    care.poll()
    care.poll()
    assert care.brought == posts


def test_a_search_that_never_ends_is_left(pds: Pds, care: Care) -> None:
    pds.failures = [Failure("searchPosts", body=b'{"posts": [], "cursor": "again"}', times=20)]
    care.poll()
    assert pds.asked_for("searchPosts") == 4


def test_reposts_of_old_posts_do_not_hide_the_answers_below_them(pds: Pds, care: Care) -> None:
    pds.page_size = 2
    old = pds.post("tore", at=NOON - timedelta(days=200))
    for n in range(5):
        pds.repost(old, by="care.test", at=NOON - timedelta(minutes=n))
    answer = pds.post("Vabandame", by="care.test", at=NOON - timedelta(hours=2))
    assert care.ids() == {answer}


def test_a_brand_that_mostly_reposts_is_not_read_to_the_bottom_each_time(pds: Pds, care: Care, clock: Hands) -> None:
    old = pds.post("tore", at=NOON - timedelta(days=200))
    for n in range(300):
        pds.repost(old, by="care.test", at=NOON - timedelta(hours=n))
    answer = pds.post("Vabandame", by="care.test", at=NOON - timedelta(hours=2))
    assert care.ids() == {answer}
    clock.pass_(hours=1)
    before = pds.asked_for("getAuthorFeed")
    care.poll()
    assert pds.asked_for("getAuthorFeed") - before == 1


def test_a_place_that_the_network_has_forgotten_is_walked_again_at_the_next_poll(pds: Pds, care: Care) -> None:
    posts = {pds.post(f"Lainepost {n}", at=NOON - timedelta(minutes=n)) for n in range(350)}
    for _ in range(4):
        care.page()
    pds.forgets_places = True
    care.poll()
    pds.forgets_places = False
    care.poll()
    assert care.brought == posts


def test_a_search_that_is_cut_short_owns_up_to_the_gap(pds: Pds, care: Care) -> None:
    care.restart(Watch(brand="L", keywords=("Lainepost",)))
    for n in range(bluesky.REACH + 200):
        pds.post("Lainepost", at=NOON - timedelta(seconds=n))
    pds.search_reach = bluesky.REACH
    care.poll()
    (gap,) = [gap for page in care.pages for gap in page.gaps]
    assert gap.since == NOON - timedelta(days=1)
    assert gap.until == NOON - timedelta(seconds=bluesky.REACH - 1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["complain", "reply", "answer", "like", "page", "crash", "poll"]),
            st.integers(0, 50),
            st.integers(0, 55),
        ),
        max_size=25,
    ),
    page_size=st.integers(1, 4),
    search=st.sampled_from(["index", "plain"]),
)
def test_every_post_is_brought_at_least_once(
    network: Network, tmp_path: Path, steps: list[tuple[str, int, int]], page_size: int, search: str
) -> None:
    pds, clock = network.fresh(), Hands()
    pds.page_size, pds.search = page_size, search
    care = Care(pds, clock, tmp_path)
    news = pds.post("uudis", by="care.test", at=NOON)
    wanted = {news}
    for step, minutes, late in steps:
        now = clock.pass_(minutes=minutes)
        claimed = max(now - timedelta(minutes=late), NOON)
        if step == "complain":
            wanted.add(pds.post("Lainepost!", at=claimed, indexed=now))
        elif step == "reply":
            wanted.add(pds.post("ei tööta", to=news, at=claimed, indexed=now))
        elif step == "answer":
            wanted.add(pds.post("Vabandame", by="care.test", at=claimed, indexed=now))
        elif step == "like":
            pds.like(news, by="jaan.test", at=now)
        elif step == "page":
            care.page()
        elif step == "crash":
            care.source.fetch(care.cursor)
        else:
            care.poll()
    care.poll()
    care.poll()
    assert care.brought == wanted
    care.source.close()


# Odd posts


def test_an_odd_post_does_not_stop_a_page(pds: Pds, care: Care) -> None:
    odd = pds.post("Lainepost kadunud tekstiga", at=NOON)
    pds.posts[odd]["record"]["text"] = {"lainepost": 1}
    novelty = pds.post("Lainepost hologrammis", at=NOON, embed={"$type": "app.bsky.embed.hologram", "depth": 3})
    pds.posts[novelty]["embed"] = {"$type": "app.bsky.embed.hologram#view", "depth": {"$type": "what"}}
    strange = pds.post("Lainepost", at=NOON, reply="to nobody", langs="et", facets={"no": "list"})
    plain = pds.post("Lainepost", at=NOON)
    assert care.ids() == {novelty, strange, plain}
    assert list(care.broken) == [odd]


@pytest.mark.parametrize("items", ['[null, 7, "x", [], {}]', '[{"uri": 5, "record": {"text": "x"}}]'])
def test_a_list_of_nonsense_is_reported_and_passed_over(pds: Pds, care: Care, items: str) -> None:
    body = f'{{"feed": {items}, "notifications": {items}, "posts": {items}}}'.encode()
    pds.failures = [Failure("app.bsky", body=body, times=99)]
    assert care.ids() == set()
    assert care.broken


@pytest.mark.parametrize(
    "claimed",
    ["yesterday", "", None, 5, "2030-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-11-20"],
)
def test_a_time_that_nobody_can_believe_is_replaced_by_the_networks(pds: Pds, care: Care, claimed: Any) -> None:
    uri = pds.post("Lainepost", at=NOON - timedelta(minutes=3))
    pds.posts[uri]["record"]["createdAt"] = claimed
    pds.search = "plain"
    assert only(care.poll()).posted_at == NOON - timedelta(minutes=3)


def test_the_authors_time_counts_and_not_the_networks(pds: Pds, care: Care) -> None:
    pds.post("Lainepost", at=NOON - timedelta(minutes=30), indexed=NOON)
    assert only(care.poll()).posted_at == NOON - timedelta(minutes=30)


def test_two_people_whose_handles_do_not_hold_stay_two(pds: Pds, care: Care) -> None:
    pds.moved = {"mari.test": "handle.invalid", "jaan.test": "handle.invalid"}
    pds.post("Lainepost", by="mari.test", at=NOON)
    pds.post("Lainepost", by="jaan.test", at=NOON)
    mentions = care.poll()
    assert {mention.author for mention in mentions} == {did("mari.test"), did("jaan.test")}
    assert all(mention.url.startswith(f"https://bsky.app/profile/{mention.author}/") for mention in mentions)


# Asking again


def test_the_thread_tells_whether_the_brand_has_answered(pds: Pds, care: Care) -> None:
    complaint = pds.post("Lainepost ei vasta", at=NOON)
    stranger = pds.post("minul sama", by="jaan.test", to=complaint, at=NOON)
    found = care.source.thread(complaint, complaint)
    assert found is not None
    assert found.mentions == []
    answer = pds.post("Vabandame!", by="care.test", to=stranger, at=NOON)
    found = care.source.thread(complaint, complaint)
    assert found is not None
    assert [mention.external_id for mention in found.mentions] == [answer]
    assert found.mentions[0].thread_id == complaint


def test_an_answer_deep_in_a_long_thread_is_found(pds: Pds, care: Care) -> None:
    complaint = last = pds.post("Lainepost ei vasta", at=NOON)
    for _ in range(60):
        last = pds.post("ja veel", to=last, at=NOON)
    answer = pds.post("Vabandame!", by="care.test", to=last, at=NOON)
    found = care.source.thread(complaint, complaint)
    assert found is not None
    assert [mention.external_id for mention in found.mentions] == [answer]


def test_a_thread_whose_post_is_gone_says_so(pds: Pds, care: Care) -> None:
    complaint = pds.post("Lainepost", at=NOON)
    pds.delete(complaint)
    found = care.source.thread(complaint, complaint)
    assert found is not None
    assert found.deleted == [complaint]


def test_a_thread_behind_a_block_cannot_be_told(pds: Pds, care: Care) -> None:
    complaint = pds.post("Lainepost", at=NOON)
    pds.blocking = {"mari.test"}
    assert care.source.thread(complaint, complaint) is None


def test_a_deletion_is_noticed(pds: Pds, care: Care) -> None:
    posts = [pds.post(f"Lainepost {n}", at=NOON) for n in range(60)]
    pds.delete(posts[7])
    pds.delete(posts[55])
    found = care.source.lookup(posts)
    assert found is not None
    assert found.deleted == [posts[7], posts[55]]
    assert len(found.mentions) == 58
    assert pds.asked_for("getPosts?") == 3


def test_a_post_that_a_block_hides_does_not_count_as_deleted(pds: Pds, care: Care) -> None:
    complaint = pds.post("Lainepost", at=NOON)
    pds.blocking = {"mari.test"}
    found = care.source.lookup([complaint])
    assert found is not None
    assert (found.deleted, found.mentions) == ([], [])


@pytest.mark.parametrize("body", [b'{"posts": []}', b'{"posts": [{"cid": "x"}]}', b'{"posts": [null]}'])
def test_an_answer_without_the_posts_deletes_nothing(pds: Pds, care: Care, body: bytes) -> None:
    complaint = pds.post("Lainepost", at=NOON)
    pds.failures = [Failure("getPosts?", body=body)]
    found = care.source.lookup([complaint])
    assert found is not None
    assert found.deleted == []


# The session


def test_the_session_survives_a_restart_without_a_second_login(pds: Pds, care: Care) -> None:
    care.poll()
    care.restart()
    care.poll()
    assert pds.asked_for("createSession") == 1


def test_the_session_file_is_for_the_owners_eyes_only(care: Care, tmp_path: Path) -> None:
    care.poll()
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PASSWORD not in file.read_text()


def test_an_expired_session_is_refreshed_and_kept(pds: Pds, care: Care) -> None:
    care.poll()
    pds.expire()
    complaint = pds.post("Lainepost", at=NOON)
    assert care.ids() == {complaint}
    care.restart()
    care.poll()
    assert (pds.asked_for("createSession"), pds.asked_for("refreshSession")) == (1, 1)


def test_a_session_that_cannot_be_refreshed_is_replaced_by_a_login(pds: Pds, care: Care) -> None:
    care.poll()
    pds.expire(refresh_too=True)
    complaint = pds.post("Lainepost", at=NOON)
    assert care.ids() == {complaint}
    assert pds.asked_for("createSession") == 2


def test_a_session_that_another_process_has_renewed_is_taken_over(pds: Pds, care: Care, clock: Hands) -> None:
    care.poll()
    pds.expire()
    other = Care(pds, clock, care.state)
    other.poll()
    other.source.close()
    care.poll()
    assert (pds.asked_for("createSession"), pds.asked_for("refreshSession")) == (1, 1)


@pytest.mark.parametrize("text", [b"", b"nonsense", b"\xff\xfe", "a:::b:::ö:::d:::e".encode(), b"a:::b:::c\n:::d:::e"])
def test_a_spoilt_session_file_means_a_new_login(pds: Pds, care: Care, tmp_path: Path, text: bytes) -> None:
    care.poll()
    (file,) = tmp_path.iterdir()
    file.write_bytes(text)
    care.restart()
    care.poll()
    assert pds.asked_for("createSession") == 2


def test_two_accounts_keep_their_sessions_apart(pds: Pds, care: Care, tmp_path: Path) -> None:
    care.poll()
    pds.handle = "shop.test"
    care.restart(handle="shop.test")
    care.poll()
    assert len(list(tmp_path.iterdir())) == 2


def test_a_state_folder_that_cannot_be_written_is_told(pds: Pds, care: Care, tmp_path: Path) -> None:
    care.state = tmp_path / "nowhere"
    care.restart()
    with pytest.raises(Permanent, match="session can't be kept"):
        care.page()


# Failures


def test_a_wrong_password_needs_a_person_and_is_nowhere_shown(
    pds: Pds, care: Care, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pds.password = "another"
    care.restart(app_password=Secret("wrong-word-1234"))
    with pytest.raises(Permanent, match="App passwords") as caught:
        care.page()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(care.source.options)
    assert "wrong-word" not in told


def test_a_server_that_repeats_the_password_does_not_give_it_away(pds: Pds, care: Care) -> None:
    echo = json.dumps({"error": "InvalidRequest", "message": f"bad password {PASSWORD}"}).encode()
    pds.failures = [Failure("createSession", status=400, body=echo)]
    with pytest.raises(Permanent) as caught:
        care.page()
    assert PASSWORD not in str(caught.value)


def test_no_token_is_logged(pds: Pds, care: Care, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    care.poll()
    echo = json.dumps({"error": "InvalidRequest", "message": f"not with {pds.access}"}).encode()
    pds.failures = [Failure("app.bsky", status=400, body=echo, times=99)]
    with pytest.raises(Permanent) as caught:
        care.page()
    assert "not with …" in str(caught.value)
    assert pds.access not in caplog.text + str(caught.value)


def test_an_account_taken_down_needs_a_person(pds: Pds, care: Care) -> None:
    pds.takedown = True
    with pytest.raises(Permanent, match="AccountTakedown"):
        care.page()


@pytest.mark.parametrize("secret", ["", " "])
def test_an_empty_password_is_not_even_tried(pds: Pds, care: Care, secret: str) -> None:
    care.restart(app_password=Secret(secret))
    with pytest.raises(Permanent, match="app_password is empty"):
        care.page()
    assert pds.asked == []


def test_a_rate_limit_says_when_to_come_back(pds: Pds, care: Care) -> None:
    until = NOON + timedelta(minutes=4)
    headers = {"ratelimit-reset": str(int(until.timestamp())), "ratelimit-remaining": "0"}
    body = b'{"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}'
    for where in ("createSession", "getAuthorFeed", "searchPosts"):
        pds.failures = [Failure(where, status=429, body=body, headers=headers)]
        with pytest.raises(Transient) as caught:
            care.poll()
        assert caught.value.retry_at == until


def test_a_rate_limit_of_which_nothing_is_told_is_no_more_than_a_failure(pds: Pds, care: Care) -> None:
    pds.failures = [Failure("getAuthorFeed", status=429, headers={"ratelimit-reset": "soon"})]
    with pytest.raises(Transient) as caught:
        care.poll()
    assert caught.value.retry_at is None
    pds.failures = [Failure("getAuthorFeed", status=429, headers={"retry-after": "30"})]
    with pytest.raises(Transient) as caught:
        care.poll()
    assert caught.value.retry_at == NOON + timedelta(seconds=30)


def test_a_server_in_trouble_is_not_given_the_rest_of_the_rate_limits_window(pds: Pds, care: Care) -> None:
    headers = {"ratelimit-reset": str(int((NOON + timedelta(minutes=5)).timestamp()))}
    pds.failures = [Failure("app.bsky", status=502, headers=headers, times=99)]
    with pytest.raises(Transient) as caught:
        care.page()
    assert caught.value.retry_at is None


def test_the_last_allowed_request_makes_the_next_poll_wait(pds: Pds, care: Care) -> None:
    assert care.page().next_poll_at is None
    until = NOON + timedelta(minutes=4)
    pds.remaining, pds.reset = 0, int(until.timestamp())
    assert care.page().next_poll_at == until


@pytest.mark.parametrize(
    "failure",
    [
        Failure("", status=500, body=b'{"error": "InternalServerError"}', times=99),
        Failure("", status=503, body=b"<html>", headers={"content-type": "text/html"}, times=99),
        Failure("", body=b"{", times=99),
        Failure("", body=b"[]", times=99),
        Failure("", body=b"hello", headers={"content-type": "text/plain"}, times=99),
        Failure("", status=500, body=b"[1]", times=99),
        Failure("app.bsky", body=b"{", times=99),
        Failure("app.bsky", body=b'{"feed": 1}', times=99),
        Failure("app.bsky", body=b"[]", times=99),
    ],
)
def test_a_bad_minute_of_the_server_passes(pds: Pds, care: Care, failure: Failure) -> None:
    complaint = pds.post("Lainepost", at=NOON)
    pds.failures = [failure]
    with pytest.raises(Transient):
        care.page()
    pds.failures = []
    assert care.ids() == {complaint}


def test_a_server_that_hangs_is_given_up(pds: Pds, care: Care) -> None:
    pds.failures = [Failure("createSession", hang=True)]
    care.restart(timeout=0.2)
    with pytest.raises(Transient, match="can't be reached"):
        care.page()


def test_a_search_that_hangs_costs_one_timeout_a_poll(pds: Pds, care: Care) -> None:
    answer = pds.post("Vabandame!", by="care.test", at=NOON)
    pds.failures = [Failure("searchPosts", hang=True, times=99)]
    care.restart(Watch(brand="L", keywords=("a", "b", "c"), handles=("care.test",)), timeout=0.2)
    assert care.ids() == {answer}
    assert pds.asked_for("searchPosts") == 1


def test_nobody_at_the_address_is_a_failure_that_may_pass(care: Care) -> None:
    care.restart(base_url="http://127.0.0.1:9")
    with pytest.raises(Transient, match="can't be reached"):
        care.page()


@pytest.mark.parametrize("address", ["pds.example", "http://pds:port", "ftp://pds.example"])
def test_an_address_that_is_none_needs_a_person(care: Care, address: str) -> None:
    care.restart(base_url=address)
    with pytest.raises(Permanent, match="base_url"):
        care.page()


def test_one_account_that_does_not_exist_does_not_stop_the_others(pds: Pds, care: Care) -> None:
    complaint = pds.post("Lainepost", at=NOON)
    care.restart(Watch(brand="L", keywords=("Lainepost",), handles=("shop.nobody", "care.test")))
    assert care.ids() == {complaint}
    assert "Profile not found" in care.broken["posts of @shop.nobody"]


def test_a_brand_without_names_has_nothing_to_look_for(care: Care) -> None:
    care.restart(Watch(brand="L"))
    with pytest.raises(Permanent, match="keywords or handles"):
        care.page()


def test_the_check_tells_what_it_sees(pds: Pds, care: Care) -> None:
    assert care.source.login() == (
        "care.test sees posts of @care.test, notifications, search of @care.test, search of Lainepost"
    )
    pds.search = "missing"
    assert "search of Lainepost: nobody on this network" in care.source.login()
    care.restart(Watch(brand="L", keywords=("Lainepost",)))
    with pytest.raises(Permanent, match="shows nothing"):
        care.source.login()


# The server of these tests


def test_the_test_server_answers_as_the_protocol_says(pds: Pds) -> None:
    complaint = pds.post("@care.test Lainepost?", at=NOON, facets=calling("care.test", "@care.test Lainepost?"))
    pds.post("Vabandame", by="care.test", to=complaint, at=NOON)
    pds.repost(complaint, by="care.test", at=NOON)
    pds.like(complaint, by="jaan.test", at=NOON)
    bsky = models.AppBskyFeedSearchPosts, models.AppBskyNotificationListNotifications, models.AppBskyFeedGetAuthorFeed
    session = models.ComAtprotoServerCreateSession.Response
    login = json.dumps({"identifier": "care.test", "password": PASSWORD}).encode()
    _valid(_ask(pds, "com.atproto.server.createSession", login), session)
    _valid(_ask(pds, "com.atproto.server.refreshSession", b"{}", pds.refresh), session)
    _valid(_ask(pds, "app.bsky.feed.searchPosts?q=Lainepost&limit=1"), bsky[0].Response)
    _valid(_ask(pds, "app.bsky.notification.listNotifications?limit=9"), bsky[1].Response)
    _valid(_ask(pds, "app.bsky.feed.getAuthorFeed?actor=care.test&limit=9"), bsky[2].Response)
    thread = f"app.bsky.feed.getPostThread?uri={complaint}&depth=9"
    _valid(_ask(pds, thread), models.AppBskyFeedGetPostThread.Response)
    _valid(_ask(pds, f"app.bsky.feed.getPosts?uris={complaint}"), models.AppBskyFeedGetPosts.Response)
    pds.blocking = {"mari.test"}
    _valid(_ask(pds, thread), models.AppBskyFeedGetPostThread.Response)


def _ask(pds: Pds, what: str, body: bytes | None = None, token: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token or pds.access}", "Content-Type": "application/json"}
    with urlopen(Request(f"{pds.url}/xrpc/{what}", data=body, headers=headers)) as response:
        return json.load(response)


def _valid(answer: Any, model: Any) -> None:
    """The answer is what atproto's own model of it takes, formats of strings included, and holds something."""
    assert get_or_create(answer, model, strict=True, strict_string_format=True) is not None
    assert all(answer[name] for name in ("posts", "feed", "notifications", "thread") if name in answer)
