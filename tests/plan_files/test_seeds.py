"""The sample plans say what the municipalities' own documents say, in their words, and nothing else."""

import re
import unicodedata
from dataclasses import fields, is_dataclass
from functools import cache

import pytest

from service.plans.checking import warnings_of
from service.plans.document import walk
from service.samples.planning import plans_of

DOCUMENT_OF = {
    "kozani-operational-2014-2019": "000",
    "kozani-strategic-2014-2019": "000",
    "kozani-operational-2011-2014": "000",
    "kozani-operational-2007-2011": "000",
    "kozani-smart-city": "001",
    "heraklion-technical-programme-2024": "002",
    "sopot-policy-making-project": "003",
    "sopot-housing-strategy": "003",
    "sopot-development-plan-2014-2020": "003",
    "kaunas-district-planning-project": "004",
    "kaunas-district-strategic-plan-2013-2020": "004",
}
IN_ANOTHER_CASE = {"ict-hub", "existing-municipality"}
"""Elements whose title stands in another case of the noun."""
WORD_FOR_WORD = ("stated", "subject", "addressee", "via", "address", "type_stated")
PLANS = {plan.key: plan for slug in ("kozani", "heraklion", "sopot", "kaunas-district") for plan in plans_of(slug)}


@pytest.fixture(scope="module")
def seeds(shared_data):
    """Number of the document → its text without bullets, bold and line ends."""
    folder = shared_data.parent / "seeds"
    return {path.name[:3]: plain(path.read_text("utf-8")) for path in sorted(folder.glob("*.txt"))}


def plain(text):
    return " ".join(text.replace("•", " ").replace("**", " ").split())


@cache
def bare(word):
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(one for one in letters if not unicodedata.combining(one))


def stems(text):
    """The words of a text without their endings: three letters at the least, two thirds of a longer word."""
    for word in re.findall(r"[^\W_]+", text):
        yield bare(word)[: max(3, len(word) * 2 // 3)]


def values(thing, name=""):
    """(name, value) of every field anywhere in a plan."""
    if isinstance(thing, tuple):
        for one in thing:
            yield from values(one, name)
    elif is_dataclass(thing):
        for one in fields(thing):
            yield from values(getattr(thing, one.name), one.name)
    elif thing is not None:
        yield name, thing


def texts(plan):
    """Every text in languages that speaks the plan's own."""
    for _, value in values(plan):
        if isinstance(value, dict) and plan.source_language in value:
            yield value


def test_there_is_a_plan_for_each_thing_that_the_documents_tell_of(seeds):
    assert set(PLANS) == set(DOCUMENT_OF)
    assert set(DOCUMENT_OF.values()) == set(seeds)


@pytest.mark.parametrize("key", sorted(DOCUMENT_OF))
def test_every_quoted_word_stands_in_the_document(seeds, key):
    plan, seed = PLANS[key], seeds[DOCUMENT_OF[key]]
    quoted = [value for name, value in values(plan) if name in WORD_FOR_WORD and value]
    assert [said for said in quoted if plain(said) not in seed] == []
    named = [element for element, _ in walk(plan.elements) if element.key not in IN_ANOTHER_CASE]
    said = [element.title[plan.source_language] for element in named]
    said += [element.description[plan.source_language] for element in named if element.description]
    said += [stage.stated for stage in plan.stages]
    assert [one for one in said if plain(one) not in seed] == []


@pytest.mark.parametrize("key", sorted(DOCUMENT_OF))
def test_no_name_or_text_has_a_word_that_the_document_has_not(seeds, key):
    plan = PLANS[key]
    there = {
        word[:length] for word in map(bare, re.findall(r"[^\W_]+", seeds[DOCUMENT_OF[key]])) for length in range(2, 25)
    }
    there |= {bare(word) for word in re.findall(r"[^\W_]+", seeds[DOCUMENT_OF[key]])}
    strange = {stem for text in texts(plan) for stem in stems(text[plan.source_language]) if stem not in there}
    assert strange == set()
    assert [text for text in texts(plan) if not text.get("en") or text["en"] == text[plan.source_language]] == []


def test_the_seventeen_steps_come_out_in_the_order_and_words_of_the_document(seeds):
    plan = PLANS["kozani-operational-2014-2019"]
    assert [stage.number for stage in plan.stages] == [str(number) for number in range(1, 18)]
    places = [seeds["000"].index(plain(stage.stated)) for stage in plan.stages]
    assert places == sorted(places)
    assert [stage.kind for stage in plan.stages] == [
        "questionnaire_design",
        "form_distribution",
        "staff_briefing",
        "self_assessment",
        "meeting",
        "committee_session",
        "form_distribution",
        "informal_consultation",
        "drafting",
        "executive_approval",
        "neighbour_letter",
        "council_approval",
        "public_consultation",
        "committee_opinion",
        "executive_approval",
        "council_approval",
        "supervisory_approval",
    ]
    when = [stage.when and stage.when.stated for stage in plan.stages]
    assert when == [
        *("Νοέμβριος 2014", "Δεκέμβριος 2014", "Δεκεμβρίου 2014", "Δεκέμβριος 2014 και Ιανουάριος 2015", None),
        *("04/2/2015", "Φεβρουάριος 2015", "από 6/2/2015 έως 28/2/2015", None, "4 Ιουνίου", None, "24 Ιουνίου"),
        *("Από τις 2/7/2015", "8 Σεπτεμβρίου", "3 Νοεμβρίου", "27/11/2015", "22-12-2015"),
    ]
    implied = [stage.number for stage in plan.stages if stage.when and stage.when.start.year_implied]
    assert implied == ["10", "12", "14", "15"]
    assert [stage.number for stage in plan.stages if stage.when and stage.when.open_end] == ["13"]
    assert [stage.number for stage in plan.stages if stage.when is None] == ["9", "11"]
    assert [stage.number for stage in plan.stages if stage.informal] == ["8"]


def test_the_meetings_of_the_fifth_step_have_each_their_day_and_place():
    meetings = PLANS["kozani-operational-2014-2019"].stages[4].sittings
    assert [(one.when.stated, one.places[0], len(one.places) - 1) for one in meetings] == [
        ("8/1/2015", "kozani", 1),
        ("20/1/2015", "kozani", 1),
        ("14/1/2015", "koilada", 2),
        ("18/1/2015", "krokos", 2),
    ]


@pytest.mark.parametrize("key", sorted(DOCUMENT_OF))
def test_nobody_has_to_look_at_anything_that_the_sample_says(key):
    assert warnings_of(PLANS[key]) == []


def test_decisions_decide_on_papers_and_on_one_another():
    plan = PLANS["kozani-operational-2014-2019"]
    found = [(one.stage, one.kind, one.outcome, one.number) for one in plan.decisions]
    assert found == [
        ("executive-approves-strategic", "draft_approval", "approved", None),
        ("council-approves-strategic", "draft_approval", "approved", None),
        ("committee-opinion", "opinion", "positive", None),
        ("executive-approves-operational", "draft_approval", "approved", None),
        ("council-approves-operational", "approval", "approved", "556/2015"),
        ("supervisory-approval", "supervisory_approval", "approved", None),
    ]
    last = plan.decisions[-1]
    assert last.protocol_reference == "66698/6827/22-12-2015"
    assert last.decides_on[0].decision == "council-approves-operational"
    assert plan.decisions[1].on_recommendation_of == "executive-committee"
    assert [one.kind for one in plan.decisions[1].remarks] == ["inferred"]


def test_what_the_document_contradicts_is_marked():
    assert [one.about for one in PLANS["kozani-operational-2007-2011"].remarks if one.kind == "disagrees"] == ["period"]
    assert PLANS["kozani-operational-2007-2011"].period.stated == "2007-2011"
    assert any(one.kind == "disagrees" for one in PLANS["kozani-operational-2014-2019"].remarks)


def count(key, level):
    return sum(element.level == level for element, _ in walk(PLANS[key].elements))


def test_everything_is_counted():
    smart = PLANS["kozani-smart-city"]
    sectors = [element for element in smart.elements if element.level == "sector"]
    assert [len(sector.children) for sector in sectors] == [9, 6, 11, 1, 4]
    assert (count("kozani-smart-city", "project"), count("kozani-smart-city", "system")) == (31, 11)
    assert not any(element.money or element.indicators for element, _ in walk(smart.elements))
    objectives = PLANS["sopot-development-plan-2014-2020"].elements
    assert [len(objective.children) for objective in objectives] == [3, 6, 5, 4]
    assert count("sopot-housing-strategy", "objective") == 4
    assert (count("sopot-policy-making-project", "activity"), count("sopot-policy-making-project", "guarantee")) == (
        5,
        7,
    )
    assert (count("kozani-operational-2014-2019", "purpose"), count("kozani-operational-2014-2019", "goal")) == (2, 5)
    thematic = [one for one in PLANS["heraklion-technical-programme-2024"].links if one.kind == "part_of_framework"]
    assert len(thematic) == 8
    assert [level.key for level in PLANS["kaunas-district-strategic-plan-2013-2020"].levels] == [
        "priority",
        "goal",
        "task",
        "measure",
    ]


def test_heraklions_sentence_stays_cut_and_its_blanks_stay_blank(seeds):
    plan = PLANS["heraklion-technical-programme-2024"]
    [rule] = plan.inclusion_rules
    assert rule.truncated and seeds["002"].endswith("οι δράσεις που αφορούν") and rule.stated.endswith("που αφορούν")
    letter = plan.documents[0]
    blanks = (letter.protocol_reference, letter.security_grade, letter.priority_grade, letter.retention)
    assert blanks == ("", "", "", "") and letter.number is None
    assert plan.elements == () and plan.money == ()


def test_the_money_is_as_it_was_stated():
    total, grant, own = PLANS["kaunas-district-planning-project"].money
    assert total.amount_minor == grant.amount_minor + own.amount_minor == 26427576
    assert {line.currency for line in (total, grant, own)} == {"LTL"} and own.stated == "50.805,68 Lt"
    [line] = PLANS["sopot-policy-making-project"].money
    assert (line.amount_minor, line.currency, line.intensity_percent) == (None, None, 100)
    assert (line.contract_reference, line.contract_date.value) == ("13-13-146", "2013-10-31")
    outputs = [one for element, _ in walk(PLANS["sopot-policy-making-project"].elements) for one in element.outputs]
    assert [one.quantity for one in outputs if one.quantity] == [1, 1, 1000, 1]


def test_a_joint_project_names_its_partner():
    found = {element.key: element for element, _ in walk(PLANS["sopot-development-plan-2014-2020"].elements)}
    assert found["project-4-3"].action.partners == ("karlovo",)
    assert [link.kind for link in found["project-4-3"].links] == ["joint_with"]
    assert [key for key, one in found.items() if one.objective] == ["project-2-1", "project-3-2"]


def test_people_are_left_out_and_their_offices_kept(seeds):
    whole = " ".join(str(value) for plan in PLANS.values() for _, value in values(plan))
    named = re.search(r"Πληροφορίες: (\S+) (\S+) Τηλ.: (\d+) E-mail: (\S+)", seeds["002"]).groups()
    named += re.search(r"κ\. (\S+) (\S+) ΘΕΜΑ", seeds["002"]).groups()
    named += re.search(r"pavaduotoja (\S+) (\S+) tel\. ([\d ]+)", seeds["004"]).groups()
    assert [said for said in named if said.strip() in whole] == []
    assert [plan.key for plan in PLANS.values() if plan.contact and plan.contact.withheld and plan.contact.office] == [
        "heraklion-technical-programme-2024",
        "kaunas-district-planning-project",
    ]
