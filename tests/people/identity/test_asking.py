"""What is asked of a provider, and what is no answer."""

import pytest

from service.people.identity.discovering import keys_of
from service.people.identity.fetching import ProviderAway, fetch, fetch_json, is_address
from tests.fetching.server import Answered, serving

ALLOWED = ("127.0.0.1",)


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"7"])
def test_what_is_no_object_is_no_answer(app: object, body: bytes) -> None:
    with serving(Answered(body)) as server, pytest.raises(ProviderAway):
        fetch_json(f"{server.url}/.well-known/openid-configuration", ALLOWED)


@pytest.mark.parametrize("url", ["http://login.example.org/", "http://10.0.0.1/", "https://a:b@login.example.org/"])
def test_only_https_without_a_password_is_asked(url: str) -> None:
    assert not is_address(url, ())
    with pytest.raises(ProviderAway):
        fetch(url, ())


@pytest.mark.parametrize("url", ["https://[::1", "https://login.example.org:99999/", "https://", "https://x\\y/"])
def test_what_is_no_address_is_none(url: str) -> None:
    assert not is_address(url, ())


def test_nobody_inside_is_asked() -> None:
    with pytest.raises(ProviderAway):
        fetch("https://127.0.0.1:9/", ())


@pytest.mark.parametrize(
    "answered",
    [Answered(b"{}", status=404), Answered(b'{"keys": [{"kty": "RSA", "kid": "a"}]}'), Answered(b'{"keys": 7}')],
    ids=["away", "broken", "none"],
)
def test_keys_that_are_none_prove_nothing(answered: Answered) -> None:
    with serving(answered) as server, pytest.raises(ProviderAway):
        keys_of(f"{server.url}/keys", "a", ALLOWED)
