"""Turns a week's digest into Slack blocks: the sentences, the figures, and where to read on."""

from alerts.base import Digest
from alerts.markup import Block, escape, header, plain, rich, text
from alerts.words import line, safe_url, shorten


def render(digest: Digest) -> tuple[str, list[Block]]:
    """Text for notifications, and blocks; its charts are files of their own."""
    sentences = [shorten(words, 600, lines=2) for words in digest.sentences]
    blocks: list[Block] = [
        header(digest.title),
        {"type": "section", "text": plain("\n".join(sentences))},
        rich(_figures(digest)),
    ]
    if links := [part for part in (_link(url, words) for url, words in digest.links) if part]:
        blocks.append(rich(*links))
    return escape(f"{line(digest.title, 140)} · {sentences[0]}"), blocks


def _figures(digest: Digest) -> Block:
    rows: list[Block] = []
    for label, value, note in digest.figures:
        rows += [
            text(f"{line(label, 60)}: "),
            text(line(value, 60), bold=True),
            text(f" ({line(note, 60)})\n" if note else "\n"),
        ]
    return {"type": "rich_text_section", "elements": rows}


def _link(url: str, words: str) -> Block | None:
    safe = safe_url(url)
    if safe is None:
        return None
    return {"type": "rich_text_section", "elements": [{"type": "link", "url": safe, "text": line(words, 200)}]}
