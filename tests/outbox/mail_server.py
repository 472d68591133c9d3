"""A mail server on loopback that chooses its fault by the receiver's name, and keeps what it accepts."""

import datetime
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AT_THE_NAME = {
    "nobody": "550 5.1.1 No such user",
    "refused": "550 5.7.1 Not here",
    "later": "451 4.2.0 Try again later",
    "busy": "421 4.3.2 Closing",
}


class MailServer(socketserver.ThreadingTCPServer):
    """`accepted`: the letters in their order; `greeting` may be a refusal; `password` None: no AUTH is offered."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, tls: ssl.SSLContext | None = None, password: str | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.tls = tls
        self.password = password
        self.greeting = "220 mail.invalid"
        self.accepted: list[EmailMessage] = []
        self.over_tls: list[bool] = []

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: MailServer
    secure = False
    receiver = ""

    def handle(self) -> None:
        self.say(self.server.greeting)
        while line := self.rfile.readline():
            word, _, rest = line.decode().strip().partition(" ")
            answer = getattr(self, f"on_{word.lower()}", lambda _: self.say("502 5.5.1 Unknown"))
            if answer(rest) == "end":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def on_ehlo(self, rest: str) -> None:
        self.say("250-mail.invalid")
        if self.server.tls and not self.secure:
            self.say("250-STARTTLS")
        if self.server.password is not None:
            self.say("250-AUTH PLAIN")
        self.say("250 8BITMIME")

    def on_starttls(self, rest: str) -> None:
        self.say("220 Go ahead")
        assert self.server.tls is not None
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.secure = True

    def on_auth(self, rest: str) -> None:
        good = rest.endswith("AHVzZXIAc2VjcmV0")  # "\0user\0secret"
        self.say("235 2.7.0 Welcome" if good else "535 5.7.8 Who are you?")

    def on_mail(self, rest: str) -> None:
        self.say("250 OK")

    def on_rcpt(self, rest: str) -> str | None:
        self.receiver = rest.split("<")[1].split("@", maxsplit=1)[0]
        self.say(AT_THE_NAME.get(self.receiver, "250 OK"))
        return "end" if self.receiver == "busy" else None

    def on_data(self, rest: str) -> str | None:
        self.say("354 Go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        if self.receiver == "spam":
            self.say("554 5.7.1 We do not like it")
            return None
        letter = cast(EmailMessage, message_from_bytes(b"".join(lines), policy=policy.default))
        self.server.accepted.append(letter)
        self.server.over_tls.append(self.secure)
        if self.receiver == "lost" and len(self.server.accepted) == 1:
            return "end"
        self.say("250 2.0.0 Queued")
        return None

    def on_rset(self, rest: str) -> None:
        self.say("250 OK")

    def on_quit(self, rest: str) -> str:
        self.say("221 Bye")
        return "end"


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, password: str | None = None) -> Iterator[MailServer]:
    """The server in a thread, for as long as the block lasts."""
    with MailServer(tls, password) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that only itself vouches for: its file, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context
