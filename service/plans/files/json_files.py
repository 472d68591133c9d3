"""Plans as JSON files: the form that `canonical` describes and `docs/plan.schema.json` documents."""

from pathlib import Path
from typing import IO

import orjson

from service.plans.canonical import to_json
from service.plans.document import Plan
from service.plans.files.refusing import PlanFileRefused
from service.plans.files.workbooks import LARGEST_FILE
from service.plans.reading_json import from_json


def read_json_file(path: Path) -> Plan:
    """The plan of a file. Raises PlanFileRefused, and NotAPlan with each fault."""
    if path.stat().st_size > LARGEST_FILE:
        raise PlanFileRefused(reason="too_large", most=LARGEST_FILE)
    try:
        return from_json(orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf")))
    except (orjson.JSONDecodeError, RecursionError):
        raise PlanFileRefused(reason="not_json") from None


def write_json_file(plan: Plan, target: IO[bytes]) -> None:
    """Write the plan, readable, with its keys in order."""
    target.write(orjson.dumps(to_json(plan), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2) + b"\n")
