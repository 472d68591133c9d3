"""A server that is asked to stop answers those who wait or still send, takes nobody new, and ends by itself."""

import json
import signal
import socket
import time
import uuid
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from service.db import session
from service.municipalities.directory import Municipality
from service.reports.models import Report
from tests.factories.people import Person
from tests.factories.reports import INSIDE, photo
from tests.kills.house import House

LONGER_THAN_WAITRESS_WAITS = 6.5


def upload(who: Person) -> bytes:
    """A report with a photo of a few megabytes, as a phone sends it."""
    report = json.dumps({"category": "dark-lamp", "description": "It is dark"} | INSIDE)
    form = requests.Request(
        "POST",
        "http://here/api/v1/here/reports/with-photos",
        headers=who.headers | {"Idempotency-Key": str(uuid.uuid4()), "Host": "here"},
        files={
            "report": (None, report),
            "photos": ("a.jpg", photo(size=(4000, 3000)) + bytes(2_000_000), "image/jpeg"),
        },
    ).prepare()
    lines = "".join(f"{name}: {value}\r\n" for name, value in form.headers.items())
    assert isinstance(form.body, bytes)
    return f"POST {form.path_url} HTTP/1.1\r\n{lines}\r\n".encode() + form.body


def everything_from(connection: socket.socket) -> bytes:
    """What it says until it is closed."""
    said = b""
    while some := connection.recv(65536):
        said += some
    return said


@pytest.mark.slow
def test_a_photo_that_is_on_its_way_when_the_server_stops_arrives(
    app: Flask, here: Municipality, alice: Person, database_url: str, tmp_path: Path
) -> None:
    house = House(tmp_path, database_url, "http://127.0.0.1:9")
    try:
        house.start("server")
        house.wait_until_ready()
        place, sent = ("127.0.0.1", house.port), upload(alice)
        with socket.create_connection(place, timeout=60) as phone, socket.create_connection(place, timeout=60) as idle:
            idle.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n")
            assert idle.recv(12) == b"HTTP/1.1 200"
            phone.sendall(sent[: len(sent) // 2])
            time.sleep(0.5)
            house.parts["server"].send_signal(signal.SIGTERM)
            assert everything_from(idle)
            time.sleep(LONGER_THAN_WAITRESS_WAITS)
            with pytest.raises(OSError):
                socket.create_connection(place, timeout=5)
            phone.sendall(sent[len(sent) // 2 :])
            assert everything_from(phone).startswith(b"HTTP/1.1 201")
        assert house.parts["server"].wait(10) == 0
        session.rollback()
        assert len(session.scalars(select(Report)).all()) == 1
    finally:
        house.clear()
