"""Short messages to telephones, through whatever gateway the installation has a contract with.

A gateway is one function, `Gateway.post`. `HttpGateway` is an example that many are close to: each message is one
`POST` to `PLATEIA_SMS_URL` with `{"id", "from", "to", "text"}` as JSON, `PLATEIA_SMS_TOKEN` as a bearer token, and the
delivery's id as `Idempotency-Key`, so that a repeat need not be sent twice. `to` is E.164, `+306912345678`.

its answer                   the outcome
2xx                          sent; `id` of its JSON is the message's id there
404, 410                     dead target: nobody has this number
401, 402, 403                configuration: the token is refused, or the account is empty
429, 503                     channel pause, as long as `Retry-After` says
other 4xx                    bad message
other 5xx, 3xx               retry
nobody answers at the door   channel pause
the line breaks afterwards   uncertain
"""

from typing import Any, Protocol

import requests

from service.config import Settings, SettingsRefused, host_of, is_loopback
from service.outbox.channels import Message
from service.outbox.outcomes import BackOff, Outcome, Result

TIMEOUT = (5.0, 10.0)
LARGEST_WAIT = 3600.0
PERMANENT = {401: Outcome.CONFIGURATION, 402: Outcome.CONFIGURATION, 403: Outcome.CONFIGURATION}
GONE = (404, 410)
BUSY = (429, 503)


class Gateway(Protocol):
    """What hands a short message on."""

    def post(self, number: str, text: str, uid: str) -> Result:
        """Try once. `uid` is the same in every attempt. Never raises, never redirects, gives up within 15 seconds."""


class HttpGateway:
    """A gateway that takes JSON over HTTPS."""

    def __init__(self, url: str, token: str | None, sender: str) -> None:
        if not (url.startswith("https://") or is_loopback(host_of(url))):
            raise SettingsRefused("PLATEIA_SMS_URL is https://…: codes and numbers are not sent in the clear.")
        self.url = url
        self.sender = sender
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def post(self, number: str, text: str, uid: str) -> Result:
        """One request on a connection of its own."""
        body = {"id": uid, "from": self.sender, "to": number, "text": text}
        headers = self.headers | {"Idempotency-Key": uid}
        try:
            answer = requests.post(self.url, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False)
        except requests.ConnectionError as error:
            return Result(not_answered(error), error=type(error).__name__)
        except requests.RequestException as error:
            return Result(Outcome.UNCERTAIN, error=type(error).__name__)
        return judged(answer)


def not_answered(error: requests.ConnectionError) -> Outcome:
    """Whether the gateway never had the message, or may have it."""
    never = isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error)
    return Outcome.CHANNEL_PAUSE if never else Outcome.UNCERTAIN


def judged(answer: requests.Response) -> Result:
    """What the gateway's answer means. Its words are not kept: they may quote the number."""
    status, said = answer.status_code, f"HTTP {answer.status_code}"
    if 200 <= status < 300:
        return Result(Outcome.SENT, message_id=id_in(answer))
    if status in BUSY:
        return Result(Outcome.CHANNEL_PAUSE, error=said, retry_after=wait_of(answer))
    if status in GONE:
        return Result(Outcome.DEAD_TARGET, error=said)
    if 400 <= status < 500:
        return Result(PERMANENT.get(status, Outcome.BAD_MESSAGE), error=said)
    return Result(Outcome.RETRY, error=said)


def id_in(answer: requests.Response) -> str | None:
    try:
        said: Any = answer.json()
    except ValueError:
        return None
    found = said.get("id") if isinstance(said, dict) else None
    return str(found)[:200] if isinstance(found, str | int) else None


def wait_of(answer: requests.Response) -> float | None:
    said = answer.headers.get("Retry-After", "")
    return min(float(said), LARGEST_WAIT) if said.isdigit() else None


class Sms:
    """The channel: one gateway for the whole installation."""

    name = "sms"
    per_minute: int | None = None
    longest = sum(TIMEOUT)

    def __init__(self, gateway: Gateway, threads: int = 4, back_off: BackOff | None = None) -> None:
        self.gateway = gateway
        self.threads = threads
        self.back_off = back_off or BackOff(first=5.0, cap=60.0)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Sms":
        """With the gateway of PLATEIA_SMS_URL. Raises SettingsRefused where it would send in the clear."""
        return cls(HttpGateway(settings.sms_url or "", settings.sms_token, settings.sms_from))

    def prepare(self) -> Result | None:
        """There is nothing to fetch beforehand."""
        return None

    def send(self, message: Message) -> Result:
        """Hand one message to the gateway."""
        text = message.content.get("text")
        if not isinstance(text, str):
            return Result(Outcome.BAD_MESSAGE, error="no text")
        return self.gateway.post(message.target, text, message.uid)

    def close(self) -> None:
        """No connection is kept."""
