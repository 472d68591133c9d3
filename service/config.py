"""Every setting of the service, read once at start-up from environment variables that begin with PLATEIA_."""

import os
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from environs import Env

HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.IGNORECASE)
SHORTEST_KEY = 32
SECRET_FILE = "secret-key"  # noqa: S105  (a name)

PRIVATE = 0o077
"""What others are denied of every file that a process of the service makes: it may hold what people wrote."""


class SettingsRefused(Exception):
    """The settings contradict each other or would be unsafe; the message says which and why."""


@dataclass(frozen=True)
class Settings:
    """All settings. Each is `PLATEIA_` and the name in capitals; `docs/operating.md` lists them."""

    home: Path = field(default_factory=lambda: Path("var"))
    database_url: str = field(default="", repr=False)
    files_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    samples: bool = False
    log_level: str = "INFO"
    threads: int = 8
    limits_url: str = field(default="memory://", repr=False)
    limits: bool = True
    trusted_proxies: int = 0
    fcm_credentials: str | None = None
    fcm_base_url: str | None = None
    smtp_url: str | None = field(default=None, repr=False)
    mail_from: str = "plateia@localhost"
    sms_url: str | None = field(default=None, repr=False)
    sms_token: str | None = field(default=None, repr=False)
    sms_from: str = "Plateia"
    send_threads: int = 16
    push_per_minute: int = 300_000
    vapid_key: str | None = field(default=None, repr=False)
    vapid_contact: str = ""
    token_days: int = 30
    secret_key: str = field(default="", repr=False)
    fetch_allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        home = self.home.resolve()
        object.__setattr__(self, "home", home)
        if not self.database_url:
            object.__setattr__(self, "database_url", f"sqlite:///{home / 'plateia.sqlite'}")
        if not self.files_url:
            object.__setattr__(self, "files_url", f"file://{home / 'files'}")
        if not self.public_url:
            object.__setattr__(self, "public_url", f"http://{in_url(self.host)}:{self.port}")
        self.refuse_what_is_unsafe()

    def refuse_what_is_unsafe(self) -> None:
        if is_undecided(self.database_url):
            raise SettingsRefused(
                "PLATEIA_DATABASE_URL leads to another machine and does not say whether the way is encrypted: add "
                "?sslmode=verify-full (or require), or ?sslmode=disable where nobody else is on that network."
            )
        if self.samples and not is_loopback(self.host):
            raise SettingsRefused(
                f"The sample accounts have known passwords: they start only on a loopback address, not on {self.host}."
            )
        if self.fcm_base_url and not is_loopback(host_of(self.fcm_base_url)):
            raise SettingsRefused("PLATEIA_FCM_BASE_URL is for the stand-in of FCM on a loopback address only.")
        for text in self.fetch_allowed:
            if network_in(text) is None and not HOST.fullmatch(text):
                raise SettingsRefused(f"PLATEIA_FETCH_ALLOWED: {text} is neither a host's name nor a network.")
        if os.environ.get("FIREBASE_AUTH_EMULATOR_HOST"):
            raise SettingsRefused("FIREBASE_AUTH_EMULATOR_HOST switches the checking of signatures off: unset it.")
        if any(len(key) < SHORTEST_KEY for key in self.secret_key.split(",") if self.secret_key):
            raise SettingsRefused(f"Each key in PLATEIA_SECRET_KEY needs {SHORTEST_KEY} characters at least.")

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the settings; PORT is honoured too, as platforms set it. Raises SettingsRefused, EnvError."""
        env = Env(prefix="PLATEIA_")
        usual = cls(home=Path(env.str("HOME", "var")))
        made = cls(
            home=usual.home,
            database_url=env.str("DATABASE_URL", ""),
            files_url=env.str("FILES_URL", ""),
            host=env.str("HOST", usual.host),
            port=env.int("PORT", Env().int("PORT", usual.port)),
            public_url=env.str("PUBLIC_URL", ""),
            samples=env.bool("SAMPLES", usual.samples),
            log_level=env.str("LOG_LEVEL", usual.log_level),
            threads=env.int("THREADS", usual.threads),
            limits_url=env.str("LIMITS_URL", usual.limits_url),
            limits=env.bool("LIMITS", usual.limits),
            trusted_proxies=env.int("TRUSTED_PROXIES", usual.trusted_proxies),
            fcm_credentials=env.str("FCM_CREDENTIALS", None),
            fcm_base_url=env.str("FCM_BASE_URL", None),
            smtp_url=env.str("SMTP_URL", None),
            mail_from=env.str("MAIL_FROM", usual.mail_from),
            sms_url=env.str("SMS_URL", None),
            sms_token=env.str("SMS_TOKEN", None),
            sms_from=env.str("SMS_FROM", usual.sms_from),
            send_threads=env.int("SEND_THREADS", usual.send_threads),
            push_per_minute=env.int("PUSH_PER_MINUTE", usual.push_per_minute),
            vapid_key=env.str("VAPID_KEY", None),
            vapid_contact=env.str("VAPID_CONTACT", usual.vapid_contact),
            token_days=env.int("TOKEN_DAYS", usual.token_days),
            secret_key=env.str("SECRET_KEY", ""),
            fetch_allowed=listed(env.str("FETCH_ALLOWED", "")),
        )
        made.refuse_a_missing_key()
        return made

    def refuse_a_missing_key(self) -> None:
        """Only one machine can have its key in a file. Raises SettingsRefused."""
        embedded = self.database_url.startswith("sqlite:") or (self.home / SECRET_FILE).exists()
        if not self.secret_key and not embedded:
            raise SettingsRefused(
                "PLATEIA_SECRET_KEY is missing: what is sealed in PostgreSQL is read by several processes. "
                "`openssl rand -base64 48` makes one; give every process the same and keep a copy."
            )


def listed(text: str) -> tuple[str, ...]:
    """The parts between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def network_in(text: str) -> IPv4Network | IPv6Network | None:
    """The network, or the one address, that the text is; None where it is neither."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def host_of(url: str) -> str:
    """Whom the URL leads to; nobody ("") where readers of URLs disagree."""
    try:
        return "" if "\\" in url else urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_undecided(database_url: str) -> bool:
    """Whether PostgreSQL on another machine would be spoken to with or without TLS, as whoever is between likes."""
    parts = urlsplit(database_url)
    asked = parse_qs(parts.query)
    host = parts.hostname or asked.get("host", [""])[0]
    if not parts.scheme.startswith("postgresql") or host.startswith("/") or not host or is_loopback(host):
        return False
    return "sslmode" not in asked and not os.environ.get("PGSSLMODE")


def in_url(host: str) -> str:
    """The host as a URL has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that is bound there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
