"""Sends alerts by e-mail: one message a step, the later ones as replies; what changes in between makes no mail."""

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr
from html import escape

from alerts import base, facts, incident, story
from alerts.base import Alert, Channel, Digest, Incident, Message, Notice, Permanent, Transient, Unknown
from alerts.voice import Voice
from alerts.words import line, shorten
from connectors.base import Secret

_IMPLICIT_TLS = 465

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(base.Options):
    host: str
    port: int = 587
    """465 speaks TLS from the first byte."""
    starttls: bool = True
    """False only for a relay on this machine: the connection is then not encrypted."""
    user: str | None = None
    password: Secret | None = None
    sender: str
    """Such as "Complaint monitor <monitor@example.com>"."""
    to: tuple[str, ...]


class Email(Channel):
    """A message's reference is its Message-ID, made from the key: a second copy of the same alert carries the same
    one, which mail programs show once."""

    Options = Options

    def send(self, message: Message) -> str:
        mail = self._mail(message)
        with self._connection() as smtp, _sending():
            refused = smtp.send_message(mail)
        for address, (code, _) in refused.items():
            _log.warning(
                "%s: the mail server refuses %s (%s); the others got %s", self.name, address, code, message.key
            )
        return str(mail["Message-ID"])

    def update(self, shown: Alert | Incident) -> None:
        """Nothing: a sent mail can't be edited, and a mail for every change would be noise."""

    def find(self, message: Message, since: datetime) -> str | None:
        return None

    def login(self) -> str:
        with self._connection() as smtp, _sending():
            smtp.noop()
        return f"{self.options.host}:{self.options.port} takes mail from {self.options.sender}"

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = line(self.options.sender)
        mail["To"] = ", ".join(line(address) for address in self.options.to)
        mail["Date"] = message.now
        mail["Message-ID"] = self._message_id(message.key)
        mail["Auto-Submitted"] = "auto-generated"
        if message.thread is not None:
            mail["In-Reply-To"] = mail["References"] = line(message.thread)
        if isinstance(message, Digest):
            _week(mail, message)
            return mail
        subject, rows, links = _letter(message, self.say)
        mail["Subject"] = line(subject)
        mail.set_content("\n\n".join([*rows, *(f"{text}: {url}" for url, text in links)]) + "\n")
        mail.add_alternative(_html(rows, links, self.say.language), subtype="html")
        return mail

    def _message_id(self, key: str) -> str:
        domain = parseaddr(self.options.sender)[1].rpartition("@")[2] or "localhost"
        return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A session ready to send. Whatever goes wrong until then has sent nothing."""
        try:
            smtp = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise _refused("`user` and `password`", error.smtp_code) from None
        except smtplib.SMTPNotSupportedError:
            raise Permanent(f"{self.options.host} offers no TLS or no login: check `port` and `starttls`") from None
        except ssl.SSLCertVerificationError:
            raise Permanent(f"the certificate of {self.options.host} is not valid for it") from None
        except (OSError, smtplib.SMTPException) as error:
            raise Transient(f"the mail server can't be reached: {type(error).__name__}") from None
        try:
            yield smtp
            with suppress(OSError):
                smtp.quit()
        finally:
            smtp.close()

    def _connect(self) -> smtplib.SMTP:
        where = (self.options.host, self.options.port)
        secure = ssl.create_default_context()
        if self.options.port == _IMPLICIT_TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=self.options.timeout, context=secure)
        else:
            smtp = smtplib.SMTP(*where, timeout=self.options.timeout)
        try:
            if self.options.starttls and self.options.port != _IMPLICIT_TLS:
                smtp.starttls(context=secure)
            if self.options.user:
                smtp.login(self.options.user, self.options.password.reveal() if self.options.password else "")
        except BaseException:
            smtp.close()
            raise
        return smtp


@contextmanager
def _sending() -> Iterator[None]:
    """Says what an error means once the letter is on its way."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        raise _refused("the addresses in `to`", min(codes)) from None
    except smtplib.SMTPResponseException as error:
        raise _refused("the mail", error.smtp_code) from None
    except smtplib.SMTPNotSupportedError:
        raise Permanent("the mail server takes no addresses with letters beyond ASCII") from None
    except (OSError, smtplib.SMTPException) as error:
        raise Unknown(f"the mail server went away: {type(error).__name__}") from None


def _refused(what: str, code: int) -> Transient | Permanent | Unknown:
    said = f"the mail server refuses {what} ({code})"
    if code < 0:
        return Unknown(said)
    return Permanent(said) if code >= 500 else Transient(said)


def _letter(message: Alert | Incident | Notice, say: Voice) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Subject, paragraphs and links."""
    match message:
        case Notice():
            return _notice(message)
        case Incident():
            return _storm(message, say)
        case Alert():
            return _alert(message, say)


def _storm(storm: Incident, say: Voice) -> tuple[str, list[str], list[tuple[str, str]]]:
    said = say.plain(incident.headline(storm, say), storm.near)
    if storm.root:
        return said, [said, say.plain(incident.ending(storm, say), storm.near)], []
    chart = "\n".join(say.plain(bar, storm.near) for bar in incident.bars(storm))
    figures = say.plain(incident.figures(storm, say), storm.near)
    return said, [said, figures, chart, incident.usual(storm, say), incident.footer(storm, say)], []


def _notice(notice: Notice) -> tuple[str, list[str], list[tuple[str, str]]]:
    return f"{notice.sign} {notice.title}", [shorten("\n".join(notice.lines), 5000, lines=100)], []


def _week(mail: EmailMessage, digest: Digest) -> None:
    """Text and HTML with the charts in it, and the PDF beside them."""
    mail["Subject"] = line(digest.title)
    mail.set_content(digest.text)
    mail.add_alternative(digest.html, subtype="html")
    page = mail.get_body(("html",))
    assert isinstance(page, EmailMessage)
    for picture in digest.pictures:
        page.add_related(
            picture.png, "image", "png", cid=f"<{picture.name}>", disposition="inline", filename=f"{picture.name}.png"
        )
    mail.add_attachment(digest.pdf, "application", "pdf", filename=f"{digest.file}.pdf")


def _alert(alert: Alert, say: Voice) -> tuple[str, list[str], list[tuple[str, str]]]:
    near = alert.near
    said = say.plain(story.headline(alert, say), near)
    words = facts.words(alert, say)
    if len(words) > 1:
        words.insert(1, say.plain(facts.between(alert, say), near))
    rows = [said, _summons(alert, say), say.plain(story.held(alert, say), near) if alert.case.waiting else ""]
    rows += [say.plain(facts.known(alert, say), near), *words, facts.customer(alert, say), facts.about(alert, say)]
    rows += [say.plain(facts.footer(alert, say), near)]
    if alert.answer is not None and alert.root is None:
        rows += [say.plain(facts.suggestion(alert.answer, say), near), facts.prepared(alert.answer, say)]
    subject = " · ".join((said, say("case {number}", number=alert.case.id)))
    return subject, [row for row in rows if row], facts.links(alert, say)


def _summons(alert: Alert, say: Voice) -> str:
    """What the colleague who has the case is told; "" when it is not she who is called."""
    if alert.root is None or alert.step is not None:
        return ""
    whom, said = story.summons(alert, say)
    return f"{line(whom, 80)}: {say.plain(said, alert.case.detected_at)}"


def _html(rows: list[str], links: list[tuple[str, str]], language: str) -> str:
    first, *rest = ("<br>".join(escape(row).split("\n")) for row in rows)
    paragraphs = [f"<p><strong>{first}</strong></p>", *(f"<p>{row}</p>" for row in rest)]
    paragraphs += [f'<p><a href="{escape(url)}">{escape(text)}</a></p>' for url, text in links]
    page = f'<body style="font-family:sans-serif">{"".join(paragraphs)}</body>'
    return f'<!doctype html><html lang="{language}">{page}</html>'
