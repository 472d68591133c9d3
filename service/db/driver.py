"""What is said to the driver itself, with the events and the errors of SQLAlchemy."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

Values = Mapping[str, Any] | Sequence[Any]


def run_many(connection: Connection, sql: str, rows: Sequence[Values]) -> None:
    """Run a statement that gives no rows once for each of these. Raises what SQLAlchemy raises."""
    driver: Any = connection.connection.driver_connection
    try:
        for listen in connection.dispatch.before_cursor_execute:
            listen(connection, None, sql, rows, None, True)
        driver.cursor().executemany(sql, rows)
    except BaseException as error:
        connection._handle_dbapi_exception(error, sql, rows[0], None, None)


def run(connection: Connection, sql: str, values: Values = (), rows: bool = False) -> tuple[Any, Sequence[Any]]:
    """Run a statement on the connection of a session; the driver's cursor, and all rows where there are any to read.

    Raises what SQLAlchemy raises: the fault gets its name, a broken connection is thrown away.
    """
    driver: Any = connection.connection.driver_connection
    try:
        for listen in connection.dispatch.before_cursor_execute:
            listen(connection, None, sql, values, None, False)
        cursor = driver.execute(sql, values or ())
        return cursor, cursor.fetchall() if rows else ()
    except BaseException as error:
        connection._handle_dbapi_exception(error, sql, values, None, None)
