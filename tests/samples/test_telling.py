"""The sample municipalities have plans and news of every kind, in their languages, also those loaded long ago."""

from flask import Flask
from flask.testing import FlaskClient

from service.db import transaction
from service.municipalities.establishing import establish
from service.samples.loading import complete
from service.samples.planning import PLANS
from service.samples.telling import FOLDER
from service.text import LANGUAGES
from tests.factories.municipalities import ALWAYS, description

SPOKEN = {"kozani": "el", "heraklion": "el", "sopot": "bg", "kaunas-district": "lt"}


def test_a_sample_is_given_what_it_lacks_once_news_of_every_kind_in_four_languages(
    app: Flask, client: FlaskClient
) -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SPOKEN)
    kinds, languages = set(), set()
    for number, (slug, language) in enumerate(SPOKEN.items()):
        about = description(slug, 21.7 + number, 40.2, ALWAYS) | {"languages": [language, "en"], "prefix": f"P{number}"}
        with transaction():
            establish(slug, about, ())
        assert (complete(FOLDER.parent / f"{slug}.yaml"), complete(FOLDER.parent / f"{slug}.yaml")) == (True, False)
        plans = client.get(f"/api/v1/{slug}/plans").json["plans"]
        assert [plan["key"] for plan in plans] == sorted(path.stem for path in PLANS.glob(f"{slug}-*.json"))
        news = client.get(f"/api/v1/{slug}/news").json["articles"]
        kinds |= {article["kind"] for article in news}
        languages |= {spoken for article in news for spoken in article["languages"]}
        assert all(article["translated"] for article in news) and news[0]["pinned"] == (slug == "kozani")
    assert kinds == {"news", "action", "announcement", "call", "event"} and languages == set(LANGUAGES)
    assert client.get("/api/v1/kozani/news?search=vivliothiki").json["articles"][0]["kind"] == "event"
