"""Phones that stay connected and say nothing keep nobody out."""

import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests

IDLE = 200


@pytest.mark.slow
def test_hundreds_of_idle_connections_keep_nobody_out(url: str) -> None:
    place = urlsplit(url)
    with ExitStack() as open_ones:
        for _ in range(IDLE):
            phone = open_ones.enter_context(socket.create_connection((place.hostname, place.port), timeout=30))
            phone.sendall(b"GET /health HTTP/1.1\r\nHost: here\r\n\r\n")
            assert phone.recv(12) == b"HTTP/1.1 200"
        assert requests.get(f"{url}/health", timeout=10).status_code == 200
