"""A stand-in of Firebase Cloud Messaging on this machine, for the demonstration and the tests. Never for production.

It speaks enough of FCM's HTTP v1 for Google's real client: the OAuth token endpoint and `messages:send`. A fault is
chosen by the beginning of the token to which a message is sent:

    unreg-…       404 UNREGISTERED                      sender-…   403 SENDER_ID_MISMATCH
    badarg-…      400 for whatever is sent there        badmsg-…   400 for every message but a dry run
    auth-…        401 THIRD_PARTY_AUTH_ERROR            denied-…   403 for our own credentials
    e503-N-…      503 at the first N tries (e500-N- likewise)
    quota-N-…     429 with `Retry-After: N`, until N seconds have passed
    lost-…        accepted, then the connection is cut; lost-N-… only at the first N tries
    slow-MS-…     accepted, answered after so many milliseconds
    html-…        502 with a page of HTML               junk-…     200 with something that is not JSON

It is a gateway for short messages too: what is sent to /sms reaches the same phone, so to speak.

Everything that it accepts is kept, appended to a file of JSON lines if a path is given, and listed at GET /messages;
GET /messages/count says how many they are.
"""

import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from service.config import SettingsRefused, is_loopback

REFUSALS: dict[str, tuple[int, str, str | None]] = {
    "unreg": (404, "NOT_FOUND", "UNREGISTERED"),
    "sender": (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
    "badarg": (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    "badmsg": (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    "auth": (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
    "denied": (403, "PERMISSION_DENIED", None),
    "quota": (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    "e500": (500, "INTERNAL", "INTERNAL"),
    "e503": (503, "UNAVAILABLE", "UNAVAILABLE"),
}
ODD_ANSWERS = {"html": (502, b"<html>bad gateway</html>"), "junk": (200, b"<html>captive portal</html>")}

FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


class LoopbackFcm(ThreadingHTTPServer):
    """The stand-in. `accepted`: the messages, in order; `tries`: attempts per target, refused ones included."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, host: str = "127.0.0.1", port: int = 0, record_path: Path | None = None) -> None:
        """Raises SettingsRefused for any address that another machine could reach."""
        if not is_loopback(host):
            raise SettingsRefused(f"the stand-in of FCM starts only on a loopback address, not on {host}")
        super().__init__((host, port), Handler)
        self.record_path = record_path
        self.accepted: list[dict[str, Any]] = []
        self.tries: Counter[str] = Counter()
        self.first_try: dict[str, float] = {}
        self.tokens_given = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def accept(self, message: dict[str, Any]) -> None:
        """Keep a message, in the file too before anybody is told."""
        with self.lock:
            self.accepted.append(message)
            if self.record_path:
                with self.record_path.open("a") as file:
                    file.write(json.dumps(message, ensure_ascii=False) + "\n")

    def try_number(self, target: str) -> int:
        """Count this try; the first is 1."""
        with self.lock:
            self.tries[target] += 1
            self.first_try.setdefault(target, time.monotonic())
            return self.tries[target]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed in the middle of a call is what we are here for."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LoopbackFcm

    def do_GET(self) -> None:
        if self.path == "/messages":
            with self.server.lock:
                return self.answer(200, list(self.server.accepted))
        if self.path == "/messages/count":
            return self.answer(200, {"count": len(self.server.accepted)})
        self.answer(404, {"error": {"code": 404, "status": "NOT_FOUND"}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/token":
            return self.give_token()
        if self.path == "/sms":
            return self.take_sms(json.loads(body))
        if not self.path.endswith("/messages:send"):
            return self.refuse(404, "NOT_FOUND")
        if not self.headers.get("Authorization", "").startswith("Bearer loopback-"):
            return self.refuse(401, "UNAUTHENTICATED")
        call = json.loads(body)
        self.take(call["message"], bool(call.get("validate_only")))

    def take_sms(self, message: dict[str, Any]) -> None:
        self.server.accept({"to": message["to"], "text": message["text"]})
        self.answer(201, {"id": message["id"]})

    def give_token(self) -> None:
        self.server.tokens_given += 1
        token = f"loopback-{self.server.tokens_given}"
        self.answer(200, {"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def take(self, message: dict[str, Any], dry_run: bool) -> None:
        """Answer as the token's name asks for, otherwise accept."""
        target = str(message.get("token") or message.get("fid") or message.get("topic"))
        fault, number = named_fault(target)
        if dry_run:
            return self.misbehave(fault, number) if fault == "badarg" else self.accepted("dry-run")
        tried = self.server.try_number(target)
        if fault in REFUSALS | ODD_ANSWERS and self.lasts(fault, number, target, tried):
            return self.misbehave(fault, number)
        self.server.accept(message)
        if fault == "lost" and (number is None or tried <= number):
            return self.cut()
        if fault == "slow":
            time.sleep((number or 0) / 1000)
        self.accepted(f"{len(self.server.accepted)}")

    def lasts(self, fault: str, number: int | None, target: str, tried: int) -> bool:
        """Whether a fault that passes is still there."""
        if fault == "quota":
            return time.monotonic() - self.server.first_try[target] < (number or 1)
        return fault not in ("e500", "e503") or tried <= (number or 1)

    def misbehave(self, fault: str, number: int | None) -> None:
        if fault in ODD_ANSWERS:
            return self.answer(*ODD_ANSWERS[fault])
        self.refuse(*REFUSALS[fault], headers={"Retry-After": str(number or 1)} if fault == "quota" else {})

    def accepted(self, name: str) -> None:
        self.answer(200, {"name": f"projects/loopback/messages/{name}"})

    def refuse(self, status: int, code: str, fcm: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        """An error as FCM words it."""
        details = [{"@type": FCM_ERROR, "errorCode": fcm}] if fcm else []
        self.answer(
            status, {"error": {"code": status, "message": fcm or code, "status": code, "details": details}}, headers
        )

    def cut(self) -> None:
        """Close without a word."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(content, bytes) else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing; what counts is kept."""


def named_fault(target: str) -> tuple[str, int | None]:
    """The fault that a token's name asks for and its number: "e503-2-x" → ("e503", 2)."""
    parts = target.split("-")
    number = int(parts[1]) if len(parts) > 2 and re.fullmatch(r"\d+", parts[1]) else None
    return parts[0] if len(parts) > 1 else "", number


def serve(host: str, port: int, record_path: Path | None = None) -> None:
    """Serve until the process ends. Raises SettingsRefused for an address that is not loopback."""
    with LoopbackFcm(host, port, record_path) as server:
        server.serve_forever(poll_interval=0.1)


@contextmanager
def running(host: str = "127.0.0.1", port: int = 0, record_path: Path | None = None) -> Iterator[LoopbackFcm]:
    """The stand-in in a thread, for as long as the block lasts."""
    with LoopbackFcm(host, port, record_path) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
