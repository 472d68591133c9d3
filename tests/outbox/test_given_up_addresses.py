"""What somebody is still owed at an address that they have given up is not sent there any more."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from service.municipalities.directory import Municipality
from service.outbox.channels.email import Email, Server
from service.outbox.expanding import Kept, Owed, Posted, expand
from service.outbox.sending import Sender
from service.reports.messages import REPORT_CHANGED, who_is_told
from tests.factories.people import Person, give_address, make_resident
from tests.factories.reports import make_report
from tests.outbox.mail_server import MailServer, mail_server
from tests.outbox.scene import make_all_due, send_all, what_became_of
from tests.reports.scene import expand_all, inbox_of

Say = Callable[[Person, str | None], None]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def email(server: MailServer) -> Email:
    return Email(Server.from_url(server.url), "reports@here.example")


@pytest.fixture
def letters(email: Email) -> Iterator[Sender]:
    sender = Sender(email, "worker-1")
    yield sender
    sender.close()


@pytest.fixture
def say(here: Municipality) -> Say:
    """Somebody confirms where mails reach them."""
    return partial(give_address, here)


@pytest.fixture
def amy(here: Municipality) -> Person:
    return make_resident(here)


def report(here: Municipality, *people: Person) -> list[str]:
    """The numbers of new reports, one of each, of which their people are owed a mail."""
    numbers = [make_report(here, who).number for who in people]
    expand_all()
    return numbers


def residents_mail(server: MailServer) -> list[tuple[str, str]]:
    """To whom mails went, and about which report; those to departments left out."""
    letters = [(letter["To"], letter["Subject"].split()[-1]) for letter in server.accepted]
    return sorted(letter for letter in letters if not letter[0].endswith("@here.example"))


@pytest.mark.parametrize("new", ["new@example.org", None])
def test_nothing_goes_to_an_address_that_was_given_up(
    here: Municipality, alice: Person, say: Say, letters: Sender, server: MailServer, new: str | None
) -> None:
    say(alice, "old@example.org")
    report(here, alice)
    say(alice, new)
    (number,) = report(here, alice)
    send_all(letters, rounds=2)
    assert residents_mail(server) == ([(new, number)] if new else [])
    assert what_became_of("old@example.org") == [("failed", 0, 0)]


def test_what_was_just_being_sent_and_did_not_arrive_is_not_sent_again(
    here: Municipality, alice: Person, amy: Person, say: Say, email: Email
) -> None:
    class Meanwhile(Sender):
        def write_down(self, settled: object, refused: object) -> None:
            say(alice, None)
            say(amy, "later@example.org")
            super().write_down(settled, refused)  # type: ignore[arg-type]

    say(alice, "later@example.org")
    report(here, alice)
    sender = Meanwhile(email, "worker-1")
    sender.send_due()
    assert what_became_of("later@example.org") == [("pending", 1, 0)]
    make_all_due()
    sender.send_due()
    assert what_became_of("later@example.org") == [("expired", 2, 0)]
    sender.close()


@pytest.mark.parametrize("new", ["new@example.org", None])
def test_what_was_worded_before_the_address_was_given_up_is_not_owed_there(
    here: Municipality, alice: Person, amy: Person, say: Say, letters: Sender, server: MailServer, new: str | None
) -> None:
    def meanwhile(event: Posted) -> list[Owed | Kept]:
        rows = list(who_is_told(event))
        if event.subject == alices:
            say(alice, new)
        return rows

    say(alice, "alice@example.org")
    say(amy, "amy@example.org")
    alices = f"report:{make_report(here, alice).uid}"
    amys = make_report(here, amy).number
    while expand({REPORT_CHANGED: meanwhile}):
        pass
    send_all(letters, rounds=2)
    assert residents_mail(server) == [("amy@example.org", amys)]
    assert len(inbox_of(alice)) == 1
