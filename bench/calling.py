"""A client that costs little: requests that were written before are sent over connections that stay open."""

import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class Unexpected(Exception):
    """A server answered otherwise than the benchmark needs; the message says how."""


@dataclass(frozen=True)
class Call:
    """A request as bytes, and the status that it must have."""

    request: bytes
    status: int = 200


def call(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"", status: int = 200) -> Call:
    """A request with this body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return Call("\r\n".join([*lines, "", ""]).encode() + body, status)


def call_with_json(path: str, content: Any, headers: dict[str, str] | None = None, status: int = 200) -> Call:
    body = json.dumps(content, ensure_ascii=False).encode()
    return call("POST", path, {"Content-Type": "application/json", **(headers or {})}, body, status)


def call_with_photo(path: str, content: Any, photo: bytes, headers: dict[str, str], status: int = 201) -> Call:
    """The report as JSON and its photo in one multipart body."""
    mark = b"----------------------------benchmark"
    parts = [
        b'Content-Disposition: form-data; name="report"\r\nContent-Type: application/json\r\n\r\n'
        + json.dumps(content, ensure_ascii=False).encode(),
        b'Content-Disposition: form-data; name="photos"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' + photo,
    ]
    body = b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"
    kind = {"Content-Type": f"multipart/form-data; boundary={mark.decode()}"}
    return call("POST", path, kind | headers, body, status)


class Connection:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, one: Call) -> bytes:
        """The body of the answer. Raises Unexpected."""
        self.socket.sendall(one.request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.receive()
        head, _, body = answer.partition(b"\r\n\r\n")
        length = length_in(head)
        while len(body) < length:
            body += self.receive()
        if int(head[9:12]) != one.status:
            raise Unexpected(f"{one.request[:200]!r} → {head[:200]!r} {body[:600].decode()}")
        return body

    def receive(self) -> bytes:
        data = self.socket.recv(1 << 18)
        if not data:
            raise Unexpected("the server hung up")
        return data


def length_in(head: bytes) -> int:
    """Content-Length of an answer's head; nothing where there is none."""
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line[15:])
    return 0


class Client:
    """Several connections to one server, used at the same time; each request has one of its own unless they are kept
    open."""

    def __init__(self, port: int, connections: int, kept_open: bool = True) -> None:
        self.kept_open = kept_open
        self.connections = [Connection(port) for _ in range(connections)]

    def send_all(self, calls: Sequence[Call]) -> None:
        """Send them all, shared among the connections. Raises Unexpected."""
        faults: list[BaseException] = []
        threads = [
            threading.Thread(target=self.send_some, args=(connection, calls[place :: len(self.connections)], faults))
            for place, connection in enumerate(self.connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if faults:
            raise faults[0]

    def send_some(self, connection: Connection, calls: Sequence[Call], faults: list[BaseException]) -> None:
        try:
            for one in calls:
                if not self.kept_open:
                    connection.socket.close()
                    connection.connect()
                connection.send(one)
        except BaseException as error:
            faults.append(error)
