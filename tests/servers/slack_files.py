"""Files in the strict local Slack: an address to upload to, the upload, and its sharing into a channel or thread."""

import json
from collections.abc import Callable
from typing import Any

from tests.servers.slack_rules import Refused

Message = dict[str, Any]


class Files:
    """What was announced and uploaded, by id; `uploaded` is told of the bytes by whoever serves the address."""

    def __init__(self) -> None:
        self.announced: dict[str, Message] = {}

    def announce(self, arguments: Message, address: str) -> Message:
        number = f"F0FILE{len(self.announced):04}"
        if not arguments.get("filename") or int(arguments.get("length") or 0) <= 0:
            raise Refused("invalid_arguments", "filename and length")
        self.announced[number] = {"id": number, "name": arguments["filename"], "length": int(arguments["length"])}
        return {"file_id": number, "upload_url": f"{address}{number}"}

    def uploaded(self, number: str, body: bytes) -> bool:
        file = self.announced.get(number)
        if file is None or len(body) != file["length"]:
            return False
        file["bytes"] = body
        return True

    def share(self, arguments: Message, room: Any, stamp: Callable[[], str], by: Message) -> Message:
        """One message with all the files, as Slack makes it."""
        listed = arguments["files"]
        listed = json.loads(listed) if isinstance(listed, str) else listed
        files = []
        for each in listed:
            file = self.announced.get(each["id"])
            if file is None or "bytes" not in file:
                raise Refused("file_not_found", str(each["id"]))
            files.append(file | {"title": each.get("title")})
        thread = arguments.get("thread_ts")
        if thread is not None and not any(post["ts"] == thread for post in room.posts):
            raise Refused("thread_not_found", str(thread))
        post = {"type": "message", "ts": stamp(), "text": "", "files": files, **by}
        room.posts.append(post | ({"thread_ts": thread} if thread else {}))
        return {"files": [{"id": file["id"], "title": file["title"]} for file in files]}
