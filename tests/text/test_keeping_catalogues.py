"""`scripts/messages.py`: new messages are added empty, gone ones dropped, nothing is guessed."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.text.script import CHECKOUT, messages_script

CODE = """
from service.text import N_

CLOSED = N_("It is closed.")
OPEN = N_("It is {adverb} open.")
unmarked = "Nobody reads this."
"""
GREEK = """
# Said on the door.
msgid "It is closed."
msgstr "Είναι κλειστό."

#, fuzzy
msgid "It is {adverb} open."
msgstr "Είναι κλειστό {adverb}."

msgid "It is gone."
msgstr "Έφυγε."
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The command over a service of two messages that speaks Greek, with an old catalogue."""
    script = messages_script()
    for name in ("SERVICE", "CATALOGUES"):
        monkeypatch.setattr(script, name, tmp_path)
    monkeypatch.setattr(script, "LANGUAGES", ("el",))
    (tmp_path / "doors.py").write_text(CODE)
    (tmp_path / "el.po").write_text(GREEK)
    return script


def catalogue(script: ModuleType) -> str:
    return str((script.CATALOGUES / "el.po").read_text())


def test_the_catalogue_gets_what_the_code_says_and_no_more(script: ModuleType) -> None:
    assert script.main(check=False) == 0
    assert 'msgid "It is closed."\nmsgstr "Είναι κλειστό."\n' in catalogue(script)
    assert "It is gone." not in catalogue(script)
    assert "Nobody reads this." not in catalogue(script)


def test_a_fuzzy_translation_counts_as_none(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    script.main(check=False)
    assert "#, fuzzy" not in catalogue(script)
    assert 'msgid "It is {adverb} open."\nmsgstr ""\n' in catalogue(script)
    assert "no translation of 'It is {adverb} open.'" in capsys.readouterr().out


def test_comments_of_translators_are_kept(script: ModuleType) -> None:
    script.main(check=False)
    assert "# Said on the door." in catalogue(script)


def test_a_second_run_changes_nothing(script: ModuleType) -> None:
    script.main(check=False)
    once = catalogue(script)
    script.main(check=False)
    assert catalogue(script) == once


def test_lines_that_move_do_not_change_the_catalogue(script: ModuleType) -> None:
    script.main(check=False)
    once = catalogue(script)
    (script.SERVICE / "doors.py").write_text("\n\n" + CODE)
    script.main(check=False)
    assert catalogue(script) == once


def test_a_check_tells_what_is_left_to_do_and_writes_nothing(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(check=True) == 1
    assert "out of date" in capsys.readouterr().out
    assert catalogue(script) == GREEK


def test_a_check_is_not_content_with_empty_translations(script: ModuleType) -> None:
    script.main(check=False)
    assert script.main(check=True) == 1


def test_a_check_is_content_when_all_is_translated(script: ModuleType) -> None:
    script.main(check=False)
    path = script.CATALOGUES / "el.po"
    path.write_text(path.read_text().replace('open."\nmsgstr ""', 'open."\nmsgstr "Είναι {adverb} ανοιχτό."'))
    assert script.main(check=True) == 0


def test_a_language_without_a_catalogue_gets_one(script: ModuleType) -> None:
    (script.CATALOGUES / "el.po").unlink()
    script.main(check=False)
    assert '"Language: el\\n"' in catalogue(script)


def test_it_is_one_command() -> None:
    command = [sys.executable, str(CHECKOUT / "scripts" / "messages.py")]
    assert subprocess.run([*command, "--check"], check=False).returncode == 0
    assert subprocess.run([*command, "--chekc"], check=False, capture_output=True).returncode == 1
