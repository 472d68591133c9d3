"""How many bytes a push message takes of what Google's service allows. Knows no client of it."""

import json
from collections.abc import Mapping

BYTE_BUDGET = 4096
TOPIC_BYTE_BUDGET = 2048
"""Of a message to a topic. Ours go to each phone by itself, and other services may carry our texts on."""


def size(title: str | None, body: str | None, data: Mapping[str, str]) -> int:
    """The bytes that count: the text and the data, in UTF-8; a Greek or Cyrillic letter has two."""
    shown = {"title": title, "body": body}
    return len(json.dumps({"notification": shown, "data": dict(data)}, ensure_ascii=False).encode())
