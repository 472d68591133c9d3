"""A channel rests, for all workers, where its provider asks for it or refuses our credentials."""

import structlog
from sqlalchemy import delete, exists, select

from service.config import Settings
from service.db import session
from service.db.clock import seconds_from_now
from service.db.upserts import insert
from service.outbox.channels import Channel, configured
from service.outbox.models import ChannelPause
from service.outbox.outcomes import Outcome, Result

log = structlog.get_logger()


def pause(channel: Channel, result: Result) -> None:
    """Let the channel rest, inside a transaction: as long as the provider asked, otherwise longer each time."""
    times = (session.scalar(select(ChannelPause.times).where(ChannelPause.channel == channel.name)) or 0) + 1
    seconds = channel.back_off.pause(times)
    if result.retry_after is not None:
        seconds = result.retry_after + min(seconds, 0.1 * result.retry_after)
    values = {"until": seconds_from_now(seconds), "times": times, "reason": result.outcome.value, "error": result.error}
    session.execute(
        insert(ChannelPause)
        .values(channel=channel.name, **values)
        .on_conflict_do_update(index_elements=[ChannelPause.channel], set_=values)
    )
    level = log.error if result.outcome is Outcome.CONFIGURATION else log.warning
    # not the provider's own words, which may quote an address: they stand in the row
    level("channel_paused", channel=channel.name, seconds=round(seconds, 1), reason=result.outcome)


def wake(name: str) -> None:
    """Messages are accepted again: forget the pauses, inside a transaction."""
    session.execute(delete(ChannelPause).where(ChannelPause.channel == name, ChannelPause.until <= seconds_from_now(0)))


def paused(name: str) -> bool:
    """Whether this channel rests at the moment."""
    resting = exists().where(ChannelPause.channel == name, ChannelPause.until > seconds_from_now(0))
    return bool(session.scalar(select(resting)))


def channel_states(settings: Settings) -> dict[str, str]:
    """How each channel is, for /ready: "ready", "not configured", or "paused: " and why."""
    rows = session.execute(
        select(ChannelPause.channel, ChannelPause.reason).where(ChannelPause.until > seconds_from_now(0))
    )
    resting: dict[str, str] = {row.channel: f"paused: {row.reason}" for row in rows}
    return {
        name: resting.get(name, "ready") if ready else "not configured" for name, ready in configured(settings).items()
    }
