"""News: something has happened, or is going to."""

from service.news.kinds.facts import Fact, Kind
from service.text import N_

KIND = Kind(
    name="news",
    words=N_("News"),
    schema_type="NewsArticle",
    facts={"more": Fact("where to read on", "address")},
)
