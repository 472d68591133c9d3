"""Whether what a source brought may come into force by itself, or a person has to look at it first."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from service.db import session
from service.gis.comparing import ADDED, CHANGED, REMOVED
from service.gis.models import PUBLISHED, Layer, LayerVersion

KINDS_OF_CHANGE = (ADDED, REMOVED, CHANGED)


def over(limits: Mapping[str, Any], counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Each limit that these changes are over: `change`, `count` or `share`, how much there `is` and may be at `most`.

    `limits` are kind of change → {count, share}, null where only the other one holds; a share is one of the features
    in force. `counts` are those of `counted`.
    """
    before = counts["unchanged"] + counts[CHANGED] + counts[REMOVED]
    found = []
    for change in KINDS_OF_CHANGE:
        is_now = {"count": counts[change], "share": round(counts[change] / max(before, 1), 4)}
        for measure, most in limits[change].items():
            if most is not None and is_now[measure] > most:
                found.append({"change": change, "measure": measure, "is": is_now[measure], "most": most})
    return found


def why_by_hand(
    layer: Layer, compared_with: int | None, limits: Mapping[str, Any] | None, counts: Mapping[str, int]
) -> dict[str, Any] | None:
    """Why a person has to publish it, None where nobody has to. Inside `transaction()`, the layer locked.

    `reason`: `by_hand` (no limits are stated), `not_over_own` (what is in force is not what the source brought last:
    somebody else published or rolled back), `scheduled` (a time is set for what it brought before),
    `changed_meanwhile`, `over_limits` (`over`).
    """
    if limits is None:
        return {"reason": "by_hand"}
    if layer.published_version_id != compared_with:
        return {"reason": "changed_meanwhile"}
    if newest_own(layer) != layer.published_version_id or layer.published_version_id is None:
        return {"reason": "not_over_own"}
    if is_scheduled(layer):
        return {"reason": "scheduled"}
    found = over(limits, counts)
    return {"reason": "over_limits", "over": found} if found else None


def newest_own(layer: Layer) -> int | None:
    """The version that the layer's source brought last of those that were ever in force."""
    return session.scalar(
        select(func.max(LayerVersion.id)).where(
            LayerVersion.layer_id == layer.id, LayerVersion.state == PUBLISHED, LayerVersion.pulled.is_(True)
        )
    )


def is_scheduled(layer: Layer) -> bool:
    """Whether a time is set for the publication of a draft."""
    waiting = select(LayerVersion.id).where(LayerVersion.layer_id == layer.id, LayerVersion.publish_at.is_not(None))
    return session.scalar(waiting.limit(1)) is not None
