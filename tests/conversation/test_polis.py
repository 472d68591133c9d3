"""A conversation of Polis comes over with the last vote of everybody."""

import csv
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from service.consultation.conversation.importing import PolisNotUnderstood, import_polis
from service.consultation.conversation.models import Contribution
from service.consultation.models import Consultation
from service.db import session, transaction
from service.municipalities.directory import Municipality
from tests.cli.commands import plateia
from tests.conversation.scene import Talk


def test_the_last_vote_of_each_participant_counts(talk: Talk, here: Municipality, shared_data: Path) -> None:
    folder = shared_data / "plans" / "polis_freshwater_nz"
    files = [(folder / name).read_text("utf-8") for name in ("comments.csv", "votes.csv")]
    about = session.scalars(select(Consultation)).one()
    with transaction():
        assert import_polis(here, about, *files, "en") == 80
    rows = list(csv.DictReader((folder / "participants-votes.csv").open(encoding="utf-8")))
    comments = {row["comment-body"]: row for row in csv.DictReader(files[0].splitlines(keepends=True))}
    for one in session.scalars(select(Contribution)):
        number = comments[one.text]["comment-id"]
        wanted = [sum(row[number] == vote for row in rows) for vote in ("1", "-1", "0")]
        assert [one.supports, one.opposes, one.passes] == wanted, number
        assert one.divided == min(wanted[:2])
    shown = talk.read(limit=100)["contributions"]
    hidden = [one for one in shown if one["hidden_by_rule"]]
    assert len(shown) == 80 and len(hidden) == 29 and {one["text"] for one in hidden} == {None}


FRONT, VOTES = "timestamp,comment-id,moderated,comment-body\n", "timestamp,comment-id,voter-id,vote\n"
FAULTY = (
    ("comment-id,comment-body\n1,a\n", "", "comments"),
    (FRONT + "1,x,1,a\n", "", "comments"),
    (FRONT + "1,1,1,a\n", VOTES + "1,2,1,1", "votes"),
    (FRONT + "1,1,1,a\n", VOTES + "1,1,1,7", "votes"),
    (FRONT + "1,1,1,a\n", VOTES + "1,1,1,?", "votes"),
)


def test_other_files_are_refused_whole(talk: Talk, here: Municipality) -> None:
    for comments, votes, file in FAULTY:
        about = session.scalars(select(Consultation)).one()
        with pytest.raises(PolisNotUnderstood) as refused, transaction():
            import_polis(here, about, comments, votes, "en")
        assert (refused.value.details["file"], refused.value.details["line"]) == (file, 2)
        assert session.scalar(select(Contribution.id)) is None
        session.rollback()


def test_an_operator_takes_a_conversation_over(talk: Talk, app: Flask, tmp_path: Path) -> None:
    (tmp_path / "comments.csv").write_text("timestamp,comment-id,moderated,comment-body\n1,1,1,Trees\n")
    (tmp_path / "votes.csv").write_text("timestamp,comment-id,voter-id,vote\n2,1,a,1\n1,1,a,-1\n")
    files = [str(tmp_path / name) for name in ("comments.csv", "votes.csv")]
    session.rollback()
    done = plateia(app, "import-polis", "here", str(talk.office.uid), *files, "--language", "en")
    assert (done.exit_code, done.output) == (0, "1 contributions\n")
    [shown] = talk.read()["contributions"]
    assert (shown["channel"], shown["supports"], shown["opposes"]) == ("polis", 1, 0)
    refused = plateia(app, "import-polis", "here", str(talk.office.uid), *reversed(files), "--language", "en")
    assert refused.exit_code == 1
