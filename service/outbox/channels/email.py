"""E-mail over SMTP.

`PLATEIA_SMTP_URL` is `smtp://user:password@host:587` (nothing is sent without STARTTLS), or `smtps://…:465` (TLS from
the first byte). With `?starttls=offered`, and to a server on this machine, mail goes out in the clear where the server
offers no STARTTLS. User and password are percent-encoded and may be left out.

The Message-ID is the delivery's own, so that a mailbox can tell a repeat from a second message. What can be ended names
in `unsubscribe` the address that mail providers post to (RFC 2369, RFC 8058).
"""

import re
import smtplib
import ssl
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy, default
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from service.config import Settings, SettingsRefused, host_of, is_loopback
from service.db.clock import now
from service.outbox.channels import Message
from service.outbox.outcomes import BackOff, Outcome, Result

TIMEOUT = 10.0
STEPS = 8
PORTS = {"smtp": 25, "smtps": 465}
NOBODY_THERE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
IN_ONE_LINE = re.compile(r"https://[!-;=?-~]{1,800}")
"""Letters of ASCII but for angle brackets; a line of a mail has 998 at most."""
ONE_CLICK = "List-Unsubscribe=One-Click"


class Whole(UnstructuredHeader, BaseHeader):
    """A header that stays in one line: an address that is cut or encoded, as long words are, leads nowhere."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("List-Unsubscribe", Whole)
POLICY = default.clone(header_factory=HEADERS)


@dataclass(frozen=True)
class Server:
    """An SMTP server as its URL names it."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    starttls_required: bool

    @classmethod
    def from_url(cls, url: str) -> "Server":
        """Raises SettingsRefused for a URL that is not one of a mail server."""
        parts = urlsplit(url)
        usual = "offered" if is_loopback(parts.hostname or "") else "required"
        wish = parse_qs(parts.query).get("starttls", [usual])[0]
        if parts.scheme not in PORTS or not parts.hostname or wish not in ("offered", "required"):
            raise SettingsRefused(
                "PLATEIA_SMTP_URL is smtp://[user:password@]host[:port][?starttls=offered] or smtps://…"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "smtps",
            starttls_required=wish == "required",
        )


class StarttlsMissing(smtplib.SMTPException):
    """The setting requires STARTTLS and the server does not offer it."""


class Email:
    """The mail server of the installation."""

    name = "email"
    per_minute: int | None = None
    longest = TIMEOUT * STEPS

    def __init__(self, server: Server, sender: str, threads: int = 4, back_off: BackOff | None = None) -> None:
        self.server = server
        self.sender = sender
        self.domain = parseaddr(sender)[1].rpartition("@")[2]
        self.threads = threads
        self.back_off = back_off or BackOff(first=30.0)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Email":
        """With the server of PLATEIA_SMTP_URL and the sender of PLATEIA_MAIL_FROM."""
        return cls(Server.from_url(settings.smtp_url or ""), settings.mail_from)

    def prepare(self) -> Result | None:
        """There is nothing to fetch beforehand."""
        return None

    def send(self, message: Message) -> Result:
        """Hand one message to the mail server, on a connection of its own."""
        try:
            written = self.write(message)
        except (MessageError, ValueError, KeyError) as error:
            return Result(Outcome.BAD_MESSAGE, error=described(error))
        try:
            connection = self.connect()
        except (smtplib.SMTPException, OSError) as error:
            return not_connected(error)
        try:
            connection.send_message(written)
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            return Result(Outcome.BAD_MESSAGE, error=described(error))
        except (smtplib.SMTPException, OSError) as error:
            return judged(error)
        finally:
            leave(connection)
        return Result(Outcome.SENT, message_id=written["Message-ID"])

    def write(self, message: Message) -> EmailMessage:
        """The letter. Raises ValueError for a subject or address with a line break in it, and for an address to
        unsubscribe at that nobody can post to.
        """
        written = EmailMessage(POLICY)
        written["From"] = self.sender
        written["To"] = message.target
        written["Subject"] = message.content["subject"]
        written["Date"] = format_datetime(now())
        written["Message-ID"] = f"<{message.uid}@{self.domain}>"
        written["Auto-Submitted"] = "auto-generated"
        if "unsubscribe" in message.content:
            written["List-Unsubscribe"] = in_brackets(message.content["unsubscribe"])
            written["List-Unsubscribe-Post"] = ONE_CLICK
        written.set_content(message.content["text"])
        if "html" in message.content:
            written.add_alternative(message.content["html"], subtype="html")
        return written

    def connect(self) -> smtplib.SMTP:
        """A connection on which mail may be sent."""
        server, context = self.server, ssl.create_default_context()
        if server.tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            self.secure(connection, context)
            if server.user:
                connection.login(server.user, server.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def secure(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        """STARTTLS where it is offered. Raises StarttlsMissing where it is required and not offered."""
        connection.ehlo_or_helo_if_needed()
        if connection.has_extn("starttls"):
            connection.starttls(context=context)
        elif self.server.starttls_required and not self.server.tls:
            raise StarttlsMissing("the server does not offer STARTTLS")

    def close(self) -> None:
        """No connection is kept."""


def takes_one_click(address: str) -> bool:
    """Whether mail providers can post to this address (RFC 8058): https, in one line, at a host that they reach."""
    host = host_of(address)
    return IN_ONE_LINE.fullmatch(address) is not None and bool(host) and not is_loopback(host)


def in_brackets(address: str) -> str:
    """The address as the header has it. Raises ValueError for one that mail providers cannot post to."""
    if not takes_one_click(address):
        raise ValueError("not an address to unsubscribe at")
    return f"<{address}>"


def not_connected(error: Exception) -> Result:
    """Nothing was sent: the server is away, or it refuses us."""
    refused = (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, StarttlsMissing, ssl.SSLError)
    outcome = Outcome.CONFIGURATION if isinstance(error, refused) else Outcome.CHANNEL_PAUSE
    return Result(outcome, error=described(error))


def judged(error: Exception) -> Result:
    """What a refusal in the middle of a message means; a lost connection leaves us not knowing."""
    code, text = answer(error)
    if code is None:
        return Result(Outcome.UNCERTAIN, error=described(error))
    if code == 421:
        return Result(Outcome.CHANNEL_PAUSE, error=described(error))
    if code < 500:
        return Result(Outcome.RETRY, error=described(error))
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Result(Outcome.CONFIGURATION, error=described(error))
    if isinstance(error, smtplib.SMTPRecipientsRefused) and text.startswith(NOBODY_THERE):
        return Result(Outcome.DEAD_TARGET, error=described(error))
    return Result(Outcome.BAD_MESSAGE, error=described(error))


def answer(error: Exception) -> tuple[int | None, str]:
    """The code and text of the server's answer; no code when it did not answer."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return code, words.decode(errors="replace")
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return error.smtp_code, said.decode(errors="replace") if isinstance(said, bytes) else said
    return None, ""


def leave(connection: smtplib.SMTP) -> None:
    """Say goodbye; what was accepted stays accepted whether or not the server hears it."""
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        connection.close()


def described(error: Exception) -> str:
    """One line for the delivery's row."""
    return f"{type(error).__name__}: {error}"[:500]
