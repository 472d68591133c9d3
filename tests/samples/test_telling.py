"""The sample municipalities have news of every kind, in their languages, that hold together."""

from flask import Flask
from flask.testing import FlaskClient

from service.db import session
from service.samples.loading import load_all
from service.text import LANGUAGES


def test_the_samples_have_news_of_every_kind_in_four_languages(app: Flask, client: FlaskClient) -> None:
    kinds, languages = set(), set()
    for slug in load_all():
        session.rollback()
        news = client.get(f"/api/v1/{slug}/news").json["articles"]
        kinds |= {article["kind"] for article in news}
        languages |= {language for article in news for language in article["languages"]}
        assert all(article["translated"] for article in news) and news[0]["pinned"] == (slug == "kozani")
    assert kinds == {"news", "action", "announcement", "call", "event"} and languages == set(LANGUAGES)
    assert client.get("/api/v1/kozani/news?search=bibliothiki").json["articles"][0]["kind"] == "event"
