"""No table that says something about a person is forgotten by who collects, erases and hands over."""

from dataclasses import fields

from sqlalchemy import Column, Table

from service.db import Base
from service.people.erasing import of_account, own_tables
from service.people.models import Account
from service.personal_data.messages import FILES
from service.personal_data.slices import SLICES, Slice

POINTERS = ("account_id", "person_id", "by_id", "reporter_id", "assignee_id", "uploaded_by", "installation")
NOBODYS = {
    "about the municipality and the service": (
        "municipalities departments local_holidays categories routing_rules report_counters layers features"
        " generations channel_pauses jobs identity_providers notice_cells articles article_topics article_words"
        " event_occasions news_boards news_categories house_rules threads thread_texts districts"
        " contribution_duties answer_promises file_makings"
    ),
    "plans are the municipality's": (
        "plans plan_elements plan_entries plan_progress_entries plan_evidence plan_revisions"
    ),
    "votes: pseudonyms of one consultation, random names, and what is asked": (
        "consultations consultation_phases paper_codes participations ballots ballot_answers consultation_log"
        " consultation_heads questionnaires questionnaire_bodies consultation_outcomes"
    ),
    "who is sent a letter has no account yet: a pseudonym that expires": "letter_codes",
}
"""Why a table says nothing about a person → such tables. A new table stands here or in a slice."""


def is_pointer(column: Column[object]) -> bool:
    """Whether the column says who somebody is: a foreign key to an account, or a name that means one."""
    to_account = any(key.column.table is Account.__table__ for key in column.foreign_keys)
    return to_account or any(column.name == name or column.name.endswith(f"_{name}") for name in POINTERS)


def answered_for() -> set[str]:
    """The tables for which a slice answers: those that it names, and those that people's finds by itself."""
    named = {table for part in SLICES for table in part.tables}
    return named | {table.name for table, _ in of_account(0)} | {"audit_entries", "audit_details", "invitations"}


def tables() -> list[Table]:
    return list(Base.metadata.sorted_tables)


def test_every_table_that_points_at_people_is_in_a_slice() -> None:
    pointing = {table.name for table in tables() if any(is_pointer(column) for column in table.columns)}
    assert len(pointing) > 10
    assert pointing - answered_for() == set()


def test_every_other_table_is_known_to_say_nothing_of_a_person() -> None:
    silent = {name for names in NOBODYS.values() for name in names.split()}
    assert {table.name for table in tables()} - answered_for() - silent == set()
    assert silent & answered_for() == set()


def test_a_slice_names_only_tables_that_there_are() -> None:
    assert {table for part in SLICES for table in part.tables} <= {table.name for table in tables()}


def test_the_tables_of_people_are_found_by_themselves() -> None:
    names = {table.name for table in own_tables()}
    assert {"accounts", "devices", "sessions", "access_tokens", "passwords", "roles"} <= names
    assert names & {"reports", "inbox_messages"} == set()


def test_the_copy_explains_the_file_of_every_slice_that_gives_something_out() -> None:
    [nothing] = [field.default for field in fields(Slice) if field.name == "collect"]
    assert {part.name for part in SLICES if part.collect is not nothing} <= set(FILES)
