"""Why a post was flagged: the words are the customer's own, whole, and those that added most."""

from hypothesis import given
from hypothesis import strategies as st

from classifiers.why import LONGEST, MOST, why


def spans_of(text: str, size: int) -> list[tuple[int, int]]:
    return [(start, min(start + size, len(text))) for start in range(0, len(text), size)]


def test_the_strongest_words_come_first_and_weak_ones_are_left_out() -> None:
    text = "my parcel is lost and nobody answers"
    shares = {"my": 0.1, "parcel": 0.2, "is": 0.1, "lost": 2.0, "and": 0.1, "nobody": 3.0, "answers": 0.3}
    spans = [(text.index(word), text.index(word) + len(word)) for word in shares]
    assert why(text, spans, list(shares.values())) == ("nobody", "lost")


def test_a_stretch_that_cuts_a_word_names_the_whole_of_it() -> None:
    assert why("klienditugi ei vasta", [(5, 13)], [1.0]) == ("klienditugi ei",)


def test_neighbours_are_one_phrase() -> None:
    text = "third week without internet, thanks"
    assert why(text, [(0, 5), (6, 10), (29, 35)], [1.0, 0.8, 0.9]) == ("third week", "thanks")


def test_a_short_word_tells_nothing_beside_others() -> None:
    text = "So @lainepost charged me twice"
    assert why(text, [(0, 2), (14, 24), (25, 30)], [2.0, 1.0, 1.0]) == ("charged me twice",)
    assert why("So", [(0, 2)], [1.0]) == ("So",)


def test_handles_links_and_signs_are_never_named() -> None:
    text = "@pohjanet http://x.example/a !!! broken"
    spans = [(0, 9), (10, 28), (29, 32), (33, 39)]
    assert why(text, spans, [5.0, 4.0, 3.0, 2.5]) == ("broken",)


def test_a_text_in_which_nothing_adds_names_nothing() -> None:
    assert why("good morning", [(0, 4), (5, 12)], [-1.0, 0.0]) == ()
    assert why("", [], []) == ()


@given(st.text(max_size=120), st.integers(1, 9), st.data())
def test_whatever_is_named_stands_in_the_text(text: str, size: int, data: st.DataObject) -> None:
    spans = spans_of(text, size)
    shares = data.draw(st.lists(st.floats(-5, 5), min_size=len(spans), max_size=len(spans)))
    named = why(text, spans, shares)
    assert len(named) <= MOST
    for phrase in named:
        assert phrase.removesuffix("…") in text
        assert 0 < len(phrase) <= LONGEST
