"""Ways to reach somebody. A channel sends one message at a time and says how that ended; it knows no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from service.config import Settings
from service.outbox.outcomes import BackOff, Result


@dataclass(frozen=True)
class Message:
    """All that a channel needs to send one delivery.

    `uid` is the delivery's, the same in every attempt; `uncertain` counts those whose outcome nobody knows.
    """

    uid: str
    target_kind: str
    target: str
    tag: str
    event: str
    kind: str
    subject: str
    version: int
    content: Mapping[str, Any]
    expires_at: datetime
    uncertain: int = 0


class Channel(Protocol):
    """A way to reach somebody.

    threads     how many messages may be under way at once
    longest     how many seconds one `send` may take at the most
    per_minute  how many messages one worker may send at full speed; None: as fast as it can
    """

    name: str
    threads: int
    longest: float
    per_minute: int | None
    back_off: BackOff

    def prepare(self) -> Result | None:
        """Called before anything is claimed: None when messages can be sent, otherwise why not. Sends nothing."""

    def send(self, message: Message) -> Result:
        """Try once, never twice. Called from many threads; never raises."""

    def close(self) -> None:
        """Give connections back."""


def configured(settings: Settings) -> dict[str, bool]:
    """Which channels have what they need to send."""
    return {
        "push": bool(settings.fcm_credentials or settings.fcm_base_url),
        "web": bool(settings.vapid_key),
        "email": bool(settings.smtp_url),
        "sms": bool(settings.sms_url),
    }


def build(settings: Settings) -> list[Channel]:
    """The configured channels. Raises SettingsRefused, OSError or ValueError for credentials that cannot be used."""
    channels: list[Channel] = []
    ready = configured(settings)
    if ready["push"]:
        from service.outbox.channels.push import Push

        channels.append(Push.from_settings(settings))
    if ready["web"]:
        from service.outbox.channels.web_push import WebPush

        channels.append(WebPush.from_settings(settings))
    if ready["email"]:
        from service.outbox.channels.email import Email

        channels.append(Email.from_settings(settings))
    if ready["sms"]:
        from service.outbox.channels.sms import Sms

        channels.append(Sms.from_settings(settings))
    return channels
