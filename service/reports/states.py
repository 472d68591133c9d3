"""The life of a report, as a table that can be read aloud. To add a state, add a line here and its label's
translations; `plateia states` prints the table, and a test holds `docs/states.md` to it.
"""

from dataclasses import dataclass, field

from service.text import N_

STAFF, REPORTER, SYSTEM = "staff", "reporter", "system"


@dataclass(frozen=True)
class State:
    """`open` is what GeoReport v2 calls the status; `clock` says whether the promised time runs; `needs_reason` that
    who moves a report there must say why; `moves` says to which state who may move a report from here."""

    name: str
    label: str
    open: bool
    clock: bool = False
    needs_reason: bool = False
    moves: dict[str, tuple[str, ...]] = field(default_factory=dict)


FIRST = "received"
AGAIN = "acknowledged"

WORK = {
    "acknowledged": (STAFF,),
    "in_progress": (STAFF,),
    "waiting_for_reporter": (STAFF,),
    "with_another_body": (STAFF,),
    "resolved": (STAFF,),
    "rejected": (STAFF,),
    "duplicate": (STAFF,),
    "withdrawn": (REPORTER,),
}


def work_from(state: str) -> dict[str, tuple[str, ...]]:
    """The moves of a report that is being worked on: anywhere but where it is."""
    return {to: who for to, who in WORK.items() if to != state}


STATES = {
    state.name: state
    for state in (
        State("received", N_("Received"), open=True, clock=True, moves=work_from("received")),
        State("acknowledged", N_("Acknowledged"), open=True, clock=True, moves=work_from("acknowledged")),
        State("in_progress", N_("In progress"), open=True, clock=True, moves=work_from("in_progress")),
        State(
            "waiting_for_reporter",
            N_("Waiting for the reporter"),
            open=True,
            needs_reason=True,
            moves=work_from("waiting_for_reporter") | {"acknowledged": (STAFF, REPORTER)},
        ),
        State(
            "with_another_body", N_("With another body"), open=True, clock=True, moves=work_from("with_another_body")
        ),
        State(
            "resolved",
            N_("Resolved"),
            open=False,
            moves={"acknowledged": (STAFF, REPORTER), "closed": (STAFF, REPORTER, SYSTEM)},
        ),
        State("closed", N_("Closed"), open=False, moves={"acknowledged": (STAFF,)}),
        State("rejected", N_("Rejected"), open=False, needs_reason=True, moves={"acknowledged": (STAFF,)}),
        State("duplicate", N_("Duplicate"), open=False, needs_reason=True, moves={"acknowledged": (STAFF,)}),
        State("withdrawn", N_("Withdrawn"), open=False),
    )
}


def moves_of(state: str, by: str, anonymous: bool) -> list[str]:
    """To which states such a person may move a report from here. An anonymous reporter is asked nothing: nobody would
    read the question, and the clock would stand for ever."""
    allowed = [to for to, who in STATES[state].moves.items() if by in who]
    return [to for to in allowed if not (anonymous and to == "waiting_for_reporter")]


def is_reopening(before: str, after: str) -> bool:
    """Whether the move takes a report up again that was no longer open."""
    return not STATES[before].open and STATES[after].open


def as_markdown() -> str:
    """The table as the documents show it."""
    lines = ["| state | label | GeoReport | clock | who may move it where |", "| --- | --- | --- | --- | --- |"]
    for state in STATES.values():
        moves = "; ".join(f"{' or '.join(who)} → {to}" for to, who in state.moves.items()) or "nobody, it is the end"
        reason = " (a reason is needed)" if state.needs_reason else ""
        lines.append(
            f"| {state.name}{reason} | {state.label} | {'open' if state.open else 'closed'} "
            f"| {'runs' if state.clock else 'stands'} | {moves} |"
        )
    return "\n".join(lines) + "\n"
