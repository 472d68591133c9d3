"""The log of a consultation in JSON: its lines, and its signed heads."""

from typing import Any, ClassVar

from marshmallow import Schema, fields

from service.http import following


class ConsultationLogOut(Schema):
    """A page of the log: one line after the other, as they are hashed."""

    example: ClassVar[dict[str, Any]] = {
        "lines": ['{"consultation":"01a2…","definition":"3f…","kind":"open","v":1}'],
        "next": None,
    }

    lines = fields.List(fields.String(), required=True)
    next = following()


class ConsultationHeadsOut(Schema):
    """A page of the signed heads, in their order, each as the text of a C2SP checkpoint."""

    example: ClassVar[dict[str, Any]] = {"heads": ["plateia/kozani/01a2…\n1\n…\n"], "next": None}

    heads = fields.List(fields.String(), required=True)
    next = following()
