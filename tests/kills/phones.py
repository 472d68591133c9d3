"""Phones over a bad network, and clerks: they ask again until they are answered, as the app and a browser would."""

import hashlib
import io
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

SECRET = "k" * 32
TRY_AGAIN = (429, 502, 503, 504)
LONGEST_PAUSE = 1.0
PATIENCE = 120.0


class Refused(AssertionError):
    """An answer that no phone expects; the message is the answer."""


class GivenUp(AssertionError):
    """Nobody answered for minutes."""


@dataclass
class Sent:
    """A report as its phone knows it: under which key it was sent, with which photos, and what came back."""

    key: str
    whole: bool
    photos: list[bytes]
    ids: set[str] = field(default_factory=set)
    tries: int = 0

    @property
    def digests(self) -> list[str]:
        return [hashlib.sha256(photo).hexdigest() for photo in self.photos]


def take_photo(chance: random.Random) -> bytes:
    """A small JPEG that no other photo equals."""
    image = Image.frombytes("RGB", (16, 12), chance.randbytes(16 * 12 * 3)).resize((320, 240))
    file = io.BytesIO()
    image.save(file, "JPEG")
    return file.getvalue()


class Caller:
    """Somebody with a bad connection: `lossy` is how likely an answer gets lost after the service has given it."""

    def __init__(self, url: str, seed: int, token: str | None = None, lossy: float = 0.1) -> None:
        self.url = f"{url}/api/v1/here"
        self.chance = random.Random(seed)
        self.token = token
        self.lossy = lossy
        self.lost = 0
        self.unanswered = 0
        self.http = requests.Session()

    def ask(self, method: str, path: str, **options: Any) -> requests.Response | None:
        """One try; None when no answer came, or when it was lost on the way."""
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        try:
            answer = self.http.request(method, self.url + path, headers=headers, timeout=30, **options)
        except requests.RequestException:
            self.unanswered += 1
            return None
        if self.chance.random() < self.lossy:
            self.lost += 1
            return None
        return None if answer.status_code in TRY_AGAIN else answer

    def insist(self, attempt: Callable[[], requests.Response | None], *expected: int) -> requests.Response:
        """Try until there is an answer, with growing pauses. Raises Refused, GivenUp."""
        deadline, pause = time.monotonic() + PATIENCE, 0.05
        while time.monotonic() < deadline:
            answer = attempt()
            if answer is not None and answer.status_code in expected:
                return answer
            if answer is not None:
                raise Refused(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}")
            time.sleep(self.chance.uniform(pause / 2, pause))
            pause = min(LONGEST_PAUSE, pause * 1.6)
        raise GivenUp(f"nobody answers at {self.url}")

    def get(self, path: str) -> Any:
        """What is there, however often one must ask."""
        return self.insist(lambda: self.ask("GET", path), 200).json()

    def pages(self, path: str, name: str) -> list[Any]:
        """All of a list that comes in pages."""
        page = self.get(f"{path}?limit=50")
        found = list(page[name])
        while page["next"]:
            page = self.get(f"{path}?limit=50&after={page['next']}")
            found += page[name]
        return found

    def upload(self, photo: bytes) -> str:
        """Send one photo; anew when the answer was lost, for nobody knows whether the first arrived."""
        return str(
            self.insist(lambda: self.ask("POST", "/photos", files={"photo": ("p.jpg", photo)}), 201).json()["id"]
        )


class Phone(Caller):
    """A resident's phone. `push` is where pushes reach it; None: it does not register, its reports are anonymous."""

    def __init__(self, url: str, seed: int, push: str | None) -> None:
        super().__init__(url, seed)
        self.push = push
        self.installation = str(uuid.UUID(int=self.chance.getrandbits(128), version=4))
        self.sent: list[Sent] = []

    def introduce(self) -> None:
        """Register and say where pushes go."""
        if self.push is None:
            return
        body = {"installation": self.installation, "secret": SECRET, "platform": "android", "app_version": "1.0"}
        self.token = self.insist(lambda: self.ask("POST", "/devices", json=body | {"language": "el"}), 201).json()[
            "token"
        ]
        target = {"kind": "token", "value": self.push}
        self.insist(lambda: self.ask("PUT", "/me/push-target", json=target), 204)

    def report(self, whole: bool) -> Sent:
        """Send one report with its photos, in one call or one after the other, until it is acknowledged."""
        photos = [take_photo(self.chance) for _ in range(self.chance.choice((1, 1, 2)))]
        sent = Sent(str(uuid.UUID(int=self.chance.getrandbits(128), version=4)), whole, photos)
        self.sent.append(sent)
        body = {
            "category": self.chance.choice(("dark-lamp", "pothole", "open")),
            "description": f"Report {sent.key}",
            "longitude": round(self.chance.uniform(21.701, 21.799), 6),
            "latitude": round(self.chance.uniform(40.201, 40.299), 6),
        }
        sending = self.in_one_call(sent, body) if whole else self.one_by_one(sent, body)
        sent.ids.add(str(self.insist(sending, 201).json()["id"]))
        return sent

    def in_one_call(self, sent: Sent, body: dict[str, Any]) -> Callable[[], requests.Response | None]:
        def attempt() -> requests.Response | None:
            sent.tries += 1
            parts = [("photos", (f"{number}.jpg", photo)) for number, photo in enumerate(sent.photos)]
            return self.ask(
                "POST",
                "/reports/with-photos",
                headers={"Idempotency-Key": sent.key},
                data={"report": json.dumps(body)},
                files=parts,
            )

        return attempt

    def one_by_one(self, sent: Sent, body: dict[str, Any]) -> Callable[[], requests.Response | None]:
        """Photos first. Half of the retries know nothing any more of what was uploaded and send the photos anew."""
        uploaded: list[str] = []

        def attempt() -> requests.Response | None:
            sent.tries += 1
            if not uploaded or self.chance.random() < 0.5:
                uploaded[:] = [self.upload(photo) for photo in sent.photos]
            return self.ask("POST", "/reports", headers={"Idempotency-Key": sent.key}, json=body | {"photos": uploaded})

        return attempt


@dataclass
class Moved:
    """A move that a clerk was told has happened: it made this version of the report, in this state."""

    report: str
    version: int
    state: str


class Keeper(Caller):
    """Who keeps the map: uploads the same small file again and again."""

    def upload_layer(self) -> str:
        """The id of the upload that was acknowledged; of those whose answer was lost nobody knows."""
        square = [[[21.71, 40.21], [21.72, 40.21], [21.72, 40.22], [21.71, 40.22], [21.71, 40.21]]]
        geometry = {"type": "Polygon", "coordinates": square}
        feature = {"type": "Feature", "properties": {"key": "one"}, "geometry": geometry}
        file = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
        path, files = "/staff/layers/lighting/uploads", {"file": ("lighting.geojson", file)}
        return str(self.insist(lambda: self.ask("POST", path, files=files), 202).json()["id"])


class Clerk(Caller):
    """Staff who move reports on, wherever the table of states lets them."""

    def __init__(self, url: str, seed: int, token: str) -> None:
        super().__init__(url, seed, token)
        self.moves: list[Moved] = []
        self.too_late = 0

    def work(self, reports: Callable[[], list[str]], done: threading.Event) -> None:
        """Move one report after the other until it is said to be enough."""
        while not done.is_set():
            there = reports()
            if there:
                self.move(self.chance.choice(there))
            done.wait(self.chance.uniform(0, 0.05))

    def move(self, report: str) -> None:
        """Read the report, move it somewhere, sometimes with a photo; whoever was faster wins."""
        seen = self.get(f"/staff/reports/{report}")
        if not seen["moves"]:
            return
        to = self.chance.choice(seen["moves"])
        photos = [self.upload(take_photo(self.chance))] if to == "resolved" else []
        body = {"to": to, "note": f"Now {to}", "version": seen["version"], "photos": photos}
        answer = self.insist(lambda: self.ask("POST", f"/staff/reports/{report}/moves", json=body), 200, 409)
        if answer.status_code == 200:
            self.moves.append(Moved(report, seen["version"] + 1, to))
        else:
            self.too_late += 1
