"""Whether every text of a sample is there in every language that is spoken, and in no other."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from service.samples.shapes import listed
from service.samples.values import Things, is_said


def text_faults(sample: Things) -> Iterator[str]:
    languages = {*sample["languages"], "en"}
    for where, text in chain([("name", sample["name"])], _texts(sample)):
        if not isinstance(text, Mapping):
            yield f"{where}: not a text by language."
            continue
        yield from (f"{where}: no text in {language}." for language in sorted(languages - set(text)))
        yield from (f"{where}: {language} is not spoken here." for language in sorted(set(text) - languages))
        yield from (f"{where}: the text in {key} is empty." for key, said in text.items() if not is_said(said))


def _texts(sample: Things) -> Iterator[tuple[str, Any]]:
    for part in ("local_holidays", "departments", "layers", "groups", "categories"):
        for where, thing in listed(part, sample[part]):
            yield from (
                (f"{where}.{key}", thing[key]) for key in ("name", "description", "danger_text") if key in thing
            )
            yield from _question_texts(where, thing.get("questions", []))
    for where, phone in listed("settings.phones", sample["settings"]["phones"]):
        yield f"{where}.name", phone["name"]


def _question_texts(where: str, questions: Any) -> Iterator[tuple[str, Any]]:
    for place, question in listed(f"{where}.questions", questions):
        yield from ((f"{place}.{key}", question[key]) for key in ("question", "hint") if key in question)
        for at, value in listed(f"{place}.values", question.get("values", [])):
            yield f"{at}.name", value["name"]
