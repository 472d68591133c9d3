"""Public addresses of what the news are made of; `root` is where the service is reached, without a slash at its end."""

import uuid
from dataclasses import dataclass

from service.municipalities.directory import Municipality


@dataclass(frozen=True)
class Addresses:
    """Where readers find the news of a municipality."""

    root: str
    here: Municipality

    @property
    def news(self) -> str:
        return f"{self.root}/api/v1/{self.here.slug}/news"

    @property
    def list(self) -> str:
        """The newest articles, for a person."""
        return f"{self.news}/page"

    def page(self, article: uuid.UUID) -> str:
        """What a person opens."""
        return f"{self.news}/{article}/page"

    def calendar(self, article: uuid.UUID) -> str:
        """An event as calendar programs take it."""
        return f"{self.news}/{article}/event.ics"

    def picture(self, article: uuid.UUID, picture: str) -> str:
        return f"{self.news}/{article}/photos/{picture}/large"

    def document(self, article: uuid.UUID, document: str) -> str:
        return f"{self.news}/{article}/documents/{document}"
