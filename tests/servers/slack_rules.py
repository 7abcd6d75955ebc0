"""What Slack accepts as a message: its documented limits and shapes, kept more strictly than Slack does."""

import re
from typing import Any

MAX_BLOCKS = 50
MAX_CHARACTERS = 13_200
MAX_TEXT = 40_000

_DATE = r"!date\^\d{1,12}\^[^|<>^]*\{(?:time|date[a-z_]*|time_secs|ago)\}[^|<>^]*\|[^<>|]+"
_PERSON = r"@[UW][A-Z0-9]{4,20}|!subteam\^S[A-Z0-9]{4,20}"
_ADDRESS = r"https?://[^<>|\s]+(?:\|[^<>|]+)?"
_MARKUP = re.compile(f"<(?:{_DATE}|{_PERSON}|{_ADDRESS})>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_STYLES = {"bold", "italic", "strike", "code"}


class Refused(Exception):
    """Slack's error code, with where and why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


def check_message(text: Any, blocks: Any) -> None:
    """Raises Refused for a message that Slack would refuse, show wrongly, or that rings where it must not."""
    if not isinstance(text, str) or not text.strip():
        raise Refused("no_text", "every message needs a text for notifications")
    if length(text) > MAX_TEXT:
        raise Refused("msg_too_long", "text")
    _check_markup(text, "text")
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= MAX_BLOCKS:
        raise Refused("invalid_blocks", f"1 to {MAX_BLOCKS} blocks")
    for index, block in enumerate(blocks):
        _check_block(block, f"/blocks/{index}")
    if sum(length(words) for words in texts(blocks)) > MAX_CHARACTERS:
        raise Refused("msg_blocks_too_long", f"more than {MAX_CHARACTERS} characters in all")


def length(text: str) -> int:
    """Characters as JavaScript counts them."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def texts(node: Any) -> list[str]:
    """Every string that a reader may see."""
    if isinstance(node, dict):
        own = [value for key, value in node.items() if key in ("text", "fallback", "url") and isinstance(value, str)]
        return own + [found for value in node.values() for found in texts(value)]
    if isinstance(node, list):
        return [found for value in node for found in texts(value)]
    return []


def _check_block(block: Any, at: str) -> None:
    _need(isinstance(block, dict), at, "must be an object")
    match block.get("type"):
        case "section":
            _keys(block, at, {"type", "text"}, {"block_id"})
            _check_text(block["text"], f"{at}/text", 3000)
        case "header":
            _keys(block, at, {"type", "text"}, {"block_id"})
            _need(block["text"].get("type") == "plain_text", at, "a header is plain_text")
            _check_text(block["text"], f"{at}/text", 150)
        case "context":
            _keys(block, at, {"type", "elements"}, {"block_id"})
            _need(1 <= len(block["elements"]) <= 10, at, "1 to 10 elements")
            for index, element in enumerate(block["elements"]):
                _check_text(element, f"{at}/elements/{index}", 3000)
        case "divider":
            _keys(block, at, {"type"}, {"block_id"})
        case "rich_text":
            _keys(block, at, {"type", "elements"}, {"block_id"})
            _need(len(block["elements"]) >= 1, at, "no elements")
            for index, element in enumerate(block["elements"]):
                _check_rich(element, f"{at}/elements/{index}")
        case other:
            raise Refused("invalid_blocks", f"{at}: unsupported type {other}")


def _check_text(text: Any, at: str, most: int) -> None:
    _need(isinstance(text, dict), at, "must be a text object")
    kind = text.get("type")
    _need(kind in ("plain_text", "mrkdwn"), at, f"unsupported type {kind}")
    _keys(text, at, {"type", "text"}, {"emoji"} if kind == "plain_text" else {"verbatim"})
    words = text["text"]
    _need(isinstance(words, str) and 1 <= length(words) <= most, at, f"1 to {most} characters")
    _check_shown(words, at)
    if kind == "mrkdwn":
        _need(text.get("verbatim") is True, at, "mrkdwn that is not verbatim makes links by itself")
        _check_markup(words, at)


def _check_rich(element: Any, at: str) -> None:
    kinds = ("rich_text_section", "rich_text_quote", "rich_text_preformatted")
    _need(isinstance(element, dict) and element.get("type") in kinds, at, "unsupported element")
    _keys(element, at, {"type", "elements"}, set())
    _need(len(element["elements"]) >= 1, at, "no elements")
    for index, part in enumerate(element["elements"]):
        _check_part(part, f"{at}/elements/{index}")


def _check_part(part: Any, at: str) -> None:
    _need(isinstance(part, dict), at, "must be an object")
    style = part.get("style", {})
    _need(isinstance(style, dict) and set(style) <= _STYLES, at, "unknown style")
    match part.get("type"):
        case "text":
            _keys(part, at, {"type", "text"}, {"style"})
            _need(isinstance(part["text"], str) and part["text"] != "", at, "an empty text")
            _check_shown(part["text"], at)
        case "link":
            _keys(part, at, {"type", "url"}, {"text", "style"})
            _need(bool(re.fullmatch(r"https?://[!-~]{1,2990}", part["url"])), at, f"no web link: {part['url']!r}")
        case "date":
            _keys(part, at, {"type", "timestamp", "format", "fallback"}, {"style"})
            _need(isinstance(part["timestamp"], int), at, "timestamp must be an integer")
            _need(bool(re.search(r"\{(time|date)", part["format"])), at, "format without a token")
        case "user":
            _keys(part, at, {"type", "user_id"}, {"style"})
            _need(bool(re.fullmatch(r"[UW][A-Z0-9]{8,}", part["user_id"])), at, "no user id")
        case other:
            raise Refused("invalid_blocks", f"{at}: unsupported element {other}")


def _check_markup(words: str, at: str) -> None:
    """Only our own kinds of <…>; every other & < > is escaped."""
    rest = _ENTITY.sub("", _MARKUP.sub("", words))
    if found := re.search("[<>&]", rest):
        raise Refused("invalid_blocks", f"{at}: unescaped {found.group()} in {words[:200]!r}")
    _check_shown(words, at)


def _check_shown(words: str, at: str) -> None:
    if found := _HIDDEN.search(words):
        raise Refused("invalid_blocks", f"{at}: hidden character U+{ord(found.group()):04X}")
    _need("\n\n\n" not in words, at, "a flood of empty lines")


def _keys(node: dict[str, Any], at: str, needed: set[str], allowed: set[str]) -> None:
    _need(needed <= set(node), at, f"missing {sorted(needed - set(node))}")
    _need(set(node) <= needed | allowed, at, f"unknown {sorted(set(node) - needed - allowed)}")


def _need(truth: bool, at: str, why: str) -> None:
    if not truth:
        raise Refused("invalid_blocks", f"{at}: {why}")
