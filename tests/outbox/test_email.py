"""E-mail over SMTP: every answer of a mail server has its outcome."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from service.config import SettingsRefused
from service.db import session, transaction
from service.db.clock import now
from service.municipalities.directory import Municipality
from service.outbox.channels import Message
from service.outbox.channels.email import Email, Server, takes_one_click
from service.outbox.expanding import Owed, expand
from service.outbox.models import Delivery
from service.outbox.outcomes import BackOff, Outcome
from service.outbox.posting import owe
from service.outbox.sending import Sender
from service.outbox.targets import register
from tests.outbox.mail_server import certificate, mail_server
from tests.outbox.scene import make_all_due

SENDER = "Δήμος Κοζάνης <reports@kozani.example>"


def an_email(url: str) -> Email:
    return Email(Server.from_url(url), SENDER, back_off=BackOff(first=0.1, cap=1))


def a_letter(to: str, uid: str = "1", subject: str = "Νέο αίτημα", **more: str) -> Message:
    content = {"subject": subject, "text": "Λάμπα καμένη\nΤσόντζα 4\n"} | more
    tomorrow = now() + timedelta(days=1)
    return Message(uid, "address", f"{to}@kozani.example", "t", "e", "moved", "report:1", 1, content, tomorrow)


def test_a_letter_arrives_in_greek_with_an_id_of_its_own() -> None:
    with mail_server() as server:
        result = an_email(server.url).send(a_letter("lighting", uid="d-1"))
    (letter,) = server.accepted
    assert (result.outcome, result.message_id) == (Outcome.SENT, "<d-1@kozani.example>")
    assert letter["Message-ID"] == "<d-1@kozani.example>"
    assert letter["Subject"] == "Νέο αίτημα"
    assert letter["From"] == SENDER
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().splitlines() == ["Λάμπα καμένη", "Τσόντζα 4"]


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("nobody", Outcome.DEAD_TARGET),
        ("refused", Outcome.BAD_MESSAGE),
        ("spam", Outcome.BAD_MESSAGE),
        ("later", Outcome.RETRY),
        ("busy", Outcome.CHANNEL_PAUSE),
        ("lost", Outcome.UNCERTAIN),
    ],
)
def test_every_answer_has_its_outcome(name: str, outcome: Outcome) -> None:
    with mail_server() as server:
        assert an_email(server.url).send(a_letter(name)).outcome is outcome


def test_a_server_that_is_away_or_closed_makes_the_channel_rest() -> None:
    assert an_email("smtp://127.0.0.1:9").send(a_letter("lighting")).outcome is Outcome.CHANNEL_PAUSE
    with mail_server() as server:
        server.greeting = "554 closed"
        assert an_email(server.url).send(a_letter("lighting")).outcome is Outcome.CHANNEL_PAUSE


def test_a_wrong_password_is_for_a_person_to_mend() -> None:
    with mail_server(password="secret") as server:
        host = server.url.removeprefix("smtp://")
        assert an_email(f"smtp://user:secret@{host}").send(a_letter("lighting")).outcome is Outcome.SENT
        assert an_email(f"smtp://user:wrong@{host}").send(a_letter("lighting")).outcome is Outcome.CONFIGURATION
    with mail_server() as server:
        host = server.url.removeprefix("smtp://")
        assert an_email(f"smtp://user:secret@{host}").send(a_letter("lighting")).outcome is Outcome.CONFIGURATION


def test_where_encryption_is_offered_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, context = certificate(tmp_path)
    with mail_server(tls=context) as server:
        untrusted = an_email(server.url).send(a_letter("lighting"))
        assert untrusted.outcome is Outcome.CONFIGURATION, "nobody vouches for this server"
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert an_email(server.url).send(a_letter("lighting")).outcome is Outcome.SENT
        assert an_email(f"{server.url}?starttls=required").send(a_letter("lighting")).outcome is Outcome.SENT
    assert server.over_tls == [True, True]


def test_where_encryption_is_required_nothing_is_sent_without_it() -> None:
    with mail_server() as server:
        result = an_email(f"{server.url}?starttls=required").send(a_letter("lighting"))
    assert result.outcome is Outcome.CONFIGURATION
    assert server.accepted == []


@pytest.mark.parametrize(
    ("url", "required"),
    [
        ("smtp://mail.example:587", True),
        ("smtp://mail.example:587?starttls=offered", False),
        ("smtp://127.0.0.1", False),
        ("smtp://127.0.0.1?starttls=required", True),
    ],
)
def test_codes_and_names_leave_this_machine_encrypted_unless_an_operator_says_otherwise(
    url: str, required: bool
) -> None:
    assert Server.from_url(url).starttls_required is required


def test_a_line_break_in_the_subject_is_refused() -> None:
    with mail_server() as server:
        result = an_email(server.url).send(a_letter("lighting", subject="Νέο\r\nBcc: everybody@kozani.example"))
    assert result.outcome is Outcome.BAD_MESSAGE
    assert server.accepted == []


ENDS = "https://here.example/api/v1/here/unsubscribe/" + "gAAAA-_=" * 20


def test_one_click_ends_what_can_be_ended_and_its_address_stays_whole() -> None:
    with mail_server() as server:
        assert an_email(server.url).send(a_letter("lighting", unsubscribe=ENDS)).outcome is Outcome.SENT
    headers = dict(server.accepted[0].raw_items())
    assert str(headers["List-Unsubscribe"]) == f"<{ENDS}>", "in one line, and not encoded as long words are"
    assert str(headers["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"


def test_what_cannot_be_ended_does_not_say_that_it_can() -> None:
    with mail_server() as server:
        assert an_email(server.url).send(a_letter("lighting")).outcome is Outcome.SENT
    assert not [name for name in server.accepted[0].keys() if name.startswith("List-")]  # noqa: SIM118


@pytest.mark.parametrize(
    "address",
    [
        *(
            f"https://here.example/{part}Bcc: everybody@kozani.example"
            for part in ("\r\n", "\n", "\r", "\x0b", "\u2028")
        ),
        *("https://here.example/\n", "https://here.example/>, <https://evil.example/", "https://here.example/a b"),
        *("", "https://", "http://here.example/", "mailto:end@here.example", "https://localhost/", "https://[::1]/"),
        *("https://127.0.0.1:8443/", "https://δήμος.example/", "https://[here/", f"https://here.example/{'a' * 1000}"),
    ],
)
def test_nobody_is_told_to_unsubscribe_where_providers_cannot_post(address: str) -> None:
    assert not takes_one_click(address)
    with mail_server() as server:
        assert an_email(server.url).send(a_letter("lighting", unsubscribe=address)).outcome is Outcome.BAD_MESSAGE
    assert server.accepted == []


def test_an_address_that_this_server_cannot_take_is_a_bad_message() -> None:
    with mail_server() as server:
        assert an_email(server.url).send(a_letter("φωτισμός")).outcome is Outcome.BAD_MESSAGE


@pytest.mark.parametrize("url", ["", "http://mail", "smtp://", "smtp://mail?starttls=perhaps"])
def test_an_address_that_is_none_of_a_mail_server_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsRefused):
        Server.from_url(url)


def test_user_and_password_may_have_any_characters() -> None:
    server = Server.from_url("smtps://user%40kozani:p%2Fq@mail.example")
    assert (server.user, server.password, server.port, server.tls) == ("user@kozani", "p/q", 465, True)


def test_a_repeated_letter_has_the_id_of_the_first(here: Municipality) -> None:
    with transaction():
        target = register(here.id, "email", "address", "lost@kozani.example")
        owe(here.id, "moved", "report:1", 1, {})
    expand({"moved": lambda _: [Owed(target, "t", {"subject": "Νέο", "text": "Λάμπα"})]})
    with mail_server() as server:
        sender = Sender(an_email(server.url), "worker-1")
        for _ in range(3):
            make_all_due()
            sender.send_due()
        sender.close()
    session.rollback()
    delivery = session.scalars(select(Delivery)).one()
    assert (delivery.state, delivery.attempt, delivery.uncertain) == ("sent", 2, 1)
    assert {letter["Message-ID"] for letter in server.accepted} == {f"<{delivery.uid}@kozani.example>"}
    assert len(server.accepted) == 2
