"""Keeps the catalogues of `service/text/catalogues` to the messages that the code marks with N_().

`messages.py` updates them: new messages are added empty, gone ones are dropped, and nothing is ever guessed from a
message that looks alike (no fuzzy entries). A text that changed in the code is therefore a new message: translate it
again. Each entry names the files where it is said, without lines, so that a catalogue changes only when a message
does. Translators may leave comments (`# …`); they are kept.

`messages.py --check` writes nothing; it exits with 1 where a catalogue is out of date or has a message without a
translation. Both print the messages that have none.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages import Message
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

SERVICE = Path(__file__).resolve().parent.parent / "service"
CATALOGUES = SERVICE / "text" / "catalogues"
LANGUAGES = ("el", "bg", "lt")

WIDTH = 100
HEADER = """msgid ""
msgstr ""
"Project-Id-Version: Plateia\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def main(check: bool) -> int:
    """Write the catalogues, or with `check` only look; return 1 where something is left to do."""
    said = marked_messages(SERVICE)
    results = [keep(language, said, check) for language in LANGUAGES]
    return int(check and not all(results))


def marked_messages(folder: Path) -> Mapping[str, Sequence[str]]:
    """Return the messages that the code of a folder marks, sorted, each with the files where it is said."""
    files: dict[str, set[str]] = defaultdict(set)
    for file, _, message, _, _ in extract_from_dir(folder, [("**.py", "python")], {}, {"N_": None}):
        files[str(message)].add(f"{folder.name}/{file}")
    places = {message: sorted(where) for message, where in files.items()}
    return dict(sorted(places.items(), key=lambda item: (item[1], item[0])))


def keep(language: str, said: Mapping[str, Sequence[str]], check: bool) -> bool:
    """Bring one catalogue up to date, or look whether it is; whether nothing is left to do."""
    path = CATALOGUES / f"{language}.po"
    before = path.read_text() if path.exists() else ""
    after = updated(before, language, said)
    if not check and after != before:
        path.write_text(after)
    empty = untranslated(after, language)
    for message in empty:
        print(f"{language}: no translation of {message!r}")
    if check and after != before:
        print(f"{language}: out of date, run scripts/messages.py")
    return after == before and not empty


def updated(text: str, language: str, said: Mapping[str, Sequence[str]]) -> str:
    """Return the catalogue with these messages and no others; fuzzy translations count as none."""
    before, after = parsed(text, language), Catalog(locale=language)
    for message, files in said.items():
        known = before.get(message) or Message(message)
        after.add(
            message,
            "" if known.fuzzy else str(known.string),
            locations=[(file, 0) for file in files],
            user_comments=known.user_comments,
        )
    written = BytesIO()
    write_po(written, after, width=WIDTH, omit_header=True, include_lineno=False)
    return HEADER.format(language=language) + written.getvalue().decode().strip() + "\n"


def untranslated(text: str, language: str) -> list[str]:
    """Return the messages of a catalogue that have no translation."""
    return [str(message.id) for message in parsed(text, language) if message.id and not message.string]


def parsed(text: str, language: str) -> Catalog:
    """Return the catalogue that this text is."""
    return read_po(BytesIO(text.encode()), locale=language)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("messages.py [--check]")
    sys.exit(main(check=sys.argv[1:] == ["--check"]))
