"""A stand-in of Firebase Authentication on this machine: Google's certificates and its look-up of people."""

import json
import time
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from joserfc import jwt

from service.outbox.channels.push import made_up_service_account
from tests.loopback import QuietHandler, serving
from tests.people.identity.provider_server import rsa_key

PROJECT = "kozani-app"


@cache
def service_account() -> str:
    """The JSON key of a service account of nobody; Google's address, which the stand-in stands in for."""
    return json.dumps(made_up_service_account("https://oauth2.googleapis.com") | {"project_id": PROJECT})


@cache
def certificate(name: str) -> str:
    """The key of this name in a certificate, as Google publishes its keys."""
    key: Any = rsa_key(name).private_key
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "securetoken")])
    made = x509.CertificateBuilder(named, named, key.public_key(), 1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    made = made.not_valid_after(datetime.now(UTC) + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class LoopbackFirebase(ThreadingHTTPServer):
    """`people`: what Google knows of whom; `fails`: every answer is 503."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.people: dict[str, dict[str, Any]] = {}
        self.fails = False
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def id_token(self, uid: str = "maria", key: str = "google", **change: Any) -> str:
        """The ID token that the app gets from Firebase's SDK."""
        self.people.setdefault(uid, {"localId": uid, "validSince": "0"})
        moment = int(time.time())
        claims = {
            "iss": f"https://securetoken.google.com/{PROJECT}",
            "aud": PROJECT,
            "sub": uid,
            "iat": moment,
            "auth_time": moment,
            "exp": moment + 3600,
            "firebase": {"sign_in_provider": "phone", "identities": {}},
        }
        claims = {name: value for name, value in (claims | change).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "google"}, claims, rsa_key(key))


class Handler(QuietHandler):
    server: LoopbackFirebase

    def do_GET(self) -> None:
        self.reply({"google": certificate("google")})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("accounts:lookup"):
            found = [self.server.people.get(uid) for uid in json.loads(body)["localId"]]
            self.reply({"users": found} if all(found) else {})
        else:
            self.reply({"access_token": "a token", "expires_in": 3600, "token_type": "Bearer"})

    def reply(self, content: dict[str, Any]) -> None:
        self.server.asked.append(self.path)
        body = json.dumps(content).encode()
        self.send_response(503 if self.server.fails else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def running() -> AbstractContextManager[LoopbackFirebase]:
    """A stand-in that answers until the block ends."""
    return serving(LoopbackFirebase())
