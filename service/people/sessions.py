"""Who is signed in where, for how long, and how that ends.

Whoever signs in gets an access token for half an hour and a refresh token that brings the next pair. A phone proves
itself by its own secret instead: it has no refresh token, and its access token lasts for weeks (decision 0014).

A refresh token is used once. Should its answer be lost on the way, it may be used again until one of those that were
given for it is used; from then on it and its other children are worth nothing. Who comes with one of these has stolen
it, or was robbed of it, and nobody knows which: the session ends.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from service.db import session
from service.db.clock import now, seconds_from_now
from service.db.keys import new_uid
from service.db.leases import changed
from service.db.types import AnyRow
from service.db.upserts import add
from service.errors import NotFound, Problem
from service.people.callers import Caller, digest
from service.people.models import Account, Device
from service.people.session_models import AccessToken, HalfSignIn, RefreshToken, Session
from service.text import N_

HOW = {
    "phone": "by the secret of a phone that was registered",
    "password": "by e-mail address and password",
    "oidc": "as staff, with an identity provider",
}
"""How somebody showed who they are."""

ACCESS = timedelta(minutes=30)
HOUR = 3600


@dataclass(frozen=True)
class Lifetime:
    """A session ends when no refresh token is used for `idle`, and `longest` after it began whatever is used."""

    idle: timedelta
    longest: timedelta


LIFETIMES = {
    "staff": Lifetime(idle=timedelta(hours=12), longest=timedelta(days=7)),
    "resident": Lifetime(idle=timedelta(days=60), longest=timedelta(days=365)),
}
"""Kind of account → how long its sessions last; a phone's last as long as its token."""


class RefreshRefused(Problem):
    """The refresh token is unknown, too old, or was used before; it is not said which."""

    status, code, message = 401, "refresh_refused", N_("You have been signed out. Please sign in again.")


@dataclass(frozen=True)
class TokenGiven:
    """Tokens as their owner sees them, once. A phone has no refresh token."""

    token: str
    expires_at: datetime
    account: uuid.UUID
    refresh_token: str | None
    session: uuid.UUID


def begin_session(account: Account, device_id: int | None, how: str, moment: datetime) -> TokenGiven:
    """Sign somebody in who has just shown who they are; `how` is a key of HOW."""
    lifetime = LIFETIMES[account.kind]
    begun = new_session(account.id, device_id, how, moment, moment + lifetime.idle)
    return pair(begun, account.uid, None, moment)


def begin_phone_session(account: Account, device_id: int, moment: datetime, lasts: timedelta) -> TokenGiven:
    """A fresh access token for a phone that has shown its secret; its session begins, or goes on as long as that."""
    ends = moment + lasts
    known = session.scalars(
        select(Session).filter_by(device_id=device_id, account_id=account.id, how="phone").with_for_update()
    ).first()
    if known is None:
        known = new_session(account.id, device_id, "phone", moment, ends)
    known.seen_at, known.expires_at = moment, max(known.expires_at, ends)
    session.execute(
        delete(AccessToken).where(AccessToken.session_id == known.id, AccessToken.expires_at <= seconds_from_now(0))
    )
    return TokenGiven(new_access_token(known.id, moment, ends), ends, account.uid, None, known.uid)


def new_session(account_id: int, device_id: int | None, how: str, moment: datetime, expires_at: datetime) -> Session:
    if how not in HOW:
        raise ValueError(f"nobody signs in by {how}")
    begun = Session(
        uid=new_uid(),
        account_id=account_id,
        device_id=device_id,
        how=how,
        created_at=moment,
        seen_at=moment,
        expires_at=expires_at,
    )
    session.add(begun)
    session.flush()
    return begun


def pair(begun: Session, account: uuid.UUID, given_for: int | None, moment: datetime) -> TokenGiven:
    """The next access token of a session with the refresh token that follows this one."""
    ends = min(moment + ACCESS, begun.expires_at)
    refresh = secrets.token_urlsafe(32)
    row = {"digest": digest(refresh), "session_id": begun.id, "given_for": given_for, "created_at": moment}
    add(RefreshToken, row)
    return TokenGiven(new_access_token(begun.id, moment, ends), ends, account, refresh, begun.uid)


def new_access_token(session_id: int, moment: datetime, expires_at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    row = {"digest": digest(token), "session_id": session_id, "created_at": moment, "expires_at": expires_at}
    add(AccessToken, row)
    return token


def renew(municipality_id: int, refresh_token: str) -> TokenGiven | None:
    """The next pair of tokens of a session. None: what was used before has ended the session; commit that, then refuse.

    Raises RefreshRefused where there is nothing to end.
    """
    used, begun, account = held(municipality_id, refresh_token)
    if not is_good(used, begun):
        end(Session.id == begun.id)
        return None
    moment = now()
    begun.renewed_with = used.id
    begun.seen_at = moment
    lifetime = LIFETIMES[account.kind]
    begun.expires_at = min(moment + lifetime.idle, begun.created_at + lifetime.longest)
    session.execute(
        delete(AccessToken).where(AccessToken.session_id == begun.id, AccessToken.expires_at <= seconds_from_now(0))
    )
    return pair(begun, account.uid, used.id, moment)


def held(municipality_id: int, refresh_token: str) -> tuple[RefreshToken, Session, Account]:
    """The refresh token with its session, locked, and its account. Raises RefreshRefused."""
    known = (
        select(RefreshToken, Session, Account)
        .join(Session, Session.id == RefreshToken.session_id)
        .join(Account, Account.id == Session.account_id)
        .where(
            RefreshToken.digest == digest(refresh_token),
            Account.municipality_id == municipality_id,
            Session.expires_at > seconds_from_now(0),
        )
        .with_for_update(of=Session)
        .execution_options(populate_existing=True)
    )
    found = session.execute(known).one_or_none()
    if found is None:
        raise RefreshRefused
    return found[0], found[1], found[2]


def is_good(used: RefreshToken, begun: Session) -> bool:
    """Whether this is the refresh token that was used last, or one of those that were given for it."""
    return begun.renewed_with in (used.id, used.given_for)


def sessions_of(account_id: int) -> Sequence[AnyRow]:
    """Where this person is signed in, the last used first, with the phone's platform and installation."""
    query = (
        select(
            Session.id,
            Session.uid,
            Session.how,
            Session.created_at,
            Session.seen_at,
            Session.expires_at,
            Device.platform,
            Device.installation,
        )
        .outerjoin(Device, Device.id == Session.device_id)
        .where(Session.account_id == account_id, Session.expires_at > seconds_from_now(0))
        .order_by(Session.seen_at.desc(), Session.id.desc())
    )
    return session.execute(query).all()


def end_session(account_id: int, uid: uuid.UUID) -> None:
    """End one session of this person. Raises NotFound for anybody else's."""
    if not end(Session.uid == uid, Session.account_id == account_id):
        raise NotFound


def end_sessions(account_id: int, but: int | None = None) -> int:
    """End all sessions of an account, but for the one with this id, and sign-ins that were begun; how many sessions.

    The sign-ins go first: one that is being finished is waited for, and its session is then among those that end.
    """
    end_halves(account_id)
    others = [] if but is None else [Session.id != but]
    return end(Session.account_id == account_id, *others)


def end_halves(account_id: int) -> None:
    """Sign-ins of this account that were begun are worth nothing any more."""
    session.execute(delete(HalfSignIn).where(HalfSignIn.account_id == account_id))


def still_stands(caller: Caller) -> bool:
    """Whether the caller's own session was not ended meanwhile; nobody ends it until this transaction does."""
    return session.scalar(select(Session.id).filter_by(id=caller.session_id).with_for_update()) is not None


def sign_out(caller: Caller) -> None:
    """End the caller's own session."""
    end(Session.id == caller.session_id)


def end(*conditions: Any) -> int:
    return changed(delete(Session).where(*conditions))


def note_seen(session_id: int) -> None:
    """Write down that this session was used within the hour; nothing, where that is known."""
    session.execute(
        update(Session)
        .where(Session.id == session_id, Session.seen_at <= seconds_from_now(-HOUR))
        .values(seen_at=now())
        .execution_options(synchronize_session=False)
    )


def forget_expired_sessions() -> int:
    """Delete the sessions and the access tokens that nobody can use any more; how many."""
    return end(Session.expires_at <= seconds_from_now(0)) + changed(
        delete(AccessToken).where(AccessToken.expires_at <= seconds_from_now(0))
    )
