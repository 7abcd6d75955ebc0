"""What Slack accepts as a message or a form: its documented limits and shapes, kept more strictly than Slack does."""

import json
import re
from typing import Any

MAX_BLOCKS = 50
MAX_CHARACTERS = 13_200
MAX_TEXT = 40_000
MAX_VIEW = 250_000
FORM, SHOWN = "input", "actions"
"""What can be pressed or filled in: the one in a form, the other everywhere else."""

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
    _check_blocks(blocks)
    if sum(length(words) for words in texts(blocks)) > MAX_CHARACTERS:
        raise Refused("msg_blocks_too_long", f"more than {MAX_CHARACTERS} characters in all")


def check_reply(text: Any) -> None:
    """Raises Refused for words to one person that Slack would refuse or show wrongly."""
    if not isinstance(text, str) or not text.strip():
        raise Refused("no_text", "nothing is said")
    if length(text) > 3000:
        raise Refused("msg_too_long", "text")
    _check_markup(text, "text")


def check_form(view: Any) -> None:
    """Raises Refused for a modal that Slack would refuse to open, or whose fields nobody could tell apart."""
    _need(isinstance(view, dict) and view.get("type") == "modal", "/", "not a modal")
    _keys(view, "/", {"type", "title", "blocks", "callback_id", "private_metadata", "submit", "close"}, set())
    for name in ("title", "submit", "close"):
        _check_plain(view[name], f"/{name}", 24)
    _need(1 <= length(view["callback_id"]) <= 255, "/callback_id", "1 to 255 characters")
    _need(length(view["private_metadata"]) <= 3000, "/private_metadata", "at most 3000 characters")
    _need(isinstance(view["blocks"], list) and 1 <= len(view["blocks"]) <= 100, "/blocks", "1 to 100 blocks")
    _check_blocks(view["blocks"], FORM)


def check_home(view: Any) -> None:
    """Raises Refused for an App Home that Slack would refuse to publish."""
    _need(isinstance(view, dict) and view.get("type") == "home", "/", "not an App Home")
    _keys(view, "/", {"type", "blocks"}, set())
    _need(isinstance(view["blocks"], list) and 1 <= len(view["blocks"]) <= 100, "/blocks", "1 to 100 blocks")
    _need(len(json.dumps(view).encode()) <= MAX_VIEW, "/", f"more than {MAX_VIEW} bytes")
    _check_blocks(view["blocks"])


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


def _check_blocks(blocks: list[Any], takes: str = SHOWN) -> None:
    for index, block in enumerate(blocks):
        at = f"/blocks/{index}"
        if isinstance(block, dict) and block.get("type") == FORM == takes:
            _check_input(block, at)
        elif isinstance(block, dict) and block.get("type") == SHOWN == takes:
            _check_actions(block, at)
        else:
            _check_block(block, at)
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _need(all(1 <= length(block_id) <= 255 for block_id in ids), "/blocks", "a block_id has 1 to 255 characters")
    _need(len(set(ids)) == len(ids), "/blocks", "a block_id stands twice")


def _check_actions(block: Any, at: str) -> None:
    _keys(block, at, {"type", "elements", "block_id"}, set())
    _need(1 <= len(block["elements"]) <= 25, at, "1 to 25 elements")
    for index, element in enumerate(block["elements"]):
        here = f"{at}/elements/{index}"
        match element.get("type"):
            case "button":
                _keys(element, here, {"type", "action_id", "text", "value"}, {"style"})
                _check_plain(element["text"], here, 75)
                _need(1 <= length(element["value"]) <= 2000, here, "a value has 1 to 2000 characters")
                _need(element.get("style") in (None, "primary", "danger"), here, "unknown style")
            case "overflow":
                _keys(element, here, {"type", "action_id", "options"}, set())
                _check_options(element["options"], here, 5)
            case other:
                raise Refused("invalid_blocks", f"{here}: unsupported element {other}")
    _check_action_ids([element["action_id"] for element in block["elements"]], at)
    styles = [element.get("style") for element in block["elements"]]
    _need(styles.count("primary") <= 1, at, "only one button can be the likeliest")


def _check_input(block: Any, at: str) -> None:
    _keys(block, at, {"type", "block_id", "label", "element"}, {"optional", "hint"})
    _check_plain(block["label"], at, 2000)
    _check_plain(block.get("hint", block["label"]), at, 2000)
    element = block["element"]
    _check_action_ids([element.get("action_id")], at)
    match element.get("type"):
        case "radio_buttons":
            _keys(element, at, {"type", "action_id", "options"}, {"initial_option"})
            _check_options(element["options"], at, 10)
            _need(element.get("initial_option") in (None, *element["options"]), at, "initial_option is not an option")
        case "plain_text_input":
            _keys(element, at, {"type", "action_id"}, {"max_length", "placeholder", "multiline"})
            _need(1 <= element.get("max_length", 3000) <= 3000, at, "max_length is 1 to 3000")
        case "users_select":
            _keys(element, at, {"type", "action_id"}, {"placeholder", "focus_on_load"})
        case other:
            raise Refused("invalid_blocks", f"{at}: unsupported element {other}")
    if "placeholder" in element:
        _check_plain(element["placeholder"], at, 150)


def _check_options(options: Any, at: str, most: int) -> None:
    _need(1 <= len(options) <= most, at, f"1 to {most} options")
    for option in options:
        _keys(option, at, {"text", "value"}, set())
        _check_plain(option["text"], at, 75)
        _need(1 <= length(option["value"]) <= 75, at, "an option's value has 1 to 75 characters")
    _need(len({option["value"] for option in options}) == len(options), at, "two options of one value")


def _check_action_ids(ids: list[Any], at: str) -> None:
    _need(all(isinstance(each, str) and 1 <= length(each) <= 255 for each in ids), at, "action_id: 1 to 255 characters")
    _need(len(set(ids)) == len(ids), at, "an action_id stands twice")


def _check_plain(text: Any, at: str, most: int) -> None:
    _need(isinstance(text, dict) and text.get("type") == "plain_text", at, "must be plain_text")
    _check_text(text, at, most)


def _check_block(block: Any, at: str) -> None:
    _need(isinstance(block, dict), at, "must be an object")
    match block.get("type"):
        case "section":
            _keys(block, at, {"type"}, {"text", "fields", "block_id"})
            _need("text" in block or "fields" in block, at, "neither text nor fields")
            if "text" in block:
                _check_text(block["text"], f"{at}/text", 3000)
            _need(1 <= len(block.get("fields", [None])) <= 10, at, "1 to 10 fields")
            for index, field in enumerate(block.get("fields", [])):
                _check_text(field, f"{at}/fields/{index}", 2000)
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
