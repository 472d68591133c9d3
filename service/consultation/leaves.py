"""What a line of the log says, and how an answer and its tracker are hidden in it until the end.

The phone makes a receipt key of 16 random bytes and keeps it. A tracker is made from the key and is the only name that
a ballot has; of an answer's own tracker nobody but the phone can say which ballot it belongs to.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from hmac import digest
from typing import Any

VERSION = 1
KEY_BYTES = SALT_BYTES = 16


def canonical(value: Any) -> bytes:
    """JSON in one spelling: sorted keys, no spaces, ASCII. Only texts, integers, lists and mappings have one."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def ballot_tracker(receipt_key: bytes) -> bytes:
    """The name of the whole ballot, which is never published."""
    return sha256(b"plateia tracker\x00" + receipt_key).digest()


def answer_tracker(receipt_key: bytes, question: str) -> bytes:
    """The name of the answer to one question, which is published after closing."""
    return sha256(b"plateia tracker\x00" + digest(receipt_key, question.encode(), "sha256")).digest()


def commitment(consultation: str, question: str, answer: Any, salt: bytes) -> bytes:
    """What says that this was answered, to who knows the answer and the salt; and nothing to others."""
    content = {"answer": answer, "consultation": consultation, "question": question}
    return sha256(b"\x00plateia ballot\x00" + salt + canonical(content)).digest()


def handle(tracker: bytes, sequence: int, blind: bytes) -> bytes:
    """What says that this is the so-manieth answer under this tracker, to who knows the blind; nothing to others."""
    return sha256(b"\x00plateia handle\x00" + blind + tracker + sequence.to_bytes(4, "big")).digest()


def ballot_line(consultation: str, question: str, committed: bytes, handled: bytes) -> str:
    """The line of one answer."""
    facts = {"commitment": committed.hex(), "handle": handled.hex(), "question": question}
    return event_line(consultation, "ballot", facts)


def event_line(consultation: str, kind: str, facts: Mapping[str, Any]) -> str:
    """A line of the log: open, ballot, extend, text, paper_batch or close, with its facts."""
    return canonical({"consultation": consultation, "kind": kind, "v": VERSION, **facts}).decode()
