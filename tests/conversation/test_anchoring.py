"""A quoted passage is found again in a new version of its text, or is known to be gone."""

import pytest

from service.consultation.conversation import anchoring
from service.consultation.conversation.anchoring import MOST_COMPARED, anchor, revision_of

TEXT = "The square gets two benches and a fountain. The park gets two benches and no fountain."


def quote(exact: str, prefix: str = "", suffix: str = "") -> dict[str, str]:
    return {"exact": exact, "prefix": prefix, "suffix": suffix}


@pytest.mark.parametrize(
    "text, wanted, start",
    [
        (TEXT, quote("a fountain"), 32),
        (TEXT, quote("two benches", "The park gets ", " and no"), 58),
        (TEXT, quote("two benches", "The square gets ", " and a"), 16),
        ("Article 3.\n" + TEXT, quote("two benches", "The park gets ", " and no"), 69),
        ("The square gets two\n  benches.", quote("two benches"), 16),
        ("The square gets trees.", quote("two benches"), None),
        ("", quote("two benches"), None),
        (TEXT, quote("   "), None),
        ("ναι (όχι) ναι", quote("(όχι)"), 4),
        ("aaaa", quote("aa", "", ""), 0),
    ],
)
def test_a_passage_is_found_by_its_words_and_those_around_it(
    text: str, wanted: dict[str, str], start: int | None
) -> None:
    assert anchor(text, wanted) == start


def test_the_surroundings_decide_however_often_the_words_stand_there_and_few_places_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[str, str]] = []
    monkeypatch.setattr(anchoring, "alike", lambda one, other: compared.append((one, other)) or 0.0)
    text = "".join(f"Article {number}: two benches; " for number in range(5_000))
    assert anchor(text, quote("two benches", "Article 4711:  ", "; A")) == text.index("4711") + 6
    assert compared == [], "those that are the same are found without comparing"
    assert anchor(text, quote("two benches", "Chapter 7: ", "; A")) == 11
    assert len(compared) == 2 * MOST_COMPARED


def test_a_revision_names_exactly_one_text() -> None:
    assert revision_of("a") != revision_of("a ") and len(revision_of("a")) == 64
