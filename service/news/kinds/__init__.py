"""The kinds of article: one module each, which says its facts and what makes them valid."""

from collections.abc import Mapping

from service.news.kinds import action, announcement, call, event, news
from service.news.kinds.facts import Kind

KINDS: Mapping[str, Kind] = {one.KIND.name: one.KIND for one in (news, action, announcement, call, event)}
"""Name → the kind."""
