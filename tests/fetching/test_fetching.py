"""What is fetched comes from the address that was checked, whole and within its bounds, or not at all."""

import gzip
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.errors import Problem
from service.fetching.addresses import AddressRefused, Resolve, origin_of
from service.fetching.connecting import PlainSocket, seconds_until
from service.fetching.fetching import Answer, Bounds, Credentials, Fetcher, FetchFailed
from tests.fetching.server import PUBLIC, Answered, Asked, serving

LOOPBACK = ("127.0.0.0/8",)
SMALL = Bounds(bytes=100_000, seconds=5, connect_seconds=1)
HURRIED = Bounds(bytes=100_000, seconds=0.5, connect_seconds=0.5)


def fetched(url: str, fetcher: Fetcher | None = None, bounds: Bounds = SMALL, **options: Any) -> tuple[Answer, bytes]:
    into = io.BytesIO()
    answer = (fetcher or Fetcher(LOOPBACK)).fetch(url, into, bounds, **options)
    return answer, into.getvalue()


def refusal(url: str, fetcher: Fetcher | None = None, bounds: Bounds = SMALL, **options: Any) -> dict[str, Any]:
    """The code of the refusal with its details."""
    with pytest.raises(Problem) as refused:
        fetched(url, fetcher, bounds, **options)
    assert isinstance(refused.value, AddressRefused | FetchFailed)
    return {"code": refused.value.code} | refused.value.details


def resolving(*addresses: str) -> Resolve:
    """A resolver that has these addresses for every name."""

    def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


class Names:
    """A resolver that answers from a table, each time with the next of the answers for a name."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers: Mapping[str, Sequence[str]] = answers
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        found = self.answers[host.partition(".")[0]]
        return [found[min(self.asked.count(host), len(found)) - 1]]


# --- what comes ------------------------------------------------------------------------------------------------------


def test_what_is_there_comes_with_its_headers() -> None:
    with serving(Answered(b"content", headers={"ETag": '"one"'})) as server:
        answer, content = fetched(f"{server.url}/a%20b?c=d&c=e#f", headers={"Accept": "text/plain"})
    assert (answer.status, content, answer.headers["etag"]) == (200, b"content", '"one"')
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.headers["Accept"]) == ("GET", "/a%20b", "text/plain")
    assert asked.headers["Host"] == f"127.0.0.1:{server.port}"


def test_a_form_is_posted_and_packed_content_is_unpacked() -> None:
    packed = gzip.compress(b"packed" * 1000)
    with serving(Answered(packed, headers={"Content-Encoding": "gzip"})) as server:
        _, content = fetched(server.url, form={"ids": "1,2", "name": "Ελλάδα"})
    assert content == b"packed" * 1000
    assert server.asked[0].method == "POST" and server.asked[0].query == {"ids": "1,2", "name": "Ελλάδα"}


def test_content_in_pieces_is_joined_and_nothing_new_is_an_answer() -> None:
    def pieces(file: Any) -> None:
        for piece in (b"3\r\nabc\r\n", b"4\r\ndefg\r\n", b"0\r\n\r\n"):
            file.write(piece)

    with serving(Answered(write=pieces, headers={"Transfer-Encoding": "chunked"})) as server:
        assert fetched(server.url)[1] == b"abcdefg"
    with serving(Answered(status=304)) as server:
        answer, content = fetched(server.url, headers={"If-None-Match": '"one"'})
        assert refusal(server.url) == {"code": "fetch_failed", "reason": "status", "answered": 304}
    assert (answer.status, content) == (304, b"")


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_any_other_answer_is_a_failure(status: int) -> None:
    with serving(Answered(b"no", status=status)) as server:
        assert refusal(server.url) == {"code": "fetch_failed", "reason": "status", "answered": status}


# --- who is asked ----------------------------------------------------------------------------------------------------


def test_nobody_inside_is_asked_whatever_the_name_says() -> None:
    with serving(Answered(b"secret")) as server:
        for host in ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost"):
            assert refusal(f"http://{host}:{server.port}/", Fetcher())["reason"] == "inside", host
        lying = Fetcher(resolve=Names(gis=["127.0.0.1"]))
        assert refusal(f"http://gis.example:{server.port}/", lying) == {
            "code": "address_refused",
            "reason": "inside",
            "host": "gis.example",
        }
        assert server.asked == []


def test_a_name_with_one_address_inside_is_refused_whole() -> None:
    both = Fetcher(resolve=resolving(PUBLIC, "10.0.0.1"))
    assert refusal("http://gis.example/", both)["reason"] == "inside"


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """The name is looked up once: what it would say a moment later does not matter."""
    with serving(Answered(b"content")) as server:
        names = Names(gis=["127.0.0.1", "127.0.0.99"])
        _, content = fetched(f"http://gis.example:{server.port}/", Fetcher(LOOPBACK, names))
        assert (content, names.asked) == (b"content", ["gis.example"])
        assert server.asked[0].headers["Host"] == f"gis.example:{server.port}"


def test_a_name_that_changes_between_two_steps_is_checked_at_each() -> None:
    with serving(Answered(status=302, headers={"Location": "/again"})) as server:
        names = Names(gis=["127.0.0.1", "10.0.0.1"])
        found = refusal(f"http://gis.example:{server.port}/", Fetcher(LOOPBACK, names))
        assert found["reason"] == "inside" and len(names.asked) == 2 and len(server.asked) == 1


def test_a_redirect_leads_nowhere_inside() -> None:
    for place in (
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://[::1]/",
    ):
        with serving(Answered(status=302, headers={"Location": place})) as server:
            assert refusal(server.url)["code"] == "address_refused", place


def test_redirects_are_followed_but_not_for_ever() -> None:
    def answering(asked: Asked) -> Answered:
        if asked.path == "/there":
            return Answered(b"there")
        if asked.path == "/nowhere":
            return Answered(status=302)
        if asked.path == "/no-address":
            return Answered(status=302, headers={"Location": "http://[::1"})
        return Answered(status=307, headers={"Location": "/there" if asked.path == "/once" else "/again"})

    with serving(answering) as server:
        answer, content = fetched(f"{server.url}/once")
        assert (answer.url, content) == (f"{server.url}/there", b"there")
        assert refusal(f"{server.url}/again") == {"code": "fetch_failed", "reason": "redirects"}
        assert refusal(f"{server.url}/nowhere")["reason"] == "redirects"
        assert refusal(f"{server.url}/no-address")["reason"] == "redirects"
        assert refusal(f"{server.url}/once", form={"a": "b"})["reason"] == "redirects"


def test_only_the_origin_that_credentials_are_for_gets_them() -> None:
    with serving(Answered(b"other")) as other:

        def answering(asked: Asked) -> Answered:
            return Answered(status=302, headers={"Location": "/here" if asked.path == "/" else other.url})

        with serving(answering) as server:
            mine = Credentials(origin_of(server.url), {"Authorization": "Basic secret"})
            fetched(server.url, credentials=mine)
    assert [asked.headers.get("Authorization") for asked in server.asked] == ["Basic secret"] * 2
    assert "Authorization" not in other.asked[0].headers
    assert "secret" not in repr(mine)


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Answered(b"proxy")) as proxy, serving(Answered(b"server")) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert fetched(server.url)[1] == b"server" and proxy.asked == []


def test_who_does_not_answer_is_named_by_its_fault() -> None:
    with serving(Answered()) as server:
        closed = server.url
    assert refusal(closed)["reason"] == "unreachable"

    def unknown(host: str, port: int) -> list[str]:
        raise OSError

    assert refusal("http://gis.example/", Fetcher(resolve=unknown))["reason"] == "host"
    assert refusal("http://gis.example/", Fetcher(resolve=resolving()))["reason"] == "unreachable"


def test_the_second_address_is_tried_where_the_first_does_not_answer() -> None:
    with serving(Answered(b"content")) as server:
        both = Fetcher(LOOPBACK, resolving("127.0.0.99", "127.0.0.1"))
        assert fetched(f"http://gis.example:{server.port}/", both)[1] == b"content"


# --- TLS -------------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this name that nobody but itself has signed, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_a_certificate_must_be_trusted_and_be_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = certificate(tmp_path, "gis.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    names = Names(gis=["127.0.0.1"], other=["127.0.0.1"])
    with serving(Answered(b"secret"), context) as server:
        address = f"https://gis.example:{server.port}/"
        assert refusal(address, Fetcher(LOOPBACK, names))["reason"] == "tls"
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert fetched(address, Fetcher(LOOPBACK, names))[1] == b"secret"
        assert refusal(f"https://other.example:{server.port}/", Fetcher(LOOPBACK, names))["reason"] == "tls"


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_what_is_larger_than_its_bound_is_left_in_the_middle() -> None:
    def endless(file: Any) -> None:
        for _ in range(10_000):
            file.write(b"x" * 65536)

    with serving(Answered(write=endless)) as server:
        assert refusal(server.url) == {"code": "fetch_failed", "reason": "too_large", "most": 100_000}


def test_a_small_answer_that_unpacks_into_a_large_one_is_left_in_the_middle() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert len(bomb) < SMALL.bytes
    with serving(Answered(bomb, headers={"Content-Encoding": "gzip"})) as server:
        assert refusal(server.url)["reason"] == "too_large"


def drip(file: Any) -> None:
    for _ in range(100):
        file.write(b"x")
        file.flush()
        time.sleep(0.05)


def test_no_drip_outlasts_the_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes soon enough; all of them would take five seconds."""
    path = certificate(tmp_path, "gis.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    names = Names(gis=["127.0.0.1"])
    for scheme, tls in (("http", None), ("https", context)):
        with serving(Answered(write=drip), tls) as server:
            began = time.monotonic()
            found = refusal(f"{scheme}://gis.example:{server.port}/", Fetcher(LOOPBACK, names), HURRIED)
            assert found["reason"] == "too_slow" and time.monotonic() - began < 2


def test_headers_that_drip_and_names_that_nobody_answers_do_not_outlast_it_either() -> None:
    gate = threading.Event()

    def late(asked: Asked) -> Answered:
        gate.wait(3)
        return Answered()

    with serving(late) as server:
        assert refusal(server.url, bounds=HURRIED)["reason"] == "too_slow"
        gate.set()

    def never(host: str, port: int) -> list[str]:
        time.sleep(1)
        return [PUBLIC]

    assert refusal("http://gis.example/", Fetcher(resolve=never), HURRIED)["reason"] == "too_slow"


def test_nothing_is_read_after_the_end() -> None:
    for deadline in (0.0, time.monotonic() - 0.1):
        with pytest.raises(TimeoutError):
            seconds_until(deadline)
    assert 0 < seconds_until(time.monotonic() + 1) <= 1
    with PlainSocket() as unready, pytest.raises(TimeoutError):
        unready.recv_into(bytearray(1))


def test_a_server_that_says_nothing_at_all_is_too_slow() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert refusal(f"http://127.0.0.1:{port}/", bounds=HURRIED)["reason"] == "too_slow"
        assert refusal(f"https://127.0.0.1:{port}/", bounds=HURRIED)["reason"] == "too_slow"


def test_half_an_answer_is_none() -> None:
    with serving(Answered(headers={"Content-Length": "100"}, write=lambda file: file.write(b"half"))) as s:
        assert refusal(s.url)["reason"] == "broken_off"
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            link, _ = rude.accept()
            link.recv(10)
            link.sendall(b"garbage\r\n\r\n")
            link.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert refusal(f"http://127.0.0.1:{rude.getsockname()[1]}/")["reason"] == "broken_off"
        thread.join()
