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

    def message(self, blocks: Sequence[Block], sent: datetime, *, edited: bool = False, thread: str = "") -> str:
        """One message of the monitor, with the messages of its thread below it."""
        body = "".join(self._block(block) for block in blocks)
        mark = "<span class=edited>(edited)</span>" if edited else ""
        below = f"<div class=thread>{thread}</div>" if thread else ""
        return (
            f"<div class=message><div class=avatar>👂</div><div class=body><b class=name>Complaint Monitor</b>"
            f"<span class=app>APP</span><span class=time>{sent.astimezone(self.zone):%H:%M}</span>"
            f"{body}{mark}{below}</div></div>"
        )

    def _block(self, block: Block) -> str:
        match block["type"]:
            case "rich_text":
                return f"<div class=block>{''.join(self._row(row) for row in block['elements'])}</div>"
            case "section":
                return f"<div class=block>{self._mrkdwn(block['text']['text'])}</div>"
            case "context":
                said = (
                    self._mrkdwn(part["text"]) if part["type"] == "mrkdwn" else escape(part["text"])
                    for part in block["elements"]
                )
                return f"<div class='block context'>{''.join(f'<span>{words}</span>' for words in said)}</div>"
            case other:
                raise ValueError(f"a block of type {other!r}")

    def _row(self, row: Block) -> str:
        tag = "blockquote" if row["type"] == "rich_text_quote" else "div"
        return f"<{tag}>{''.join(self._element(part) for part in row['elements'])}</{tag}>"

    def _element(self, part: Block) -> str:
        match part["type"]:
            case "text":
                words = escape(part["text"]).replace("\n", "<br>")
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
        words = re.sub(r"<https?:[^|>]+\|([^>]+)>", r"<a>\1</a>", words)
        words = re.sub(r"<(?:@|!subteam\^)(\w+)>", lambda found: self._mention(found[1]), words)
        return words.replace("\n", "<br>")

    def _mention(self, slack_id: str) -> str:
        return f"<span class=mention>@{escape(self.people.get(slack_id, slack_id))}</span>"

    def _clock(self, timestamp: int, shape: str) -> str:
        when = datetime.fromtimestamp(timestamp, self.zone)
        return shape.replace("{time}", f"{when:%H:%M}").replace("{date_short_pretty}", f"{when:%b} {when.day}")


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
.context { font-size: 13px; line-height: 18px; color: #616061; }
.context span { margin-right: 8px; }
.thread { border-left: 2px solid #eee; margin: 4px 0; }
.thread .message { padding: 2px 0 2px 12px; } .thread .block { margin: 0; }
.thread .avatar { width: 22px; height: 22px; font-size: 13px; line-height: 22px; }
.mention { color: #1264a3; background: #e8f5fa; padding: 0 2px; border-radius: 3px; } a { color: #1264a3; }
.phone { border: 8px solid #222; border-radius: 30px; }
.phone header { text-align: center; font-size: 15px; } .phone .message { padding: 8px 14px; }
"""
