"""Draws Slack blocks as a web page that looks as Slack shows them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from typing import Any

Block = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who looks at the page: in which time zone, and which Slack ids are known by name."""

    zone: tzinfo
    people: Mapping[str, str]

    def message(
        self, blocks: Sequence[Block], sent: datetime, *, edited: bool = False, thread: str = "", alone: bool = False
    ) -> str:
        """One message of the monitor, with the messages of its thread below it; shown to one person if `alone`."""
        body = "".join(self._block(block) for block in blocks)
        mark = "<span class=edited>(edited)</span>" if edited else ""
        below = f"<div class=thread>{thread}</div>" if thread else ""
        only = "<div class=alone>👁 Only visible to you</div>" if alone else ""
        return (
            f"{only}<div class=message><div class=avatar>👂</div><div class=body><b class=name>Complaint Monitor</b>"
            f"<span class=app>APP</span><span class=time>{sent.astimezone(self.zone):%H:%M}</span>"
            f"{body}{mark}{below}</div></div>"
        )

    def home(self, view: Block) -> str:
        """Somebody's App Home."""
        return f"<div class=home>{''.join(self._block(block) for block in view['blocks'])}</div>"

    def form(self, view: Block) -> str:
        """A form that is open over whatever stood behind it."""
        body = "".join(self._block(block) for block in view["blocks"])
        title, send, close = (escape(view[name]["text"]) for name in ("title", "submit", "close"))
        return (
            f"<div class=form><div class=title><span class=avatar>👂</span><b>{title}</b>"
            f"<span class=close>✕</span></div><div class=fields>{body}</div>"
            f"<div class=ends><span class=button>{close}</span><span class='button primary'>{send}</span></div></div>"
        )

    def _block(self, block: Block) -> str:
        match block["type"]:
            case "rich_text":
                return f"<div class=block>{''.join(self._row(row) for row in block['elements'])}</div>"
            case "header":
                return f"<div class='block headline'>{escape(block['text']['text'])}</div>"
            case "divider":
                return "<hr>"
            case "section" if "fields" in block:
                fields = "".join(f"<div>{self._mrkdwn(field['text'])}</div>" for field in block["fields"])
                return f"<div class='block facts'>{fields}</div>"
            case "section":
                said = block["text"]["text"]
                plain = block["text"]["type"] == "plain_text"
                return f"<div class=block>{_lines(said) if plain else self._mrkdwn(said)}</div>"
            case "context":
                said = (
                    self._mrkdwn(part["text"]) if part["type"] == "mrkdwn" else escape(part["text"])
                    for part in block["elements"]
                )
                return f"<div class='block context'>{''.join(f'<span>{words}</span>' for words in said)}</div>"
            case "actions":
                return f"<div class='block actions'>{''.join(map(_pressed, block['elements']))}</div>"
            case "input":
                return _field(block)
            case other:
                raise ValueError(f"a block of type {other!r}")

    def _row(self, row: Block) -> str:
        tag = {"rich_text_quote": "blockquote", "rich_text_preformatted": "pre"}.get(row["type"], "div")
        return f"<{tag}>{''.join(self._element(part) for part in row['elements'])}</{tag}>"

    def _element(self, part: Block) -> str:
        match part["type"]:
            case "text":
                words = _lines(part["text"])
            case "date":
                words = self._clock(part["timestamp"], part["format"])
            case "user":
                words = self._mention(part["user_id"])
            case "link":
                words = f"<a>{escape(part['text'])}</a>"
            case other:
                raise ValueError(f"an element of type {other!r}")
        return f"<b>{words}</b>" if part.get("style", {}).get("bold") else words

    def _mrkdwn(self, words: str) -> str:
        words = re.sub(r"<!date\^(\d+)\^([^|]+)\|[^>]+>", lambda found: self._clock(int(found[1]), found[2]), words)
        words = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", words)
        words = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", words)
        words = re.sub(r"<https?:[^|>]+\|([^>]+)>", r"<a>\1</a>", words)
        words = re.sub(r"<(?:@|!subteam\^)(\w+)>", lambda found: self._mention(found[1]), words)
        return words.replace("\n", "<br>")

    def _mention(self, slack_id: str) -> str:
        return f"<span class=mention>@{escape(self.people.get(slack_id, slack_id))}</span>"

    def _clock(self, timestamp: int, shape: str) -> str:
        when = datetime.fromtimestamp(timestamp, self.zone)
        return shape.replace("{time}", f"{when:%H:%M}").replace("{date_short_pretty}", f"{when:%b} {when.day}")


def _pressed(element: Block) -> str:
    """A button, or the three dots with their choices unfolded when the element says `open`."""
    if element["type"] == "overflow":
        choices = "".join(f"<li>{escape(option['text']['text'])}</li>" for option in element["options"])
        unfolded = f"<ul>{choices}</ul>" if element.get("open") else ""
        return f"<span class='button dots'>•••{unfolded}</span>"
    return f"<span class='button {element.get('style', '')}'>{escape(element['text']['text'])}</span>"


def _field(block: Block) -> str:
    """One field of a form, as it stands before anything is entered."""
    element = block["element"]
    label = f"<b>{escape(block['label']['text'])}</b>{' <i>(optional)</i>' if block.get('optional') else ''}"
    hint = f"<small>{escape(block['hint']['text'])}</small>" if "hint" in block else ""
    if element["type"] == "radio_buttons":
        chosen = element.get("initial_option")
        entered = "".join(
            f"<div class='radio {'chosen' if option == chosen else ''}'>{escape(option['text']['text'])}</div>"
            for option in element["options"]
        )
    else:
        kind = "select" if element["type"] == "users_select" else "line"
        entered = f"<div class='entry {kind}'>{escape(element['placeholder']['text'])}</div>"
    return f"<div class='block field'>{label}{entered}{hint}</div>"


def _lines(words: str) -> str:
    return escape(words).replace("\n", "<br>")


def pane(heading: str, *messages: str, width: int, kind: str = "") -> str:
    """A channel, a thread or a phone, so many pixels wide; `heading` is HTML."""
    return f"<section class='{kind}' style='width:{width}px'><header>{heading}</header>{''.join(messages)}</section>"


def page(title: str, *panes: str) -> str:
    """A whole document, its panes side by side."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<body>{''.join(panes)}</body></html>"
    )


_STYLE = """
body { margin: 0; padding: 24px; background: #ece9ee; display: flex; gap: 24px; align-items: flex-start;
       font: 15px/22px Lato, 'Noto Color Emoji', sans-serif; color: #1d1c1d; }
.column { display: flex; flex-direction: column; gap: 24px; }
section { background: #fff; border-radius: 10px; padding-bottom: 12px; box-shadow: 0 1px 4px #0002; }
header { font-weight: 900; font-size: 17px; padding: 13px 20px; border-bottom: 1px solid #ddd; margin-bottom: 8px; }
.message { display: flex; padding: 8px 20px; }
.avatar { flex: none; width: 36px; height: 36px; border-radius: 6px; background: #4a154b; text-align: center;
          font-size: 20px; line-height: 36px; margin-right: 10px; }
.body { min-width: 0; } .name { font-weight: 900; } .block { margin: 2px 0 6px; overflow-wrap: anywhere; }
.app { font-size: 10px; font-weight: 700; background: #e8e8e8; color: #616061; border-radius: 2px;
       padding: 1px 3px; margin: 0 6px; vertical-align: 1px; }
.time, .edited { font-size: 12px; color: #616061; }
blockquote { margin: 4px 0; padding-left: 14px; border-left: 4px solid #ddd; }
pre { margin: 4px 0; padding: 8px; border: 1px solid #ddd; border-radius: 4px; background: #f8f8f8;
      white-space: pre-wrap; font: 12px/18px 'DejaVu Sans Mono', monospace; }
.headline { font-size: 18px; font-weight: 900; margin: 4px 0 8px; }
.thread img { display: block; width: 100%; border: 1px solid #ddd; border-radius: 8px; margin: 6px 0; }
.context { font-size: 13px; line-height: 18px; color: #616061; }
.context span { margin-right: 8px; }
.thread { border-left: 2px solid #eee; margin: 4px 0; }
.thread .message { padding: 2px 0 2px 12px; } .thread .block { margin: 0; }
.thread .avatar { width: 22px; height: 22px; font-size: 13px; line-height: 22px; }
.mention { color: #1264a3; background: #e8f5fa; padding: 0 2px; border-radius: 3px; } a { color: #1264a3; }
.head { font-weight: 900; font-size: 18px; margin: 8px 0; }
hr { border: 0; border-top: 1px solid #ddd; margin: 12px 0; }
.facts { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
.alone { font-size: 12px; color: #616061; padding: 4px 20px 0; }
.home { padding: 4px 24px 8px; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px; }
.button { border: 1px solid #bbb; border-radius: 8px; padding: 2px 11px; font-size: 14px; font-weight: 700;
          line-height: 22px; background: #fff; white-space: nowrap; }
.button.primary { background: #007a5a; border-color: #007a5a; color: #fff; }
.dots { position: relative; padding: 2px 9px; font-size: 9px; letter-spacing: 1px; color: #616061; }
.dots ul { position: absolute; left: -1px; top: 32px; margin: 0; padding: 8px 0; list-style: none; background: #fff;
           border: 1px solid #ddd; border-radius: 8px; box-shadow: 0 4px 12px #0003; letter-spacing: 0; z-index: 1;
           color: #1d1c1d; }
.dots li { font-size: 15px; font-weight: 400; padding: 3px 24px; line-height: 24px; }
.form { background: #fff; border-radius: 10px; box-shadow: 0 8px 28px #0004; margin: 0 20px 8px; }
.form .title { display: flex; align-items: center; padding: 16px 20px; font-size: 20px; font-weight: 900; }
.form .avatar { font-size: 16px; width: 28px; height: 28px; line-height: 28px; }
.close { margin-left: auto; color: #616061; }
.fields { padding: 4px 20px; }
.field { margin: 14px 0 18px; }
.field i { color: #616061; font-style: normal; font-weight: 400; }
.field small { display: block; font-size: 13px; line-height: 18px; color: #616061; margin-top: 6px; }
.entry { border: 1px solid #888; border-radius: 4px; padding: 7px 12px; margin-top: 8px; color: #777; }
.select::after { content: '⌄'; float: right; margin-top: -4px; color: #1d1c1d; }
.radio { display: flex; align-items: center; gap: 10px; margin-top: 8px; }
.radio::before { content: ''; width: 14px; height: 14px; border: 2px solid #888;
   border-radius: 50%; }
.radio.chosen::before { border: 5px solid #1264a3; width: 8px; height: 8px; }
.ends { display: flex; justify-content: flex-end; gap: 12px; padding: 16px 20px 20px; }
.ends .button { border-radius: 6px; padding: 6px 14px; font-size: 15px; }
.phone { border: 8px solid #222; border-radius: 30px; }
.phone header { text-align: center; font-size: 15px; } .phone .message { padding: 8px 14px; }
"""
