"""Turns a week's digest into Slack blocks: the sentences, the figures, and where to read on."""

from typing import Any

from alerts.base import Digest
from alerts.story import safe_url
from alerts.words import line, shorten

Block = dict[str, Any]


def render(digest: Digest) -> tuple[str, list[Block]]:
    """Text for notifications, and blocks; its charts are files of their own."""
    sentences = [shorten(words, 600, lines=2) for words in digest.sentences]
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": line(digest.title, 140), "emoji": False}},
        {"type": "section", "text": {"type": "plain_text", "text": "\n".join(sentences), "emoji": False}},
        {"type": "rich_text", "elements": [_figures(digest)]},
    ]
    if links := [part for part in (_link(url, words) for url, words in digest.links) if part]:
        blocks.append({"type": "rich_text", "elements": links})
    return _escaped(f"{line(digest.title, 140)} · {sentences[0]}"), blocks


def _figures(digest: Digest) -> Block:
    rows: list[Block] = []
    for label, value, note in digest.figures:
        rows += [
            {"type": "text", "text": f"{line(label, 60)}: "},
            {"type": "text", "text": line(value, 60), "style": {"bold": True}},
            {"type": "text", "text": f" ({line(note, 60)})\n" if note else "\n"},
        ]
    return {"type": "rich_text_section", "elements": rows}


def _link(url: str, words: str) -> Block | None:
    safe = safe_url(url)
    if safe is None:
        return None
    return {"type": "rich_text_section", "elements": [{"type": "link", "url": safe, "text": line(words, 200)}]}


def _escaped(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
