"""What residents look for is found in the language in which the papers say it, in whatever case and form it stands."""

import pytest
from flask.testing import FlaskClient

from service.gis.romanising import in_latin
from service.municipalities.directory import Municipality
from service.text.endings import ENDINGS, stem
from tests.plans.plans import put_in_force, sample, see

SMART, SOPOT, KAUNAS = "kozani-smart-city", "sopot-development-plan-2014-2020", "kaunas-district-planning-project"
LOOKED_FOR = (
    # accents, capitals, the sigma at the end, genitive, plural, short words
    (SMART, "ηλεκτροφωτισμος", "ηλεκτροφωτισμού"),
    (SMART, "ΛΑΜΠΤΗΡΑΣ", "λαμπτήρων"),
    (SMART, "κάδος", "κάδου"),
    (SMART, "δρόμος", "δρόμους"),
    (SMART, "σχολείο", "σχολεία"),
    (SMART, "πόλεις", "πόλης"),
    (SMART, "ΣΤΟΛΟΣ", "στόλου"),
    (SMART, "διάβαση", "διαβάσεων"),
    (SMART, "αίτηση", "αιτήσεων"),
    (SMART, "στάθμευσησ", "στάθμευσης"),
    (SMART, "podilato", "ποδηλάτου"),
    # articles at the end, plural, the other genders
    (SOPOT, "ПРИЮТЪТ", "приют"),
    (SOPOT, "кучето", "кучета"),
    (SOPOT, "сградата", "сгради"),
    (SOPOT, "алеята", "алея"),
    (SOPOT, "крепостта", "крепост"),
    (SOPOT, "път", "пътната"),
    (SOPOT, "осветлението", "осветление"),
    (SOPOT, "проектите", "проекти"),
    (SOPOT, "система", "система"),
    (SOPOT, "priyut", "приют"),
    # without diacritics, other cases, softened ends
    (KAUNAS, "savivaldybe", "savivaldybės"),
    (KAUNAS, "GALIMYBĖ", "galimybių"),
    (KAUNAS, "rekomendacija", "rekomendacijų"),
    (KAUNAS, "strategija", "strategijai"),
    (KAUNAS, "klimatas", "klimato"),
    (KAUNAS, "kaita", "kaitos"),
    (KAUNAS, "planą", "plano"),
    (KAUNAS, "metai", "metų"),
    (KAUNAS, "tikslas", "tikslai"),
    (KAUNAS, "uždavinys", "uždavinius"),
    (KAUNAS, "prioritetų", "prioritetus"),
    (KAUNAS, "salis", "šalių"),
)
"""Plan of the papers, what is looked for, and how it stands there."""


def test_words_are_found_in_whatever_case_they_stand(client: FlaskClient, here: Municipality) -> None:
    for key in (SMART, SOPOT, KAUNAS):
        put_in_force(here, sample(key))
    lost = []
    for key, words, there in LOOKED_FOR:
        found = see(client, f"/{key}/elements?limit=100&q={words}")["elements"]
        said = [see(client, f"/{key}/elements/{one['key']}")["detail"] for one in found]
        texts = [in_latin(f"{one['title']} {one.get('description', '')}") for one in said]
        if not any(in_latin(there) in text for text in texts):
            lost.append((words, there))
    assert lost == []
    for key, words in ((SMART, "κάδμιο"), (SMART, "πολύ"), (SOPOT, "кучешки"), (KAUNAS, "metalas"), (KAUNAS, "kada")):
        assert see(client, f"/{key}/elements?q={words}")["elements"] == [], words


@pytest.mark.parametrize(
    ("language", "one_word"),
    [
        ("el", "πόλη πόλης πόλεις πόλεων πόλεως"),
        ("el", "πρόγραμμα προγράμματος προγράμματα προγραμμάτων"),
        ("el", "σχολείο σχολείου σχολεία σχολείων"),
        ("el", "πλατεία πλατείας πλατείες πλατειών"),
        ("el", "δήμος δήμου δήμο δήμοι δήμων δήμους"),
        ("bg", "сграда сградата сгради сградите"),
        ("bg", "план планът плана планове плановете"),
        ("bg", "градски градския градският градска градската градско градското градските"),
        ("bg", "развитие развитието развития"),
        ("bg", "читалище читалището читалища читалищата"),
        ("bg", "куче кучето кучета кучетата"),
        ("lt", "tikslas tikslo tikslui tikslą tikslu tiksle tikslai tikslų tikslams tikslus tikslais tiksluose"),
        ("lt", "priemonė priemonės priemonei priemonę priemone priemonių priemonėms priemones priemonėse"),
        ("lt", "uždavinys uždavinio uždaviniui uždavinį uždaviniai uždavinių uždaviniams uždavinius"),
        ("lt", "kelias kelio keliui kelią keliu keliai kelių keliams kelius keliuose"),
        ("lt", "medis medžio medžiui medį medžiai medžių medžiams medžius"),
        ("lt", "pasiūlymas pasiūlymo pasiūlymų pasiūlymais"),
        ("lt", "šalis šalies šalį šalys šalių šalims šalyse"),
    ],
)
def test_the_cases_of_a_word_are_one(language: str, one_word: str) -> None:
    assert len({stem(in_latin(word), language) for word in one_word.split()}) == 1


def test_short_words_stay_and_other_languages_have_no_endings() -> None:
    assert [stem(word, language) for word, language in (("os", "el"), ("metu", "ca"), ("led", "el"))] == [
        *("os", "metu", "led")
    ]
    assert all(endings == sorted(endings, key=len, reverse=True) for endings in ENDINGS.values())
