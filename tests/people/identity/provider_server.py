"""Identity providers on this machine: they speak real HTTP, sign with real keys, and can be told to cheat."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.loopback import QuietHandler, serving

CLIENT, SECRET = "plateia", "the secret of the client"
Sign = Callable[["LoopbackProvider", dict[str, Any]], str]


@cache
def rsa_key(name: str) -> RSAKey:
    """A key of this name, made once: that takes its time."""
    return RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig", "alg": "RS256"}, private=True)


def signed(provider: "LoopbackProvider", claims: dict[str, Any]) -> str:
    """An ID token as it should be."""
    key = rsa_key(provider.key_name)
    return jwt.encode({"alg": "RS256", "kid": provider.key_name}, claims, key)


class LoopbackProvider(ThreadingHTTPServer):
    """An OpenID Connect provider, and an OAuth 2.0 provider that answers in XML, on a loopback address.

    sign       makes the ID token: a hostile provider makes another one
    change     what stands in the claims in place of what should
    about      what userinfo answers, where it is more than the subject; text is XML
    slow       seconds before each answer; `padding`: bytes that make each answer too large
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key_name = "first"
        rsa_key(self.key_name)  # before threads may make it twice
        self.sign: Sign = signed
        self.change: dict[str, Any] = {}
        self.about: dict[str, Any] | list[Any] | str | None = None
        self.holders: dict[str, Any] = {}
        self.slow, self.padding = 0.0, 0
        self.discovery: dict[str, Any] = {}
        self.codes: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.reuse_codes = False

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/realm"

    def approve(self, address: str, **claims: Any) -> dict[str, str]:
        """Somebody signs in on the page at this address and is sent back: what the browser carries."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked | {"claims": claims}
        back = {"code": code, "state": asked["state"]}
        return back | ({"iss": self.issuer} if self.discovery else {})

    def answer(self, path: str, form: dict[str, str], headers: Any) -> tuple[int, Any]:
        """Status and content for a request."""
        if path.endswith("/openid-configuration"):
            places = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token", "userinfo")}
            return 200, {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"} | places | self.discovery
        if path.endswith("/keys"):
            return 200, {"keys": [rsa_key(self.key_name).as_dict(private=False)]}
        if path.endswith("/token"):
            return self.token(form)
        if path.endswith("/userinfo"):
            holder = self.holders.get(headers.get("Authorization", "").removeprefix("Bearer "))
            about = {"sub": holder} if self.about is None else self.about
            return (200, about) if holder else (401, {})
        return 404, {}

    def token(self, form: dict[str, str]) -> tuple[int, Any]:
        """What the token endpoint gives for a code: once, to this client, with the right verifier."""
        asked = self.codes.get(form["code"]) if self.reuse_codes else self.codes.pop(form["code"], None)
        verifier = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        fits = asked and challenge == asked["code_challenge"] and form["redirect_uri"] == asked["redirect_uri"]
        if not asked or not fits or (form["client_id"], form.get("client_secret")) != (CLIENT, SECRET):
            return 400, {"error": "invalid_grant"}
        access = f"at-{secrets.token_urlsafe(8)}"
        half = hashlib.sha256(access.encode()).digest()[:16]
        moment = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "person-1",
            "nonce": asked.get("nonce"),
            "iat": moment,
            "exp": moment + 300,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        claims = {name: value for name, value in (claims | asked["claims"] | self.change).items() if value is not None}
        self.holders[access] = claims.get("sub")
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": self.sign(self, claims)}


class Handler(QuietHandler):
    server: LoopbackProvider

    def do_GET(self) -> None:
        self.reply({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.reply({name: values[0] for name, values in parse_qs(body).items()})

    def reply(self, form: dict[str, str]) -> None:
        self.server.asked.append(self.path)
        status, content = self.server.answer(urlsplit(self.path).path, form, self.headers)
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        time.sleep(self.server.slow)
        body += b" " * self.server.padding
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def running() -> AbstractContextManager[LoopbackProvider]:
    """A provider that answers until the block ends."""
    return serving(LoopbackProvider())
