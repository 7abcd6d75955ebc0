"""Stories of a team that is told by e-mail, against a real mail server on this machine."""

import asyncio
import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from alerts.base import Notice, Permanent, Transient, Unknown
from alerts.email import Email, Options
from connectors.base import Secret
from tests import alert_samples as sample

PASSWORD = "a-very-secret-password"


class Post:
    """A mail server's office: keeps what comes, and says on demand what a bad one would say."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse: dict[str, str] = {}
        self.hang_up = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if self.hang_up:
            server.transport.abort()
        return "250 OK"


@contextmanager
def serve(post: Post, **more: Any) -> Iterator[int]:
    """A mail server on a free port, which is given."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(post, loop=loop, **more), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    sessions = asyncio.all_tasks() - {asyncio.current_task()}
    for session in sessions:
        session.cancel()
    await asyncio.gather(*sessions, return_exceptions=True)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def port(post: Post) -> Iterator[int]:
    with serve(post) as number:
        yield number


def channel(port: int, **more: Any) -> Email:
    given: dict[str, Any] = {
        "starttls": False,
        "sender": "Monitor <monitor@baltic.example>",
        "to": ("care@example.com",),
        "timeout": 5.0,
    }
    options = Options(host="127.0.0.1", port=port, **given | more)
    return Email("mail", options, clock=lambda: sample.at(2))


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_new_complaint_comes_as_text_and_as_a_page(post: Post, port: int) -> None:
    reference = channel(port).send(sample.alert())
    [mail] = post.mails
    assert mail["Subject"] == "🟠 PõhjaNet on X · answer by 12:05 UTC · case 42"
    assert mail["Message-ID"] == reference
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == sample.at(2)
    text = body(mail, "plain")
    assert sample.TEXT in text
    assert "Nobody has claimed it" in text
    assert "Answer on X: https://x.com/marimaasikas/status/19" in text
    page = body(mail, "html")
    assert "pole &amp; klienditugi &lt;ei vasta&gt;" in page
    assert '<a href="https://x.com/marimaasikas/status/19">Answer on X</a>' in page


def test_reminders_are_replies_and_a_second_copy_carries_the_same_id(post: Post, port: int) -> None:
    mail = channel(port)
    root = mail.send(sample.alert())
    assert mail.send(sample.alert()) == root
    mail.send(sample.alert(30, 1, root=root))
    assert [m["Message-ID"] for m in post.mails[:2]] == [root, root]
    assert post.mails[2]["In-Reply-To"] == post.mails[2]["References"] == root
    assert post.mails[2]["Message-ID"] != root


def test_a_change_of_the_case_makes_no_mail(post: Post, port: int) -> None:
    mail = channel(port)
    mail.update(sample.alert(30, None, root="<x@y>", **sample.answered(23)))
    assert mail.find(sample.alert(), sample.POSTED) is None
    assert not post.mails


def test_a_notice_comes_as_a_mail(post: Post, port: int) -> None:
    channel(port).send(sample.NOTICE)
    assert post.mails[0]["Subject"] == "⚠️ X has been silent for 2 h"
    assert "401 <unauthorized>\nsee log" in body(post.mails[0], "plain")
    assert "401 &lt;unauthorized&gt;<br>see log" in body(post.mails[0], "html")


def test_nobody_can_add_a_header_or_a_script(post: Post, port: int) -> None:
    evil = "x\r\nBcc: everyone@example.com\r\n\r\n<script>alert(1)</script>\u2028\x00"
    mail = channel(port)
    mail.send(sample.alert(complaints=[sample.post(evil, author=evil)], root=evil, **sample.dismissed(5, evil)))
    mail.send(Notice(key=evil, now=sample.at(2), title=evil, lines=(evil,)))
    for sent in post.mails:
        assert sent["Bcc"] is None
        assert set(sent.keys()) <= {
            "From", "To", "Date", "Message-ID", "Auto-Submitted", "In-Reply-To", "References", "Subject",
            "MIME-Version", "Content-Type", "X-Peer", "X-MailFrom", "X-RcptTo",
        }  # fmt: skip
        assert "<script>" not in body(sent, "html")


@pytest.mark.parametrize(
    ("refused", "error"),
    [
        ({"DATA": "451 try later"}, Transient),
        ({"DATA": "554 spam"}, Permanent),
        ({"care@example.com": "450 greylisted"}, Transient),
        ({"care@example.com": "550 no such user"}, Permanent),
    ],
)
def test_a_refusal_says_whether_to_try_again(
    post: Post, port: int, refused: dict[str, str], error: type[Exception]
) -> None:
    post.refuse = refused
    with pytest.raises(error):
        channel(port).send(sample.alert())
    assert not post.mails


def test_one_wrong_address_does_not_keep_the_mail_from_the_others(
    post: Post, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    post.refuse = {"gone@example.com": "550 no such user"}
    channel(port, to=("care@example.com", "gone@example.com")).send(sample.alert())
    assert len(post.mails) == 1
    assert "refuses gone@example.com (550)" in caplog.text


def test_a_connection_lost_after_the_letter_leaves_it_in_doubt(post: Post, port: int) -> None:
    post.hang_up = True
    with pytest.raises(Unknown):
        channel(port).send(sample.alert())
    assert len(post.mails) == 1


def test_a_mail_server_that_is_not_there_was_never_sent_anything() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(Transient, match="ConnectionRefusedError"):
            channel(nobody.getsockname()[1]).send(sample.alert())


def test_a_mail_server_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Transient):
        channel(mute.getsockname()[1], timeout=0.2).send(sample.alert())


def test_a_password_never_travels_where_tls_is_asked_for_and_not_offered(port: int) -> None:
    with pytest.raises(Permanent, match="check `port` and `starttls`"):
        channel(port, starttls=True, user="monitor", password=Secret(PASSWORD)).send(sample.alert())


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_the_password_is_used_and_never_shown(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    with serve(post, authenticator=check, auth_require_tls=False, auth_required=True) as port:
        good = channel(port, user="monitor", password=Secret(PASSWORD))
        assert "takes mail from Monitor" in good.login()
        good.send(sample.alert())
        wrong = channel(port, user="monitor", password=Secret(PASSWORD + "-but-wrong"))
        with pytest.raises(Permanent, match="refuses `user` and `password`") as caught:
            wrong.login()
    assert len(post.mails) == 1
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail.")]
    assert PASSWORD not in "\n".join([*ours, str(caught.value), repr(good.options), repr(wrong.options)])


def test_a_certificate_that_nobody_vouches_for_is_refused(post: Post, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*request, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serve(post, tls_context=context) as port, pytest.raises(Permanent, match="certificate"):
        channel(port, starttls=True).send(sample.alert())
    assert not post.mails
