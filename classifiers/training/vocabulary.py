"""Keeps the word pieces that our languages use and builds the tokenizer that ships with the model."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
ALPHABET = "".join(
    chr(point)
    for start, end in ((0x20, 0x250), (0x400, 0x460), (0x2010, 0x2040), (0x20A0, 0x20C0), (0x2600, 0x27C0),
                       (0x1F300, 0x1F6FF), (0x1F900, 0x1FA00))
    for point in range(start, end)
)  # fmt: skip
"""Characters never given up: Latin, Cyrillic, punctuation, currencies, emoji."""

Pieces = Sequence[tuple[str, float]]


def tokenizer(pieces: Pieces) -> Tokenizer:
    """A Unigram tokenizer over these pieces; handles and links become one word each before it cuts.

    A text that spells out a special piece, `<pad>` say, is cut like any other: the piece's own name ends in a space,
    which no word has.
    """
    named = [(f"{piece} " if piece in SPECIAL else piece, score) for piece, score in pieces]
    made = Tokenizer(models.Unigram(named, unk_id=SPECIAL.index("<unk>")))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(r"https?://\S+|www\.\S+"), "http"),
            normalizers.Replace(Regex(r"(?<!\w)@\w[\w.\-]*"), "@user"),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", SPECIAL.index("</s>"))]
    )
    made.enable_padding(pad_id=SPECIAL.index("<pad>"), pad_token="<pad> ")
    return made


def used(pieces: Pieces, texts: Mapping[str, Iterable[str]], size: int) -> list[int]:
    """Indices of the `size` pieces that serve these languages best, in the published order.

    `texts` holds texts by language; a piece counts by its share in the language that uses it most, so that a
    language with little text keeps its words.
    """
    full = tokenizer(pieces)
    full.no_padding()
    share: dict[int, float] = {}
    for lines in texts.values():
        counts: Counter[int] = Counter()
        for encoding in full.encode_batch_fast(list(lines), add_special_tokens=False):
            counts.update(encoding.ids)
        total = counts.total() or 1
        for piece, count in counts.items():
            share[piece] = max(share.get(piece, 0.0), count / total)
    letters = set(ALPHABET)
    kept = set(range(len(SPECIAL)))
    kept |= {index for index, (piece, _) in enumerate(pieces) if piece in letters or piece == "▁"}
    for index in sorted(share, key=share.__getitem__, reverse=True):
        if len(kept) >= size:
            break
        kept.add(index)
    return sorted(kept)
