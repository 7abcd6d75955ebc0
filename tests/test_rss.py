"""What the care team can rely on when the brand is watched in a news or forum feed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import MAX_TEXT, Mention, Page, Permanent, Transient, Watch
from connectors.rss import MAX_BODY, Options, Rss
from tests.servers.feeds import FeedServer, feed_server

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BRAND = Watch(brand="Õunapood", keywords=("Õunapood",), handles=("Õunapoe klienditugi",))


class Reader:
    """A connector with the caller's habits: cursor through JSON, one clock that is moved by hand."""

    def __init__(self, url: str, watch: Watch = BRAND, **more: Any) -> None:
        self.now = NOON
        self.cursor: dict[str, Any] = {}
        options = Options(url=url, **{"timeout": 0.5, **more})
        self.connector = Rss(options, watch, clock=lambda: self.now, state=Path())

    def poll(self) -> Page:
        page = self.connector.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(page.cursor))
        return page

    def only(self) -> Mention:
        [mention] = self.poll().mentions
        return mention


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with feed_server() as server:
        yield server


@pytest.fixture
def reader(server: FeedServer) -> Iterator[Reader]:
    reader = Reader(server.url + "/feed")
    yield reader
    reader.connector.close()


def item(title: str = "Õunapood", rest: str = "") -> str:
    return f"<item><title>{title}</title><link>http://f.ee/{abs(hash((title, rest)))}</link>{rest}</item>"


def rss(*items: str, head: str = "<title>Foorum</title>", encoding: str = "utf-8") -> bytes:
    start = f'<?xml version="1.0" encoding="{encoding}"?><rss version="2.0">'
    return f"{start}<channel>{head}{''.join(items)}</channel></rss>".encode(encoding)


def test_an_rss_entry_that_names_the_brand_is_brought_with_all_it_tells(server: FeedServer, reader: Reader) -> None:
    complaint = """<item><title>Õunapood ei vasta</title><link>http://f.ee/t/7#p2</link>
        <guid isPermaLink="false">http://f.ee/p/2</guid><author>mari@f.ee (Mari)</author>
        <pubDate>Fri, 20 Nov 2026 13:30:00 +0200</pubDate>
        <description>&lt;p&gt;Ootan &amp;amp; ootan.&lt;/p&gt;
        &lt;p&gt;Juba&amp;nbsp;nädala&lt;br&gt;!&lt;/p&gt;</description>
        </item>"""
    server.put(rss(complaint, item("Ilm on ilus"), head="<title>Foorum</title><language>et</language>"))
    mention = reader.only()
    assert mention == Mention(
        platform="rss",
        external_id="http://f.ee/p/2",
        thread_id="http://f.ee/t/7",
        text="Õunapood ei vasta\n\nOotan & ootan.\n\nJuba nädala\n!",
        author="Mari",
        posted_at=NOON - timedelta(minutes=30),
        url="http://f.ee/t/7#p2",
        lang="et",
    )


def test_an_atom_entry_is_brought_with_its_full_text_rather_than_its_summary(
    server: FeedServer, reader: Reader
) -> None:
    server.put("""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="lv"
        xmlns:thr="http://purl.org/syndication/thread/1.0"><title>Blogs</title><entry>
        <id>tag:b.lv,2026:2</id><link href="http://b.lv/1#c2"/><title>Re: serviss</title>
        <author><name>Jānis</name></author>
        <published>2026-11-20T11:00:00Z</published><updated>2026-11-20T11:59:00Z</updated>
        <thr:in-reply-to ref="tag:b.lv,2026:1" href="http://b.lv/1"/><summary>Õunapood…</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Õunapood <b>nav</b> labs<script>x()</script>
        </div></content></entry></feed>""")
    mention = reader.only()
    assert mention.text == "Re: serviss\n\nÕunapood nav labs"
    assert (mention.external_id, mention.thread_id, mention.reply_to) == (
        "tag:b.lv,2026:2",
        "http://b.lv/1",
        "tag:b.lv,2026:1",
    )
    assert (mention.author, mention.lang, mention.posted_at) == ("Jānis", "lv", NOON - timedelta(hours=1))


def test_an_rdf_feed_is_read_too(server: FeedServer, reader: Reader) -> None:
    server.put("""<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="http://f.ee/"><title>Vana</title></channel>
        <item rdf:about="http://f.ee/1"><title>Õunapood</title><link>http://f.ee/1</link>
        <dc:creator>Peeter</dc:creator><dc:date>2026-11-20T10:00:00Z</dc:date></item></rdf:RDF>""")
    mention = reader.only()
    assert (mention.external_id, mention.author) == ("http://f.ee/1", "Peeter")
    assert mention.posted_at == NOON - timedelta(hours=2)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1251", "Яблоко обмануло меня"),
        ("iso-8859-4", "Õunapood pettis mind, šokk ja žanr, āčē"),
        ("windows-1257", "Õunapood: ķīļģņ"),
        ("utf-16", "Õunapood ja Яблоко"),
    ],
)
@pytest.mark.parametrize("header", ["text/xml", "application/rss+xml", "application/xml; charset={}"])
def test_letters_survive_whatever_the_encoding(server: FeedServer, encoding: str, text: str, header: str) -> None:
    headers = {"content-type": header.format(encoding)}
    reader = Reader(server.put(rss(item(text), encoding=encoding), headers=headers), every_post=True)
    assert reader.only().text == text
    reader.connector.close()


@pytest.mark.parametrize("header", ["text/xml", "application/xml", "text/plain"])
def test_letters_survive_without_any_word_of_the_encoding(server: FeedServer, reader: Reader, header: str) -> None:
    server.put(rss(item("Õunapood: Яблоко, ķīļģņ")).partition(b"?>")[2], headers={"content-type": header})
    assert reader.only().text == "Õunapood: Яблоко, ķīļģņ"


def test_an_encoding_that_only_the_server_tells_is_believed(server: FeedServer, reader: Reader) -> None:
    body = rss(item("Яблоко и Õunapood".replace("Õ", "&#213;")), encoding="windows-1251").partition(b"?>")[2]
    server.put(body, headers={"content-type": "application/rss+xml; charset=windows-1251"})
    assert reader.only().text == "Яблоко и Õunapood"


def test_entities_are_read_and_scripts_are_not(server: FeedServer, reader: Reader) -> None:
    body = "&lt;style&gt;p{}&lt;/style&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;Otilde;unapood "
    body += "&amp;lt;3 &amp;#8364;5 &lt;img src=x onerror=y&gt;"
    server.put(rss(item("Hind &amp;amp; kvaliteet", f"<description>{body}</description>")))
    assert reader.only().text == "Hind & kvaliteet\n\nÕunapood <3 €5"


def test_a_word_is_not_glued_to_the_next_line_or_cut_by_a_tag(server: FeedServer, reader: Reader) -> None:
    body = "&lt;ul&gt;&lt;li&gt;kallis&lt;/li&gt;&lt;li&gt;Õuna&lt;b&gt;pood&lt;/b&gt;&lt;/li&gt;&lt;/ul&gt;"
    server.put(rss(item("Nimekiri", f"<description>{body}</description>")))
    assert reader.only().text == "Nimekiri\n\nkallis\nÕunapood"


def test_an_entry_without_a_date_counts_from_when_it_was_first_read(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item()))
    assert reader.only().posted_at == NOON


def test_a_date_in_the_future_counts_as_now(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item(rest="<pubDate>Fri, 20 Nov 2026 18:00:00 GMT</pubDate>")))
    assert reader.only().posted_at == NOON


def test_an_entry_keeps_its_id_from_poll_to_poll_even_without_one_of_its_own(
    server: FeedServer, reader: Reader
) -> None:
    server.put(rss("<item><title>Õunapood</title></item>", "<item><title>Õunapood jälle</title></item>"))
    first, again = reader.poll().mentions, reader.poll().mentions
    assert len({m.external_id for m in first}) == 2
    assert [m.external_id for m in first] == [m.external_id for m in again]
    assert first[0].url == server.url + "/feed"


def test_a_bare_number_as_id_is_told_apart_from_another_hosts(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item(rest='<guid isPermaLink="false">1234</guid>')))
    assert reader.only().external_id == "127.0.0.1:1234"


def test_every_post_of_the_brands_own_forum_can_be_taken(server: FeedServer) -> None:
    url = server.put(rss(item("Ei tööta"), item("Katki")))
    reader = Reader(url, every_post=True)
    assert len(reader.poll().mentions) == 2
    reader.connector.close()


def test_the_brands_own_reply_is_brought_though_it_does_not_name_the_brand(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item("Vabandame", "<author>tugi@f.ee (Õunapoe klienditugi)</author>")))
    assert reader.only().author == "Õunapoe klienditugi"


def test_the_first_poll_reaches_back_as_far_as_told_and_later_ones_no_further(
    server: FeedServer, reader: Reader
) -> None:
    old = item("Õunapood vana", "<pubDate>Thu, 19 Nov 2026 11:00:00 GMT</pubDate>")
    new = item("Õunapood uus", "<pubDate>Thu, 19 Nov 2026 13:00:00 GMT</pubDate>")
    server.put(rss(old, new))
    assert reader.only().text == "Õunapood uus"
    reader.now += timedelta(days=3)
    assert reader.only().text == "Õunapood uus"


def test_an_unchanged_feed_is_not_sent_again(server: FeedServer, reader: Reader) -> None:
    server.put(rss(*[item(f"Õunapood {n}") for n in range(500)]), etag='"v1"')
    assert len(reader.poll().mentions) == 500
    page = reader.poll()
    assert not page.mentions
    assert [status for status, _ in server.sent] == [200, 304]
    assert server.sent[1][1] == 0
    server.put(rss(item("Õunapood!")), etag='"v2"')
    assert reader.only().text == "Õunapood!"


def test_a_server_that_knows_only_dates_is_asked_by_date(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item()), modified="Fri, 20 Nov 2026 10:00:00 GMT")
    reader.poll()
    reader.poll()
    assert [status for status, _ in server.sent] == [200, 304]


def test_a_zipped_feed_is_unzipped(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item()), zipped=True)
    assert reader.only().text == "Õunapood"


def test_an_entry_of_ten_megabytes_is_cut_and_the_others_are_kept(server: FeedServer, reader: Reader) -> None:
    huge = item("Õunapood pikk", f"<description>{('&lt;p&gt;' + 'jah ' * 60) * 40_000}</description>")
    server.put(rss(huge, item("Õunapood lühike")))
    long, short = reader.poll().mentions
    assert len(long.text) == MAX_TEXT
    assert short.text == "Õunapood lühike"


def test_a_feed_that_unpacks_to_more_than_the_limit_is_given_up(server: FeedServer, reader: Reader) -> None:
    server.put(b" " * (MAX_BODY + 1), zipped=True)
    with pytest.raises(Permanent, match="larger than 20 MB"):
        reader.poll()


def test_of_a_broken_feed_the_readable_entries_are_kept_and_the_flaw_is_told(
    server: FeedServer, reader: Reader
) -> None:
    server.put(rss(item("Õunapood üks"), "<item><title>Õunapood & kaks</title><br></item>", item("Õunapood kolm")))
    page = reader.poll()
    assert {"Õunapood üks", "Õunapood kolm"} <= {m.text for m in page.mentions}
    [flaw] = page.broken
    assert flaw.where.startswith("line ")


def test_a_feed_without_entries_is_no_error(server: FeedServer, reader: Reader) -> None:
    server.put(rss())
    assert not reader.poll().mentions


@pytest.mark.parametrize(
    ("status", "told"), [(410, "given this feed up"), (404, "correct url"), (401, "login"), (403, "ask"), (400, "url")]
)
def test_a_feed_that_is_gone_for_good_is_told_with_what_to_do(
    server: FeedServer, reader: Reader, status: int, told: str
) -> None:
    server.put(b"", status=status)
    with pytest.raises(Permanent, match=told):
        reader.poll()


@pytest.mark.parametrize(
    ("wait", "until"),
    [
        ("90", NOON + timedelta(seconds=90)),
        ("Fri, 20 Nov 2026 12:05:00 GMT", NOON + timedelta(minutes=5)),
        ("soon", None),
        (None, None),
    ],
)
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_when_it_says(
    server: FeedServer, reader: Reader, status: int, wait: str | None, until: datetime | None
) -> None:
    server.put(b"", status=status, headers={"retry-after": wait} if wait else {})
    with pytest.raises(Transient) as caught:
        reader.poll()
    assert caught.value.retry_at == until


@pytest.mark.parametrize("mishap", [{"hang": True}, {"cut_short": True}, {"headers": {"content-encoding": "gzip"}}])
def test_a_bad_connection_is_tried_later(server: FeedServer, reader: Reader, mishap: dict[str, Any]) -> None:
    server.put(rss(item()), **mishap)
    with pytest.raises(Transient, match="cannot be had"):
        reader.poll()


def test_a_server_that_is_down_is_tried_later(reader: Reader) -> None:
    with feed_server() as gone:
        down = Reader(gone.url)
    with pytest.raises(Transient, match="ConnectError"):
        down.poll()
    down.connector.close()


def test_a_feed_that_trickles_is_left(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item()))
    times = iter([NOON, NOON + timedelta(minutes=1)])
    reader.connector.clock = lambda: next(times)
    with pytest.raises(Transient, match="slowly"):
        reader.poll()


def test_an_empty_answer_is_a_hiccup_and_not_an_empty_feed(server: FeedServer, reader: Reader) -> None:
    server.put(b"\n")
    with pytest.raises(Transient, match="empty"):
        reader.poll()


@pytest.mark.parametrize("page", ["<html><body>Tere</body></html>", "hello", '{"items": []}'])
def test_a_page_that_is_no_feed_is_told_as_such(server: FeedServer, reader: Reader, page: str) -> None:
    server.put(page)
    with pytest.raises(Permanent, match="own address"):
        reader.poll()


def test_an_answer_that_names_a_local_file_does_not_open_it(server: FeedServer, reader: Reader, tmp_path: Path) -> None:
    secret = tmp_path / "feed.xml"
    secret.write_bytes(rss(item()))
    server.put(str(secret))
    with pytest.raises(Permanent, match="own address"):
        reader.poll()


def test_an_answer_that_names_an_address_does_not_fetch_it(server: FeedServer, reader: Reader) -> None:
    server.put(server.put(rss(item()), path="/inside"))
    with pytest.raises(Permanent, match="own address"):
        reader.poll()
    assert len(server.sent) == 1


def test_a_feed_that_has_moved_is_followed(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item()), path="/new")
    server.put(b"", status=301, headers={"location": "/new"})
    assert reader.only().text == "Õunapood"


def test_an_address_that_leads_nowhere_is_told(server: FeedServer, reader: Reader) -> None:
    server.put(b"", status=302, headers={"location": "/feed"})
    with pytest.raises(Permanent, match="circle"):
        reader.poll()


@pytest.mark.parametrize("url", ["ftp://f.ee/feed", "f.ee/feed", "http://[::"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    reader = Reader(url)
    with pytest.raises(Permanent, match="correct url"):
        reader.poll()
    reader.connector.close()


@pytest.mark.parametrize(
    ("headers", "head", "wait"),
    [
        ({"cache-control": "public, max-age=600", "age": "100"}, "", 500),
        ({}, "<ttl>20</ttl>", 1200),
        ({"cache-control": "max-age=60"}, "<ttl>20</ttl>", 1200),
        ({"cache-control": "max-age=864000"}, "", 3600),
        ({"cache-control": "no-cache"}, "<ttl>often</ttl>", None),
    ],
)
def test_a_feed_is_asked_no_more_often_than_it_changes_yet_once_an_hour(
    server: FeedServer, reader: Reader, headers: dict[str, str], head: str, wait: int | None
) -> None:
    server.put(rss(head=head), headers=headers)
    assert reader.poll().next_poll_at == (NOON + timedelta(seconds=wait) if wait else None)


def test_the_login_tells_which_feed_it_is(server: FeedServer, reader: Reader) -> None:
    server.put(rss(item(), item("teine"), head="<title>Ostu &amp;amp; müügi foorum</title>"))
    assert reader.connector.login() == "Ostu & müügi foorum: 2 entries"
