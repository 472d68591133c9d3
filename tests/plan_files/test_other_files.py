"""Plans as JSON by their schema, as projects of OC4IDS, and as PDF."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import jsonschema
import pytest
from pypdf import PdfReader

from service.plans.document import Action, Element, Level, Plan, walk
from service.plans.files.json_files import read_json_file, write_json_file
from service.plans.files.json_schema import schema
from service.plans.files.oc4ids import NoActions, package
from service.plans.files.pdf import write_pdf
from service.plans.files.refusing import PlanFileRefused
from service.plans.files.wording import Words
from service.plans.reading_json import NotAPlan
from service.plans.record import Answer, EvaluationReport, Finding, ProgressEntry, ProgressReport, Recommendation
from service.plans.values import (
    Document,
    Figure,
    FundingSource,
    Indicator,
    IndicatorPeriod,
    MoneyLine,
    Period,
    StatedDate,
    Territory,
)
from service.samples.planning import plans_of

ROOT = Path(__file__).parents[2]
SLUGS = ("kozani", "heraklion", "sopot", "kaunas-district")
PACKAGE = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parent / "oc4ids-0.9-package.json").read_text()),
    format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER,
)
URI, AT = "https://plateia.example/p", "2026-11-22T09:00:00Z"


def samples():
    return [plan for slug in SLUGS for plan in plans_of(slug)]


def test_the_schema_that_is_documented_is_that_of_the_code():
    written = json.loads((ROOT / "docs" / "plan.schema.json").read_text("utf-8"))
    assert written == schema(), "docs/plan.schema.json must be what json_schema.schema() gives"


def test_every_sample_fits_the_schema_and_comes_back_the_same(tmp_path):
    fits = jsonschema.Draft202012Validator(schema())
    fits.check_schema(schema())
    for plan in samples():
        with (tmp_path / "plan.json").open("wb") as target:
            write_json_file(plan, target)
        fits.validate(json.loads((tmp_path / "plan.json").read_text("utf-8")))
        assert read_json_file(tmp_path / "plan.json") == plan


def test_what_does_not_fit_the_schema_is_not_read(tmp_path, monkeypatch):
    fits = jsonschema.Draft202012Validator(schema())
    whole = {"key": "p", "kind": "strategic", "title": {"el": "Σ"}, "source_language": "el"}
    for wrong in ({"key": "a b"}, {"kind": "dream"}, {"title": "Σ"}, {"surprise": 1}, {"levels": {}}, {"uid": 7}):
        assert list(fits.iter_errors(whole | wrong))
        (tmp_path / "plan.json").write_text(json.dumps(whole | wrong))
        with pytest.raises(NotAPlan):
            read_json_file(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_bytes(b"{")
    with pytest.raises(PlanFileRefused):
        read_json_file(tmp_path / "plan.json")
    monkeypatch.setattr("service.plans.files.json_files.LARGEST_FILE", 0)
    with pytest.raises(PlanFileRefused):
        read_json_file(tmp_path / "plan.json")


def rich():
    """A plan whose one action has all that OC4IDS can say."""
    action = Action(
        status="in_progress",
        responsible=("works",),
        partners=("works", "nobody"),
        territories=("square",),
        location={"el": "Πλατεία"},
        geometry={"type": "Point", "coordinates": [21.78, 40.3]},
        when=Period(StatedDate("2024-02"), StatedDate("2025-02")),
    )
    money = (
        MoneyLine("budgeted", 100050, "EUR", 2024, source="sata", stated="1.000,50"),
        MoneyLine("budgeted", 200000, "EUR", 2025),
        MoneyLine("grant", stated="100%"),
        MoneyLine("total", 300050, "EUR"),
    )
    element = Element("a", "action", {"el": "Ανάπλαση"}, action=action, money=money, documents=("study", "lost"))
    other = replace(
        element, key="b", action=Action(when=Period(StatedDate("2024"), StatedDate("2025"))), money=money[:2]
    )
    bare = replace(element, key="c", action=Action(), money=(), documents=())
    from_words = sample("sopot-development-plan-2014-2020").bodies[0]
    return Plan(
        "p",
        "operational",
        {"el": "Σχέδιο"},
        "el",
        bodies=(replace(from_words, key="works"),),
        territories=(
            Territory("square", {"el": "Πλατεία"}, geometry={"type": "GeometryCollection", "geometries": []}),
        ),
        funding_sources=(FundingSource("sata", {"el": "ΣΑΤΑ"}),),
        documents=(Document("study", {"el": "Μελέτη"}, language="el"),),
        elements=(element, other, bare),
    )


def sample(key):
    return next(plan for plan in samples() if plan.key == key)


def test_every_action_is_a_project_of_oc4ids():
    found = package(rich(), "el", URI, AT, "Δήμος")
    first, second, third = found["projects"]
    assert first["budget"]["amount"] == {"amount": 3000.5, "currency": "EUR"} == second["budget"]["amount"]
    assert [part["amount"]["amount"] for part in first["budget"]["budgetBreakdown"]] == [1000.5, 2000]
    assert first["period"] == {"startDate": "2024-02-01T00:00:00Z", "endDate": "2025-02-28T23:59:59Z"}
    assert second["period"] == {"startDate": "2024-01-01T00:00:00Z", "endDate": "2025-12-31T23:59:59Z"}
    assert [party["roles"] for party in first["parties"]] == [["publicAuthority", "partner"], ["funder"]]
    assert [place["id"] for place in first["locations"]] == ["action/place", "square"]
    assert set(third) == {"id", "title"} and first["id"] == f"{URI}/elements/a"
    assert [one.get("status") for one in (first, second)] == ["implementation", None]
    entries = (ProgressEntry("a", "completed"), ProgressEntry("b", "suspended"))
    report = ProgressReport("r", Period(), approved_by="works", entries=entries)
    later = ProgressReport("q", Period(), entries=(ProgressEntry("b", "cancelled"),))
    told = package(replace(rich(), progress=(report, later)), "el", URI, AT, "Δήμος")["projects"]
    assert [one.get("status") for one in told] == ["completed", "implementation", None], "as was approved"
    assert first["budget"]["budgetBreakdown"][0]["sourceParty"]["id"] == first["parties"][1]["id"] == "sources/sata"
    ruble = replace(rich(), elements=(replace(rich().elements[0], money=(MoneyLine("total", 5, "VED"),)),))
    ruble = replace(ruble, levels=(Level("action", {}, leaf=True),))
    assert "budget" not in package(ruble, "el", URI, AT, "Δήμος")["projects"][0]
    with pytest.raises(NoActions):
        package(replace(rich(), elements=()), "el", URI, AT, "Δήμος")
    counts = {}
    for plan in [rich(), *samples()]:
        if not any(element.action or element.level in leaves(plan) for element, _ in walk(plan.elements)):
            continue
        whole = package(plan, "en", URI, AT, "Δήμος")
        PACKAGE.validate(whole)
        counts[plan.key] = len(whole["projects"])
    assert counts["sopot-development-plan-2014-2020"] == 18


def leaves(plan):
    return {level.key for level in plan.levels if level.leaf}


def text_of(plan, language):
    target = BytesIO()
    write_pdf(plan, target, language, "Δήμος / Община / Savivaldybė", "Έκδοση 1")
    return PdfReader(target)


@pytest.mark.parametrize(
    ("key", "language", "words"),
    [
        ("kozani-smart-city", "el", ("Έξυπνη μέτρηση", "Κατάσταση:", "Στάδια")),
        ("sopot-development-plan-2014-2020", "bg", ("Изграждане на приют за безстопанствени кучета", "Етапи")),
        ("kaunas-district-planning-project", "lt", ("264.275,76 Lt", "sanglaudą", "Lėšos")),
        ("sopot-policy-making-project", "en", ("Accountability", "Status: completed", "Stages")),
        ("kozani-operational-2014-2019", "el", ("66698/6827/22-12-2015",)),
    ],
)
def test_the_pdf_has_the_letters_of_each_language_contents_and_page_numbers(key, language, words):
    plan = sample(key)
    found = text_of(plan, language)
    text = words_of(found)
    assert [word for word in words if word not in text] == []
    assert found.metadata.title == (plan.title.get(language) or plan.title[plan.source_language])
    assert found.trailer["/Root"]["/Lang"] == language and found.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert len(found.outline) >= 1 and found.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]
    assert {"/Title", "/H1", "/P", "/TOCI"} <= set(tags_of(found))
    fonts = [font.get_object() for font in found.pages[-1]["/Resources"]["/Font"].values()]
    assert all("FontFile2" in str(font["/DescendantFonts"][0].get_object()["/FontDescriptor"]) for font in fonts)
    assert str(len(found.pages)) in found.pages[-1].extract_text().split()


def tags_of(found):
    """What is read out, in its order: every piece of a page is tagged once, or marked as no part of the text."""
    elements = [one.get_object() for one in found.trailer["/Root"]["/StructTreeRoot"]["/K"][0].get_object()["/K"]]
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(found.pages)}
    places = [numbers[one.raw_get("/Pg").idnum] for one in elements]
    assert places == sorted(places)
    for number, page in enumerate(found.pages):
        content = page.get_contents().get_data()
        marked = [one["/K"][0] for one, at in zip(elements, places, strict=True) if at == number]
        assert sorted(marked) == list(range(content.count(b"<</MCID"))) and content.count(b"/Artifact BMC") == 1
        assert content.count(b"EMC") == len(marked) + 1
        bare = re.sub(rb"(BDC|BMC).*?EMC", b"", content, flags=re.DOTALL)
        assert b"Tj" not in bare and b"TJ" not in bare, number
    return [one["/S"] for one in elements]


def test_the_pdf_says_how_far_the_plan_is_and_what_is_measured():
    figure = IndicatorPeriod(Period(stated="2024"), Figure(Decimal("1.50")), Figure(Decimal(20)), Figure(stated="λίγα"))
    measured = Indicator("i", {"el": "Σκιά"}, unit={"el": "δέντρα"}, periods=(figure,))
    own = MoneyLine("own", 25000, "EUR", source="sata", intensity_percent=Decimal("12.50"))
    first, second, third = rich().elements
    first = replace(
        first, indicators=(measured,), money=(*first.money, own), action=replace(first.action, weight=Decimal(3))
    )
    axis = Element("axis", "axis", {"el": "Πόλη"}, children=(first, second, third))
    spent = (MoneyLine("paid", 12345, "EUR"),)
    planted = {"el": "Φυτεύτηκαν 12 δέντρα."}
    entries = (
        ProgressEntry("a", physical_percent=Decimal(40), money=spent, text=planted),
        ProgressEntry("b", "completed"),
    )
    approved = {"approved_by": "works", "approved_when": Period(StatedDate("2025-03-20"))}
    report = ProgressReport("r", Period(stated="έτος 2024"), entries=entries, **approved)
    waiting = ProgressReport("q", Period(stated="έτος 2025"), entries=(ProgressEntry("c", "completed"),))
    advice = Recommendation("a", {"el": "Περισσότερα δέντρα"}, answer=Answer("accepted", {"el": "Θα φυτευτούν"}))
    found = EvaluationReport(
        "e", {"el": "Ενδιάμεση"}, findings=(Finding("f", {"el": "Λίγη σκιά"}),), recommendations=(advice,)
    )
    whole = replace(rich(), elements=(axis,), progress=(report, waiting), evaluations=(found,), vision={"el": "Όραμα"})
    goal = replace(measured, title={"el": "Αέρας"}, periods=(IndicatorPeriod(Period(), target=Figure(Decimal("0.1"))),))
    bare = MoneyLine("budgeted", source="sata")
    text = words_of(text_of(replace(whole, indicators=(goal,), money=(bare,)), "el"))
    for said in (
        "Υπάρχουν εκθέσεις για 2 από τις 3 δράσεις. Κατά μέσο όρο έχει ολοκληρωθεί το 55 %.",  # (3 · 40 + 100) / 4
        "Προϋπολογισμός: 6.001,00 EUR · Πληρωμές: 123,45 EUR",  # the total of one, the years of the other
        "Ολοκλήρωση: 40 %",
        "Ίδια συμμετοχή: 250,00 EUR, 12,5 %, ΣΑΤΑ",
        "Προϋπολογισμός 2024: 1.000,50, ΣΑΤΑ",
        "Σκιά · δέντρα 2024: αρχικά 1,5, στόχος 20, έως τώρα λίγα",
        "έτος 2024 · ",
        "Όραμα",
        "Αέρας · δέντρα στόχος 0,1",
        "Αξιολογήσεις: Ενδιάμεση Λίγη σκιά Περισσότερα δέντρα",
        "έγινε δεκτή: Θα φυτευτούν",
        "Ανάπλαση: Φυτεύτηκαν 12 δέντρα.",
        "· 20 Μαρτίου 2025",
        "Περίοδος: Φεβρουάριος 2024 – Φεβρουάριος 2025",
    ):
        assert said in text, said
    assert "έτος 2025" not in text


def words_of(found):
    return " ".join(" ".join(page.extract_text() for page in found.pages).split())


def test_days_and_numbers_are_written_as_people_of_the_language_do():
    when = Period(StatedDate("2026-11-08"), StatedDate("2027-02"))
    written = {language: Words(rich(), language) for language in ("el", "bg", "lt", "en")}
    assert {language: " ".join(words.period(when).split()) for language, words in written.items()} == {
        "el": "8 Νοεμβρίου 2026 – Φεβρουάριος 2027",
        "bg": "8 ноември 2026 г. – февруари 2027 г.",
        "lt": "2026 m. lapkričio 8 d. – 2027 m. vasaris",
        "en": "8 November 2026 – February 2027",
    }
    assert [words.number(Decimal("93.10")) for words in written.values()] == ["93,1", "93,1", "93,1", "93.1"]
    sums = [" ".join(words.amount(2249950, "EUR").split()) for words in written.values()]
    assert sums == ["22.499,50 EUR", "22 499,50 EUR", "22 499,50 EUR", "22,499.50 EUR"]
    assert written["el"].amount(1250, "JPY") == "1.250 JPY"
    assert [written["en"].day(value) for value in ("2014", "2014-02-31")] == ["2014", "2014-02-31"]


def test_what_the_paper_cuts_is_marked_so_and_nothing_is_said_twice():
    text = words_of(text_of(sample("heraklion-technical-programme-2024"), "el"))
    assert text.count("οι δράσεις που αφορούν […] (το έγγραφο κόβεται εδώ)") == 1
    text = words_of(text_of(sample("heraklion-technical-programme-2024"), "en"))
    assert "2024: in the Technical Programme" in text and "concern […] (the paper is cut here)" in text
    text = words_of(text_of(sample("sopot-development-plan-2014-2020"), "bg"))
    assert text.count("дискуссионен форум") == 1


def test_a_name_stands_on_the_page_of_what_is_said_of_it():
    action = Action(status="planned", priority="A", location={"el": "Πλατεία"})
    actions = tuple(
        Element(f"a{n}", "action", {"el": f"Δράση {n}."}, description={"el": "λόγια " * (n % 7 * 9)}, action=action)
        for n in range(90)
    )
    pages = [page.extract_text() for page in text_of(replace(rich(), elements=actions), "el").pages]
    last = [page.split("Σελίδα")[0].rstrip().splitlines()[-2] for page in pages[2:-1]]
    assert len(last) > 4 and not any(line.startswith(("Δράση", "Κατάσταση")) for line in last), last


def test_a_deep_plan_with_sums_is_written_too():
    leaf = replace(rich().elements[0], key="leaf")
    deep = leaf
    for number in range(8):
        deep = Element(f"e{number}", "axis", {"el": f"Επίπεδο {number}"}, number=str(number), children=(deep,))
    money = (MoneyLine("total", 5, "EUR", 2024), MoneyLine("own", 5, "EUR"))
    plan = replace(rich(), elements=(deep,), money=money, period=Period(StatedDate("2024")))
    axes = tuple(Element(f"e{n}", "axis", {"el": f"Άξονας {n} {'μακρύς ' * (n % 9 * 3)}"}) for n in range(60))
    long = text_of(replace(plan, elements=axes, description={"el": "Πολλά λόγια. " * 900}), "el")
    assert tags_of(long).count("/TOCI") == len(axes) + 2
    first, *_, last = [number for number, page in enumerate(long.pages, 1) if "Άξονας 58" in page.extract_text()]
    line = next(said for said in long.pages[first - 1].extract_text().splitlines() if "Άξονας 58" in said)
    assert line.split()[-1] == str(last) and first == 3  # the contents go on there, and lead to the right page
    text = words_of(text_of(plan, "el"))
    assert "Επίπεδο 0" in text and "2024: 0,05 EUR" in text and "Ανάπλαση" in text
    assert [element.key for element, _ in walk(plan.elements)][-1] == "leaf"
