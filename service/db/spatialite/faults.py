"""What can go wrong in a spatial function, with a stable name for each.

SQLite tells its caller only "user-defined function raised exception", whatever was raised. The fault is kept per
thread (a function runs in the thread that runs the statement), and `name_fault` puts it back into the error that
SQLAlchemy raises.
"""

import sqlite3
import struct
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import shapely
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError


class Fault(StrEnum):
    """Why a spatial function refused; the words are stable."""

    NOT_A_GEOMETRY = "not_a_geometry"  # the value is not the BLOB of a two-dimensional geometry
    BAD_ARGUMENT = "bad_argument"  # a text where a number belongs, and the like
    UNREADABLE = "unreadable"  # the text or the WKB cannot be understood
    UNSTORABLE = "unstorable"  # empty, with a third coordinate, curved, or not finite
    MIXED_SRID = "mixed_srid"
    UNKNOWN_SRID = "unknown_srid"
    NOT_LONGITUDE_LATITUDE = "not_longitude_latitude"  # metres are only measured on WGS 84
    TOPOLOGY = "topology"  # GEOS could not decide, as where a coordinate is no number
    UNKNOWN_TYPE = "unknown_type"  # of a geometry column to be made
    NO_SUCH_COLUMN = "no_such_geometry_column"
    ROWS_DO_NOT_FIT = "rows_do_not_fit"  # what the column already holds has another type or SRID
    SQLITE = "sqlite"  # a statement of the function itself failed; the cause says why


class SpatialFault(Exception):
    """A spatial function refused. The text is "<function>: <fault>"."""

    def __init__(self, fault: Fault, function: str = "") -> None:
        super().__init__(f"{function}: {fault}" if function else str(fault))
        self.fault = fault
        self.function = function


_kept = threading.local()
_BY_LIBRARY: dict[type[Exception], Fault] = {
    shapely.errors.GEOSException: Fault.TOPOLOGY,
    NotImplementedError: Fault.UNSTORABLE,
    sqlite3.Error: Fault.SQLITE,
    struct.error: Fault.BAD_ARGUMENT,
    TypeError: Fault.BAD_ARGUMENT,
    ValueError: Fault.BAD_ARGUMENT,
}


def named(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with every fault it raises turned into a SpatialFault that carries its SQL name."""

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except SpatialFault as fault:
            raise _keep(SpatialFault(fault.fault, name)) from fault
        except tuple(_BY_LIBRARY) as error:
            fault_found = next(fault for kind, fault in _BY_LIBRARY.items() if isinstance(error, kind))
            raise _keep(SpatialFault(fault_found, name)) from error

    return call


def last_fault() -> SpatialFault | None:
    """The last fault of a spatial function in this thread, once; then None until the next."""
    fault: SpatialFault | None = getattr(_kept, "fault", None)
    _kept.fault = None
    return fault


def name_fault(context: ExceptionContext) -> Exception | None:
    """Listener for SQLAlchemy's "handle_error" (with retval=True): raise a DataError that names the fault."""
    if "user-defined function raised exception" not in str(context.original_exception):
        return None
    fault = last_fault()
    return DataError(context.statement, context.parameters, fault) if fault else None


def _keep(fault: SpatialFault) -> SpatialFault:
    _kept.fault = fault
    return fault
