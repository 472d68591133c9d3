"""The sample municipalities have news of every kind, in their languages, that hold together."""

from flask import Flask
from flask.testing import FlaskClient

from service.db import transaction
from service.municipalities.directory import municipality
from service.municipalities.establishing import establish
from service.samples.telling import FOLDER, load_news
from service.text import LANGUAGES
from tests.factories.municipalities import ALWAYS, description

SPOKEN = {"kozani": "el", "heraklion": "el", "sopot": "bg", "kaunas-district": "lt"}


def test_the_samples_have_news_of_every_kind_in_four_languages(app: Flask, client: FlaskClient) -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SPOKEN)
    kinds, languages = set(), set()
    for number, (slug, language) in enumerate(SPOKEN.items()):
        about = description(slug, 21.7 + number, 40.2, ALWAYS) | {"languages": [language, "en"], "prefix": f"P{number}"}
        with transaction():
            establish(slug, about, ())
        load_news(municipality(slug))
        news = client.get(f"/api/v1/{slug}/news").json["articles"]
        kinds |= {article["kind"] for article in news}
        languages |= {spoken for article in news for spoken in article["languages"]}
        assert all(article["translated"] for article in news) and news[0]["pinned"] == (slug == "kozani")
    assert kinds == {"news", "action", "announcement", "call", "event"} and languages == set(LANGUAGES)
    assert client.get("/api/v1/kozani/news?search=vivliothiki").json["articles"][0]["kind"] == "event"
