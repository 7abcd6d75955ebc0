"""Which posts are left out: what is no customer's, what is somebody else's text; and what must stay."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from alerts.case import NotAllowed
from connectors.base import Found, Mention, Watch
from monitor.cli.entrance import FAILED, OK
from monitor.config.model import KINDS, Relevance
from monitor.copies import fingerprint, is_copy
from monitor.filtered import left_out, reasons, restore
from monitor.jobs.collect import save
from monitor.relevance import TABLE, Sieve, matching, may_complain
from monitor.schema import fingerprints, mentions
from monitor.store import Store
from tests.desk import LAINEPOST, NOON, Desk, minutes
from tests.test_cli import Office

VIRAL = "Lainepost has lost the parcels of a whole street in Tartu and the refund is late"
AD = "20% off all Lainepost shipments this weekend with code WAVE20! Link in bio"
BRAND = Watch(brand="Lainepost", keywords=("Lainepost", "Laine"), exclude=("vacancy",), handles=("lainepost",))


def why(text: str, rules: Relevance | None = None, author: str = "mari", *, reply: bool = False) -> str | None:
    """Why the post alone is left out."""
    return Sieve(BRAND, rules or Relevance()).reason(text, author, reply=reply)


def with_rules(desk: Desk, rules: Relevance) -> None:
    """The desk starts again with other rules."""
    desk.config = replace(desk.config, brands={"Lainepost": replace(LAINEPOST, relevance=rules)})
    desk.restart()


def reasons_of(desk: Desk) -> dict[str, str | None]:
    """Of every post that is stored, why it is left out."""
    with desk.app.store.read() as connection:
        return dict(connection.execute(select(mentions.c.external_id, mentions.c.skipped)).all())  # type: ignore[arg-type]


def seen(desk: Desk) -> list[str]:
    """The texts that got a verdict."""
    return desk.app.classifier.seen  # type: ignore[attr-defined,no-any-return]


# what is left out for itself


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("jobs", "Lainepost is growing: we're hiring riders in Tartu, own bike or borrow ours"),
        ("jobs", "Lainepost otsib Tartusse kullerit, palk 1600 eurot bruto, kandideeri kodulehel"),
        ("jobs", "В Лайнепост требуются курьеры, свободный график, оплата от 8 евро"),
        ("jobs", "Lainepost meklē kurjeru Rīgā, alga no 1200 eiro, CV sūti līdz piektdienai"),
        ("jobs", "Lainepost ieško kurjerio Vilniuje, atlyginimas nuo 1300 eurų, lankstus grafikas"),
        ("jobs", "Etsimme kuljettajaa Lainepostille Tampereelle, ajokortti B riittää, hae linkistä"),
        ("ads", AD),
        ("ads", "Müün Lainepostiga saadetavaid pappkaste, 40 tk, hind 10 €"),
        ("ads", "Промокод WAVE20: доставка Лайнепост дешевле на 20 %, успей до пятницы"),
        ("ads", "Tikai šonedēļ Lainepost sūtījumi par 1 €, piesakies lietotnē"),
        ("ads", "Lainepost siuntoms 20 % nuolaida su kodu WAVE20, užsisakyk programėlėje"),
        ("ads", "Lainepostin paketit -20 % koodilla WAVE20, tilaa tänään"),
        ("news", "Lainepost will open a depot in June, a spokesperson confirmed"),
        ("news", "Lainepost avab sügisel Pärnus keskuse, teatas ettevõtte pressiesindaja"),
        ("news", "Лайнепост откроет склад в Нарве, сообщает пресс-служба"),
        ("news", "Lainepost atvērs noliktavu Liepājā, vēsta portāls"),
        ("news", "Lainepost atidarys sandėlį Kaune, praneša spaudos tarnyba"),
        ("news", "Lainepost avaa ensi vuonna terminaalin Turkuun, kertoo yhtiön tiedote"),
    ],
)
def test_what_is_no_customers_post_is_left_out_in_every_language(kind: str, text: str) -> None:
    reason = why(text)
    assert reason is not None
    assert reason.startswith(f"{kind}: ")
    assert why(text, Relevance(skip=tuple(set(KINDS) - {kind}))) is None


@pytest.mark.parametrize(
    "text",
    [
        "20% off this weekend with code WAVE20, link in bio, but the code is not accepted",
        "20% off this weekend with code WAVE20, link in bio @lainepost?",
        "promo code rejected at checkout https://pic.example/1",
        "Ordered with code WAVE20 for 20% off, full amount taken",
        "20% off with code WAVE20, they said. At checkout: full amount https://pic.example/1",
        "The company said Monday. It is Friday",
        "Officials said the locker opens in May. It is July",
        "We're hiring! signs on every van while parcels pile up in the yard",
        "Lainepost is hiring. Answering mails comes last apparently",
        "The council said the street light gets fixed by May, it is July",
        "Lubati 20% koodiga, kassas täishind",
        "Pakkumine kehtib kuni reedeni, neljapäeval letis: otsas",
        "Klienditeenindus kirjutas, et leht jõuab homme. Homme oli eile",
        "Kohalik leht jõudis kohale märjana",
        "Ettevõte teatas, et pakk tuleb esmaspäeval. Täna on reede",
        "Lainepost otsib kullereid, palk 1600. Sellepärast pakid laos virnas",
        "Tule tööle Lainepostile, seal makstakse kaotatud pakkide eest",
        "Müüa üks Lainepostis kaotsi läinud telefon, hind 300 €",
        "Loosime: kes saab enne oma paki kätte. Võitja selgub jõuluks",
        "Оператор сообщил, что курьер приедет в среду. Сегодня пятница",
        "Компания сообщает: посылка доставлена. Ячейка пустая",
        "Скидки до 70 %, в корзине полная цена",
        "Промокод на 20 % до пятницы, в четверг корзина его отвергла",
        "Требуются курьеры, зарплата. Видимо поэтому посылки лежат на складе",
        "Розыгрыш: чья посылка дойдёт первой. Итоги в феврале",
        "Uzņēmums informē, ka sūtījums piegādāts. Skapītis tukšs",
        "Tikai līdz piektdienai -20 %, grozā pilna summa",
        "Meklē kurjerus ar algu no 1200 eiro, pakas stāv noliktavā",
        "Operators ziņo: traucējumi novērsti. Internets klusē",
        "Izloze: kurš pirmais saņems paku. Uzvarētājs pavasarī",
        "Yhtiö ilmoitti että paketti tulee maanantaina. Nyt on perjantai",
        "Tarjous voimassa sunnuntaihin, hyllyssä tyhjää",
        "Koodilla -20 %, kassa veloitti täyden summan",
        "Etsimme pakettia kolmatta kertaa, hae itse sanoo kuski",
        "Kertoo yhtiön tiedote: kaikki toimii. Lokero tyhjä",
        "Praneša bendrovė: siunta pristatyta. Dėžutė tuščia",
        "20 % nuolaida su kodu, krepšelyje visa suma",
        "Ieško kurjerių su lanksčiu grafiku, siuntos guli sandėlyje",
        "Parduodu dėžutę be siuntos, kaina derinama",
        "Selling one empty Lainepost box, 40 quid, the phone inside went elsewhere",
        "For sale: a parcel code that opens an empty locker, €20",
        "Giveaway! Tag a friend whose parcel Lainepost left in the rain",
        "#ad says 20% off, basket says 0",
    ],
)
def test_a_complaint_in_the_words_of_an_offer_an_employer_or_a_newspaper_stays(text: str) -> None:
    assert why(text) is None


def test_a_reply_is_no_advertisement_and_no_news() -> None:
    assert why(AD) is not None
    assert why(AD, reply=True) is None


def test_a_common_word_needs_a_word_that_tells_it_is_the_brand() -> None:
    rules = Relevance(ambiguous={"Laine": ("pak", "saadet", "kuller")})
    assert why("Suur laine lõi üle kai", rules) == "ambiguous: Laine"
    assert why("Suur laine lõi üle kai") is None
    for text in (
        "Laine jättis paki vihma kätte",
        "Laine KULLERID on toredad",
        "laine, kus mu saadetis jääb",
        "Suur laine ja Lainepost",
        "@lainepost suur laine",
        "Kus mu asi on",
    ):
        assert why(text, rules) is None, text


def test_authors_who_are_no_customers_are_known_by_their_names() -> None:
    rules = Relevance(not_from=("*_bot", "@Jobs*"))
    assert why("my parcel is late", rules, "parcel_BOT") == "not_from: *_bot"
    assert why("my parcel is late", rules, "@jobs_ee") == "not_from: @Jobs*"
    assert why("my parcel is late", rules, "robotmari") is None
    assert why("my parcel is late", rules, "") is None


def test_an_excluded_word_comes_before_all_else() -> None:
    assert why("a vacancy: " + AD, Relevance(not_from=("mari",))) == "excluded by 'vacancy'"


def test_a_retweet_of_nothing_that_matters_is_left_out() -> None:
    assert why("RT @tallinn: Lainepost opens in Pärnu") == "retweet"
    assert why("RT @tallinn: Lainepost opens in Pärnu", Relevance(skip=("copies",))) is None
    assert why("so true! RT @tallinn: Lainepost opens in Pärnu") is None
    assert why("RT @mari: my parcel is lost, Lainepost") is None


def test_every_line_of_the_table_is_a_rule_of_a_known_kind() -> None:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    for line in lines:
        kind, language, rule = line.split(None, 2)
        assert kind in {"keep", *KINDS}, line
        assert language in {"en", "et", "ru", "lv", "lt", "fi"}, line
        words = [part.split(" / ")[-1] for part in rule.split(" + ")]
        text = (
            " ".join(words).replace("{price}", "5 €").replace("{percent}", "5 %").replace("{link}", "https://a.example")
        )
        text = text.replace("*", "x")
        assert may_complain(text) if kind == "keep" else any(kind == met for met, _, _ in matching(text, [kind])), line


def test_hardly_a_complaint_written_for_training_meets_a_rule() -> None:
    posts = [
        json.loads(line)
        for file in Path("classifiers/data").glob("*-*.jsonl")
        for line in file.read_text("utf-8").splitlines()
    ]
    complaints = [post["text"] for post in posts if post["complaint"]]
    lost = [text for text in complaints if why(text)]
    assert len(complaints) > 1000
    assert len(lost) <= len(complaints) / 1000, lost


# at the desk


def test_an_advertisement_gets_no_verdict_and_is_listed_with_its_reason(desk: Desk) -> None:
    desk.post(AD, "kuponguru")
    desk.post("late again, Lainepost")
    desk.tick()
    assert seen(desk) == ["late again, Lainepost"]
    (post,) = left_out(desk.app.store)
    assert (post.brand, post.platform, post.author, post.text) == ("Lainepost", "chat", "kuponguru", AD)
    assert post.reason == "ads: {percent} off + link in bio"
    assert reasons(desk.app.store) == [("ads", 1)]
    assert desk.app.audit() == []


def test_a_complaint_that_everybody_copies_opens_one_case_and_is_counted(desk: Desk) -> None:
    desk.post(VIRAL, "mari")
    for number in range(40):
        desk.post(
            f"{VIRAL.upper() if number % 2 else VIRAL}! {'😡' * number} https://x.example/{number}", f"user{number}"
        )
    desk.tick()
    assert [story.case.author for story in desk.stories] == ["mari"]
    desk.post(f"RT @mari: {VIRAL}", "late_to_the_party")
    desk.tick(60 * 24)
    assert reasons(desk.app.store) == [("copy of p1", 41)]
    assert len(left_out(desk.app.store, reason="copy", limit=7)) == 7
    assert len(seen(desk)) == 1


def test_after_some_days_the_same_words_are_heard_again(desk: Desk) -> None:
    desk.post(VIRAL, "mari")
    desk.tick()
    desk.clock.forward(60 * 24 * 3 + 1)
    desk.post(VIRAL, "jaan")
    desk.tick()
    assert {story.case.author for story in desk.stories} == {"mari", "jaan"}


def test_the_same_customer_elsewhere_is_not_taken_for_a_copy(desk: Desk) -> None:
    desk.post(VIRAL, "mari")
    desk.post(VIRAL, "Mari")
    desk.post(VIRAL, "")
    desk.tick()
    assert reasons(desk.app.store) == []
    assert sorted(len(story.complaints) for story in desk.stories) == [1, 2]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("still no parcel, it is late", "still no parcel, it is late"),
        (VIRAL + ", order 4711", VIRAL + ", order 4712"),
        (VIRAL, VIRAL + " not"),
        (VIRAL, "Mine too! " + VIRAL),
        (VIRAL, "In Narva everything came on time, in Tartu the refund is late and a street has lost its parcels"),
        (VIRAL, "RT @jaan: something else that is late, said in as many other words as this"),
    ],
)
def test_customers_with_the_same_trouble_are_all_heard(desk: Desk, first: str, second: str) -> None:
    desk.post(first, "mari")
    desk.post(second, "jaan")
    desk.tick()
    assert {story.case.author for story in desk.stories} == {"mari", "jaan"}


def test_a_copy_that_lost_its_end_its_accents_or_a_letter_is_a_copy() -> None:
    first = "Lainepost kaotas terve tänava pakid ära ja klienditugi ei vasta juba kolmandat päeva kellelegi"
    for text in (
        "LAINEPOST KAOTAS TERVE TÄNAVA PAKID ÄRA JA KLIENDITUGI EI VASTA JUBA KOLMANDAT PÄEVA",
        "@lainepost kaotas terve tanava pakid ara, ja klienditugi ei vasta juba kolmandat paeva kellelegi!!! 😡",
        "Lainepost kaotas terve tänava pakid ära ja klienditugi ei vasta juba kolmandat pääva kellelegi",
    ):
        assert is_copy(text, first), text
        assert set(fingerprint(text, "x")) & set(fingerprint(first, "x")), text
        assert not set(fingerprint(text, "x")) & set(fingerprint(first, "y"))


def test_who_wrote_first_is_heard_even_when_the_copy_is_found_first(desk: Desk) -> None:
    desk.post(VIRAL, "jaan")
    desk.app.collect_due()
    desk.post(VIRAL, "mari", ago=30)
    desk.tick(2)
    assert reasons_of(desk) == {"p1": "copy of p2", "p2": None}
    assert [story.case.author for story in desk.stories] == ["mari"]


def test_who_is_in_a_case_stays_there_when_the_first_to_write_is_found(desk: Desk) -> None:
    desk.post(VIRAL, "jaan")
    desk.tick()
    desk.post(VIRAL, "mari", ago=30)
    desk.tick(2)
    assert {story.case.author for story in desk.stories} == {"jaan", "mari"}


def test_who_passes_a_complaint_on_does_not_silence_who_wrote_it(desk: Desk) -> None:
    desk.post(f"RT @mari: {VIRAL}", "jaan", ago=5)
    desk.post(VIRAL, "mari")
    desk.post(f"RT @mari: {VIRAL}", "peeter")
    desk.tick()
    assert {story.case.author for story in desk.stories} == {"jaan", "mari"}


def test_posts_around_a_case_are_never_left_out(desk: Desk) -> None:
    rules = Relevance(not_from=("*_bot",))
    with_rules(desk, rules)
    case = desk.post(VIRAL, "mari")
    desk.tick()
    desk.post("vacancy, all the same", "jaan", thread=case.thread_id)
    desk.post(AD, "mari")
    offer = desk.post("New lockers in Tartu", "lainepost")
    desk.post("and the old ones", "parcel_bot", thread="elsewhere", reply_to=offer.external_id)
    desk.post("and the old ones", "parcel_bot", thread="elsewhere")
    desk.tick(1)
    assert reasons_of(desk) == {"p1": None, "p2": None, "p3": None, "p4": None, "p5": None, "p6": "not_from: *_bot"}


def test_an_edit_is_looked_at_anew(desk: Desk) -> None:
    post = desk.post(AD, "mari")
    desk.tick()
    assert desk.stories == []
    desk.edit(post, "the code of the advertisement is not accepted, I want a refund")
    desk.platform.posts.append(desk.platform.posts[0])
    desk.tick(1)
    assert [story.case.author for story in desk.stories] == ["mari"]
    other = desk.post("a question, Lainepost", "jaan")
    desk.tick(1)
    desk.platform.posts.append(replace(other, text=AD))
    desk.tick(1)
    assert [post.author for post in left_out(desk.app.store)] == ["jaan"]


def test_when_the_first_post_changes_one_of_its_copies_is_heard(desk: Desk) -> None:
    first = desk.post(VIRAL, "mari")
    for author in ("jaan", "peeter"):
        desk.clock.forward(1)
        desk.post(VIRAL, author)
    desk.app.collect_due()
    desk.platform.posts.append(replace(first, text="never mind, Lainepost"))
    desk.tick(1)
    assert reasons_of(desk) == {"p1": None, "p2": None, "p3": "copy of p2"}
    assert [story.case.author for story in desk.stories] == ["jaan"]


def test_when_the_first_post_is_deleted_one_of_its_copies_is_heard(desk: Desk) -> None:
    desk.post(VIRAL, "mari")
    desk.post(VIRAL, "jaan")
    desk.tick()
    desk.platform.gone.add("p1")
    desk.tick(60 * 25)
    assert reasons_of(desk)["p2"] is None
    assert {story.case.author for story in desk.stories} == {"deleted-1", "jaan"}
    with desk.app.store.read() as connection:
        known = connection.scalars(select(fingerprints.c.mention_id).distinct()).all()
    assert known == [2]


def test_what_is_put_back_is_judged_and_stays_through_polls_and_edits(desk: Desk) -> None:
    desk.post(VIRAL, "mari")
    copy = desk.post(VIRAL, "jaan")
    desk.tick()
    restore(desk.app.store, 2, desk.clock())
    desk.tick(1)
    assert {story.case.author for story in desk.stories} == {"mari", "jaan"}
    advert = desk.post(AD, "kuponguru")
    desk.tick(1)
    restore(desk.app.store, 3, desk.clock())
    desk.platform.posts += [copy, replace(advert, text=AD + " #ad")]
    desk.tick(1)
    desk.tick(1)
    assert set(reasons_of(desk).values()) == {None}
    assert seen(desk)[-1] == AD + " #ad"


def test_only_what_is_left_out_can_be_put_back(desk: Desk) -> None:
    desk.post(AD, "kuponguru")
    desk.post("late again, Lainepost")
    desk.tick()
    for missing in (2, 99):
        with pytest.raises(NotAllowed, match=f"post {missing} is not among those left out"):
            restore(desk.app.store, missing, desk.clock())
    desk.platform.posts = []
    desk.tick(60 * 24 * 8)
    assert left_out(desk.app.store) == []
    assert reasons(desk.app.store) == []
    with pytest.raises(NotAllowed):
        restore(desk.app.store, 1, desk.clock())
    with desk.app.store.read() as connection:
        assert (
            connection.scalar(select(func.count()).select_from(fingerprints).where(fingerprints.c.mention_id == 1)) == 0
        )


def test_without_rules_everything_is_judged(desk: Desk) -> None:
    with_rules(desk, Relevance(skip=()))
    for author in ("mari", "jaan"):
        desk.post(VIRAL, author)
        desk.post(AD, author)
    desk.tick()
    assert len(seen(desk)) == 4
    with desk.app.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(fingerprints)) == 0


# the order in which posts arrive

WORDS = re.findall(
    r"\w+", "parcel late refund street tartu lost again courier silence money week answer locker code rain"
)
TEXTS = [
    " ".join(WORDS[:10]),
    " ".join([*WORDS[:9], "extra"]),
    " ".join([*WORDS[:8], "other", "words"]),
    " ".join(WORDS[:9]).upper() + "!",
    " ".join(WORDS[6:]),
    "RT @a: " + " ".join(WORDS[:10]),
    "short text",
    AD,
]


@dataclass(frozen=True)
class Post:
    """One post of a story about order: who wrote it when, and what it says in the end."""

    author: str
    minute: int
    text: str
    edited: str | None


POSTS = st.lists(
    st.builds(
        Post,
        author=st.sampled_from(["mari", "jaan", "peeter", "kadri", "lainepost"]),
        minute=st.integers(0, 5),
        text=st.sampled_from(TEXTS),
        edited=st.none() | st.sampled_from(TEXTS),
    ),
    min_size=1,
    max_size=9,
)


@pytest.fixture(scope="module")
def one_store() -> Iterator[Store]:
    store = Store("sqlite://")
    store.prepare()
    yield store
    store.close()


_brands = count()


def outcome(store: Store, pages: Iterable[Sequence[Mention]]) -> dict[str, str | None]:
    """What becomes of posts that arrive on these pages, of a brand of their own."""
    watch = Watch(brand=f"brand {next(_brands)}", keywords=("Lainepost",), handles=("lainepost",))
    for page in pages:
        with store.write() as connection:
            save(store, connection, "chat", Sieve(watch, Relevance()), Found(mentions=page), NOON)
    with store.read() as connection:
        rows = connection.execute(select(mentions).where(mentions.c.brand == watch.brand)).all()
        known = set(connection.scalars(select(fingerprints.c.mention_id)))
    assert {row.id for row in rows if row.skipped is None} == {row.id for row in rows} & known
    return {row.external_id: row.skipped for row in rows}


def left(told: dict[str, str | None]) -> set[str]:
    return {external_id for external_id, reason in told.items() if reason}


def mention(number: int, post: Post, text: str) -> Mention:
    return Mention(
        platform="chat", external_id=f"p{number}", thread_id=f"p{number}", text=text, author=post.author,
        posted_at=NOON - minutes(60 - post.minute), url="",
    )  # fmt: skip


@given(posts=POSTS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_in_whatever_order_posts_arrive_and_are_edited_the_same_are_left_out(
    one_store: Store, posts: list[Post], data: st.DataObject
) -> None:
    last = [mention(number, post, post.edited or post.text) for number, post in enumerate(posts)]
    at_once = left(outcome(one_store, [last]))
    arrivals = data.draw(st.permutations([mention(number, post, post.text) for number, post in enumerate(posts)]))
    edits = data.draw(st.permutations([new for new, post in zip(last, posts, strict=True) if post.edited]))
    size = data.draw(st.integers(1, 4))
    steps = [*arrivals, *edits]
    by_and_by = outcome(one_store, [steps[start : start + size] for start in range(0, len(steps), size)])
    assert left(by_and_by) == at_once
    for post in last:
        reason = by_and_by[post.external_id] or ""
        assert not reason or post.author != "lainepost"
        if reason.startswith("copy of "):
            first = next(one for one in last if reason == f"copy of {one.external_id}")
            assert first.external_id not in at_once
            assert is_copy(post.text, first.text)
            assert (first.posted_at, first.external_id) < (post.posted_at, post.external_id)


@given(number=st.integers(2, 12), data=st.data())
@settings(max_examples=20, deadline=None)
def test_of_a_text_that_so_many_post_all_but_the_first_are_counted(
    one_store: Store, number: int, data: st.DataObject
) -> None:
    posts = [mention(at, Post(f"user{at}", at, "", None), VIRAL + "!" * at) for at in range(number)]
    arrived = data.draw(st.permutations(posts))
    assert outcome(one_store, [[post] for post in arrived]) == {
        post.external_id: "copy of p0" if at else None for at, post in enumerate(posts)
    }


# the command


def test_the_command_lists_what_was_left_out_and_puts_it_back(office: Office) -> None:
    rows = [
        {"id": "p1", "author": "kuponguru", "text": AD},
        {"id": "p2", "author": "mari", "text": VIRAL},
        {"id": "p3", "author": "jaan\u202e\x1b[31m", "text": VIRAL},
    ]
    office.posts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "No post was left out." in office.monitor("filtered").stdout
    office.monitor("tick")
    said = office.json("filtered")
    assert said["reasons"] == {"ads": 1, "copy of p2": 1}
    assert [post["reason"] for post in said["posts"]] == ["copy of p2", "ads: {percent} off + link in bio"]
    table = office.process("filtered").stdout
    assert "20% off all Lai" in table
    assert "     1  copy of p2" in table
    assert "\x1b" not in table
    assert "\u202e" not in table
    assert [post["id"] for post in office.json("filtered", "--reason", "ADS", "--limit", "1")["posts"]] == [1]
    assert office.json("filtered", "--brand", "Somebody")["posts"] == []
    assert office.json("filtered", "--reason", "%")["posts"] == []
    done = office.monitor("filtered", "--restore", "1")
    assert (done.exit_code, done.stdout) == (OK, "Post 1 is back: the next tick judges it.\n")
    again = office.monitor("filtered", "--restore", "1")
    assert (again.exit_code, again.stderr) == (FAILED, "Not done: post 1 is not among those left out.\n")
    assert office.json("filtered")["reasons"] == {"copy of p2": 1}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_many_copied_texts_are_summed_up(small_desk: Desk) -> None:
    for number in range(25):
        text = " ".join(f"{word}{number}" for word in WORDS)
        small_desk.post(text, "mari")
        small_desk.post(text, "jaan")
    small_desk.app.collect_due()
    counts = reasons(small_desk.app.store)
    assert len(counts) == 25
    assert sum(posts for _, posts in counts) == 25
    assert timedelta(days=3) == Relevance().copies_within
