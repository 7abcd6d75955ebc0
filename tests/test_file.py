"""Posts from a file: whatever its bytes, every readable line arrives, every other is named with its number."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.base import Broken, Mention, Page, Permanent, Watch
from connectors.file import LINES, LONGEST, TALLEST, File, Options
from tests.desk import NOON

HEADER = b"id,text,author\n"


def follow(path: Path) -> File:
    return File(Options(path=str(path)), Watch(brand="Lainepost"), clock=lambda: NOON, state=path.parent)


def poll(file: File, cursor: Mapping[str, Any]) -> tuple[list[Mention], list[Broken], Mapping[str, Any]]:
    """All pages of one poll; the cursor goes through JSON, as it does in the database."""
    mentions: list[Mention] = []
    broken: list[Broken] = []
    while True:
        page: Page = file.fetch(json.loads(json.dumps(cursor)))
        mentions += page.mentions
        broken += page.broken
        assert page.cursor != cursor or not page.more
        cursor = page.cursor
        if not page.more:
            return mentions, broken, cursor


def read(path: Path, content: bytes, polls: int = 2) -> tuple[list[str], list[str]]:
    """The texts and the broken places of a file that stands still."""
    path.write_bytes(content)
    texts: dict[str, str] = {}
    places: dict[str, None] = {}
    cursor: Mapping[str, Any] = {}
    file = follow(path)
    for _ in range(polls):
        mentions, broken, cursor = poll(file, cursor)
        texts |= {mention.external_id: mention.text for mention in mentions}
        places |= {item.where: None for item in broken}
    return list(texts.values()), list(places)


def jsonl(*texts: str) -> bytes:
    return b"".join(json.dumps({"id": f"p{n}", "text": text}).encode() + b"\n" for n, text in enumerate(texts))


def test_every_line_of_an_export_becomes_a_post(tmp_path: Path) -> None:
    record = {
        "id": 17, "text": "hilineb", "author": "@mari", "posted_at": "2026-11-23T13:00:00+02:00", "url": "https://a/17",
        "thread_id": "t", "reply_to": "16", "followers": "120", "lang": "et",
    }  # fmt: skip
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    (mention,) = follow(tmp_path / "a.jsonl").fetch({}).mentions
    assert mention == Mention(
        platform="file", external_id="17", thread_id="t", text="hilineb", author="mari",
        posted_at=NOON.replace(hour=11), url="https://a/17", reply_to="16", followers=120, lang="et",
    )  # fmt: skip
    (tmp_path / "a.csv").write_text(
        "\ufeffID,Text,author,posted_at,url,thread_id,reply_to,followers,lang\r\n"
        "17,hilineb,@mari,2026-11-23 11:00,https://a/17,t,16,120,et\r\n"
    )
    assert follow(tmp_path / "a.csv").fetch({}).mentions == [mention]


def test_a_post_that_says_nothing_of_its_time_is_as_old_as_its_first_reading(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "late"}\n{"text": "late", "posted_at": 1795435200}\n')
    first, second = follow(tmp_path / "a.jsonl").fetch({}).mentions
    assert (first.posted_at, second.posted_at) == (NOON, NOON)
    assert first.external_id != second.external_id


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{}", "no text"),
        (b'{"text": " "}', "no text"),
        (b'{"text": 5}', "no text"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"text": "a"', "not JSON"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
        (b"\0\0\0", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "Exceeds the limit"),
        (b'{"text": "a", "id": {}}', "id: '{}' is neither text nor a number"),
        (b'{"text": "a", "id": "' + b"x" * 301 + b'"}', "id: longer than 300 characters"),
        (b'{"text": "a", "author": "' + b"x" * 301 + b'"}', "author: longer than 300 characters"),
        (b'{"text": "a", "posted_at": "yesterday"}', "posted_at: 'yesterday' is not a time"),
        (b'{"text": "a", "posted_at": "0001-01-01T00:00:00+05:00"}', "is not a time"),
        (b'{"text": "a", "posted_at": "9999-12-31T23:59:59-05:00"}', "is not a time"),
        (b'{"text": "a", "posted_at": "1601-01-01"}', "is before 1990"),
        (b'{"text": "a", "posted_at": 1e30}', "is not a time"),
        (b'{"text": "a", "posted_at": NaN}', "is not a time"),
        (b'{"text": "a", "posted_at": {}}', "is not a time"),
        (b'{"text": "a", "posted_at": true}', "is before 1990"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_broken_line_is_named_with_its_number_and_costs_no_other(tmp_path: Path, line: bytes, why: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl("one") + b"\n" + line + b"\n" + jsonl("two"))
    page = follow(tmp_path / "a.jsonl").fetch({})
    assert [mention.text for mention in page.mentions] == ["one", "two"]
    (broken,) = page.broken
    assert broken.where == "line 3"
    assert why in broken.why


def test_odd_but_readable_values_are_taken(tmp_path: Path) -> None:
    lines = (
        b'{"text": "\\ud800 half", "id": "\\u0000"}\n'
        b'{"text": "b", "followers": "many", "lang": "' + b"x" * 99 + b'"}\n'
        b'{"text": "c", "followers": Infinity, "url": null}\n'
        b'{"text": "d", "followers": -5, "author": 7}\n'
    )
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + lines.replace(b"\n", b"\r\n"))
    page = follow(tmp_path / "a.jsonl").fetch({})
    assert [mention.text for mention in page.mentions] == ["\ufffd half", "b", "c", "d"]
    assert [mention.followers for mention in page.mentions] == [None, None, None, 0]
    assert page.mentions[1].lang == "x" * 50
    assert page.mentions[3].author == "7"


def test_a_line_of_ten_megabytes_is_read_and_one_of_twenty_is_named(tmp_path: Path) -> None:
    texts, places = read(tmp_path / "a.jsonl", jsonl("one", "x" * 10_000_000, "y" * 20_000_000, "two"))
    assert [text[:5] for text in texts] == ["one", "xxxxx", "two"]
    assert places == ["line 3"]
    csv_file = b"id,text\n1,one\n2," + b"x" * 10_000_000 + b"\n3," + b"y" * 20_000_000 + b"\n4,two\n"
    texts, places = read(tmp_path / "a.csv", csv_file)
    assert [text[:5] for text in texts] == ["one", "xxxxx", "two"]
    assert places == ["line 4"]
    assert LONGEST == 16_000_000


def test_a_long_file_comes_in_pages(tmp_path: Path) -> None:
    texts, places = read(tmp_path / "a.jsonl", jsonl(*(f"n{number}" for number in range(2 * LINES + 5))))
    assert len(texts) == 2 * LINES + 5
    assert places == []


def test_only_new_lines_of_a_growing_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl("one", "two"))
    file = follow(path)
    _, _, cursor = poll(file, {})
    assert poll(file, cursor)[0] == []
    with path.open("ab") as more:
        more.write(b'{"text": "three"}\n')
    mentions, _, cursor = poll(file, cursor)
    assert [mention.text for mention in mentions] == ["three"]


def test_a_post_without_a_line_end_arrives_at_once_and_half_a_post_waits_for_its_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": 1, "text": "one"}\n{"id": 2, "text": "two"}')
    file = follow(path)
    mentions, _, cursor = poll(file, {})
    assert [mention.text for mention in mentions] == ["one", "two"]
    with path.open("ab") as more:
        more.write(b'\n{"id": 3, "te')
    mentions, broken, cursor = poll(file, cursor)
    assert ([mention.text for mention in mentions], broken) == (["two"], [])
    with path.open("ab") as more:
        more.write(b'xt": "three"}\n')
    mentions, broken, cursor = poll(file, cursor)
    assert ([mention.text for mention in mentions], broken) == (["three"], [])


def test_half_a_post_is_not_given_up_between_two_pages_of_one_poll(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(jsonl(*("x" * LINES)) + b'{"id": "last", "te')
    file = follow(path)
    _, broken, cursor = poll(file, {})
    assert broken == []
    with path.open("ab") as more:
        more.write(b'xt": "whole"}\n')
    mentions, broken, _ = poll(file, cursor)
    assert ([mention.text for mention in mentions], broken) == (["whole"], [])


def test_half_a_row_of_a_table_is_never_taken_for_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    steps = [b"id,te", b"xt\n1,my par", b'cel is late\n2,"two\n', b'lines"\n3,three']
    file, cursor, seen = follow(path), {}, []
    for step in steps:
        with path.open("ab") as more:
            more.write(step)
        mentions, broken, cursor = poll(file, cursor)  # type: ignore[assignment]
        seen += [mention.text for mention in mentions]
        assert broken == []
    assert seen == ["my parcel is late", "two\nlines"]
    assert [mention.text for mention in poll(file, cursor)[0]] == ["three"]


def test_an_unclosed_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    rows = b'1,"never closed\n2,two\n3,"th""ree"\n4,stray " quote\n5,another " one\n'
    assert read(tmp_path / "a.csv", HEADER + rows) == (["two", 'th"ree', 'stray " quote', 'another " one'], ["line 2"])
    assert read(tmp_path / "b.csv", HEADER + b'1,one\n2,"never closed\n') == (["one"], ["line 3"])
    tall = b'1,"' + b"\n" * TALLEST + b"2,two\n"
    assert read(tmp_path / "c.csv", HEADER + tall) == (["two"], ["line 2"])


def test_line_breaks_inside_quotes_belong_to_the_post(tmp_path: Path) -> None:
    rows = b'1,"first\r\nsecond\n\nthird",mari\r\n2,"a \xe2\x80\xa8 b",jaan\r\n3,plain \xc2\x85 text,kai\r\n'
    texts, places = read(tmp_path / "a.csv", HEADER + rows)
    assert texts == ["first\r\nsecond\n\nthird", "a \u2028 b", "plain \x85 text"]
    assert places == []


def test_rows_that_do_not_fit_the_header_are_named(tmp_path: Path) -> None:
    rows = b"1,one,mari,too,many\n2\n\n3,three\n4,f\rive\n\xff,x\n"
    texts, places = read(tmp_path / "a.csv", HEADER + rows)
    assert texts == ["three"]
    assert places == ["line 2", "line 3", "line 6", "line 7"]


@pytest.mark.parametrize("content", [b"", b"\n\n", HEADER, HEADER[:-1], b"\xef\xbb\xbf" + HEADER])
def test_a_table_without_rows_holds_no_posts(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "a.csv", content) == ([], [])


@pytest.mark.parametrize("between", [b";", b"\t"])
def test_a_table_may_have_semicolons_or_tabs_as_spreadsheets_write_them(tmp_path: Path, between: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfid%btext\r\n1%bone, two\r\n" % (between, between))
    file = follow(path)
    mentions, broken, cursor = poll(file, {})
    with path.open("ab") as grows:
        grows.write(b'2%b"three;\tfour"\r\n' % between)
    more, _, _ = poll(file, cursor)
    assert ([mention.text for mention in mentions + more], broken) == (["one, two", "three;\tfour"], [])


@pytest.mark.parametrize("header", [b"id,author\n", b"\xff\xfei\0d\0\n", b"a\rtext\rb\n", b"1,hello\n"])
def test_a_table_without_a_text_column_is_a_mistake_of_the_whole_source(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(header + b"1,x\n")
    with pytest.raises(Permanent, match=r"a\.csv: its first line"):
        follow(tmp_path / "a.csv").fetch({})


def test_a_file_put_in_the_place_of_another_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(HEADER)
    file = follow(path)
    _, _, cursor = poll(file, {})
    for content, expected in [
        (HEADER + b"1,one,mari\n", ["one"]),
        (HEADER + b"2,another file,jaan\n3,and longer,jaan\n", ["another file", "and longer"]),
        (HEADER + b"4,shorter,kai\n", ["shorter"]),
        (b"", []),
        (b"text,id\nother columns,5\n", ["other columns"]),
    ]:
        path.write_bytes(content)
        mentions, broken, cursor = poll(file, cursor)
        assert ([mention.text for mention in mentions], broken) == (expected, [])


def test_a_file_that_cannot_be_opened_is_told_by_its_name(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.jsonl", tmp_path):
        with pytest.raises(Permanent, match=str(path)):
            follow(path).fetch({})
        with pytest.raises(Permanent, match=str(path)):
            follow(path).login()


def test_login_says_what_the_file_begins_with(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(jsonl("one", "two") + b"junk\n")
    assert follow(tmp_path / "a.jsonl").login().endswith("a.jsonl: 2 posts, 1 broken lines at its beginning")


JUNK = st.binary(max_size=40)
POST = st.text(min_size=1, max_size=20).filter(str.strip)
JSON_LINE = POST.map(lambda text: json.dumps({"text": text}).encode())
HALF_LINE = st.tuples(JSON_LINE, st.integers(1, 30)).map(lambda pair: pair[0][: -pair[1]])
LINE = st.one_of(JSON_LINE, HALF_LINE, JUNK, st.just(b""))


def _is_post(line: bytes) -> str | None:
    """By another road than the connector's: the text of a readable line."""
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    text = record.get("text") if isinstance(record, dict) else None
    return text if isinstance(text, str) and text.strip() else None


@given(lines=st.lists(LINE, max_size=12), end=st.sampled_from([b"", b"\n", b"\r\n"]), data=st.data())
@settings(max_examples=100, deadline=None)
def test_however_a_file_grows_and_whenever_the_process_dies_no_line_is_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], end: bytes, data: st.DataObject
) -> None:
    content = b"\n".join(line.replace(b"\n", b" ") for line in lines) + end
    path = tmp_path_factory.mktemp("grow") / "a.jsonl"
    path.touch()
    file, cursor, written = follow(path), {}, 0
    texts: set[str] = set()
    places: set[str] = set()
    while written < len(content):
        step = data.draw(st.integers(1, max(1, len(content) // 3)))
        with path.open("ab") as more:
            more.write(content[written : written + step])
        written += step
        for _ in range(data.draw(st.sampled_from([0, 1, 1, 2]), label="crashes before it")):
            file.fetch(cursor)  # a page whose cursor was never saved
        page = file.fetch(cursor)
        texts |= {mention.text for mention in page.mentions}
        places |= {item.where for item in page.broken}
        cursor = dict(page.cursor)
    for _ in range(2):
        mentions, broken, last = poll(file, cursor)
        texts |= {mention.text for mention in mentions}
        places |= {item.where for item in broken}
        cursor = dict(last)
    found = content.split(b"\n")
    expected = {text for line in found if (text := _is_post(line))}
    assert texts >= {_stored(text) for text in expected}
    assert places == {f"line {n}" for n, line in enumerate(found, 1) if line.strip() and _is_post(line) is None}


def _stored(text: str) -> str:
    return text.replace("\0", "\ufffd")


@given(content=st.binary(max_size=300), name=st.sampled_from(["a.jsonl", "a.csv"]))
@example(content=b'text\n"\n"\n', name="a.csv")
@example(content=b"text\n\r\r\n", name="a.csv")
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_to_their_end(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(b"text,id\n" + content if name == "a.csv" else content)
    file = follow(path)
    _, _, cursor = poll(file, {})
    _, _, cursor = poll(file, cursor)
    assert cursor["offset"] == path.stat().st_size
    assert poll(file, cursor)[:2] == ([], [])


CELL = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@given(texts=st.lists(CELL, min_size=1, max_size=12), data=st.data(), dialect=st.sampled_from(["excel", "unix"]))
@settings(max_examples=100, deadline=None)
def test_every_table_that_a_spreadsheet_writes_is_read_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], data: st.DataObject, dialect: str
) -> None:
    written = io.StringIO()
    table = csv.writer(written, dialect=dialect)
    table.writerows([["id", "text"], *([f"p{number}", text] for number, text in enumerate(texts))])
    content = written.getvalue().encode()
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.touch()
    file, cursor, done = follow(path), {}, 0
    found: dict[str, str] = {}
    while done < len(content):
        step = data.draw(st.integers(1, len(content)))
        with path.open("ab") as more:
            more.write(content[done : done + step])
        done += step
        page = file.fetch(cursor)
        found |= {mention.external_id: mention.text for mention in page.mentions}
        assert page.broken == []
        cursor = dict(page.cursor)
    for _ in range(2):
        mentions, broken, last = poll(file, cursor)
        found |= {mention.external_id: mention.text for mention in mentions}
        assert broken == []
        cursor = dict(last)
    assert found == {f"p{number}": _stored(text) for number, text in enumerate(texts)}
