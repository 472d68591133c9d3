"""Results as they are shown and published, in the language of whoever asks."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from service.consultation.models import Consultation, Outcome
from service.consultation.publishing import ensure_closed
from service.consultation.results.charting import Chart, chart_of, charts_of
from service.consultation.results.content import Published
from service.consultation.results.outcomes import correctors
from service.consultation.results.tabulating import cell_words, number_in, percent_in, table_of, talked
from service.consultation.results.wording import RATE, RATE_WITHOUT_SOURCE, TABLE_NAMES, TALKED, TOOK_PART
from service.consultation.statistics import statistics_of
from service.consultation.wording import UNITS
from service.municipalities.directory import Municipality
from service.municipalities.linking import Links
from service.text import pick, say

LEAST = "0.1"
"""Of a hundred; of fewer it is said that they are fewer, not that they are none."""


def published_statistics(found: Consultation) -> Mapping[str, Any]:
    """What was published at the end, or is made of one that ended before numbers were kept. Raises ResultsNotYet."""
    return ensure_closed(found).statistics or statistics_of(found)


def statistics_out(municipality: Municipality, found: Consultation, spoken: str) -> dict[str, Any]:
    """Who took part. Raises ResultsNotYet."""
    main, known = municipality.main_language, published_statistics(found)
    same = {name: known[name] for name in ("fewest", "participations", "eligible", "percent", "year")}
    source = known["eligible_source"]
    return same | {
        "consultation": found.uid.hex,
        "one_per": UNITS[found.eligibility],
        "eligible_source": pick(source, spoken, main) if source else None,
        "tables": [table_out(each, known["names"], spoken, main) for each in known["tables"]],
        "words": list(lines_of(found, known, spoken, main)),
    }


def table_out(each: Mapping[str, Any], names: Mapping[str, Any], spoken: str, main: str) -> dict[str, Any]:
    cells = [{**cell, "name": cell_words(each["by"], cell["key"], names, spoken, main)} for cell in each["cells"]]
    return {"by": each["by"], "name": say(spoken, TABLE_NAMES[each["by"]]), "why": each["why"], "cells": cells}


def lines_of(found: Consultation, known: Mapping[str, Any], spoken: str, main: str) -> Iterator[str]:
    """Who took part, in sentences."""
    if known["participations"] is None:
        totals = talked((found.tally or {})["conversation"])
        yield say(spoken, TALKED, **{name: number_in(spoken, number) for name, number in totals.items()})
        return
    people = known["participations"]
    yield say(spoken, TOOK_PART[UNITS[found.eligibility]], count=number_in(spoken, people))
    if known["percent"] is not None:
        is_less = people and Decimal(known["percent"]) == 0
        percent = f"< {percent_in(spoken, LEAST)}" if is_less else percent_in(spoken, known["percent"])
        rate = {"percent": percent, "eligible": number_in(spoken, known["eligible"])}
        source = known["eligible_source"]
        if source:
            yield say(spoken, RATE, source=pick(source, spoken, main), **rate)
        else:
            yield say(spoken, RATE_WITHOUT_SOURCE, **rate)


def chart(municipality: Municipality, found: Consultation, of: str, spoken: str) -> Chart:
    """The graph of a question or a table. Raises ResultsNotYet, NotFound."""
    return chart_of(found, published_statistics(found), of, spoken, municipality.main_language)


def to_publish(municipality: Municipality, found: Consultation, spoken: str) -> Published:
    """What goes into a file. Raises ResultsNotYet."""
    main, known = municipality.main_language, published_statistics(found)
    assert found.closed_at is not None
    return Published(
        table=table_of(found, known, spoken, main),
        charts=tuple(charts_of(found, known, spoken, main)),
        lines=tuple(lines_of(found, known, spoken, main)),
        publisher=pick(municipality.name, spoken, main),
        consultation=str(found.uid),
        closed_at=found.closed_at,
    )


def outcomes_out(
    municipality: Municipality, links: Links, outcomes: Sequence[Outcome], spoken: str
) -> list[dict[str, Any]]:
    """What became of a result, with the addresses of what is there now."""
    later, main = correctors(outcomes), municipality.main_language
    named = {(link["kind"], link["id"]): link for each in outcomes for link in each.links}
    addresses = {key: address_of(municipality, links, link) for key, link in named.items()}
    return [
        {
            "id": each.uid,
            "said_on": each.said_on,
            "title": pick(each.title, spoken, main),
            "text": pick(each.text, spoken, main),
            "links": [{**link, "address": addresses[link["kind"], link["id"]]} for link in each.links],
            "corrects": each.corrects,
            "corrected_by": later.get(each.uid),
            "created_at": each.created_at,
        }
        for each in outcomes
    ]


def address_of(municipality: Municipality, links: Links, link: Mapping[str, str]) -> str | None:
    """Where it stands now; None where there is nothing any more."""
    kind = links.get(link["kind"])
    is_there = kind is not None and kind.exists(municipality, link["id"])
    return kind.address(municipality, link["id"]) if kind and is_there else None
