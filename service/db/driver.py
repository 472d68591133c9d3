"""What is said to the driver itself, with the events and the errors of SQLAlchemy."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

Values = Mapping[str, Any] | Sequence[Any]


def run_many(connection: Connection, sql: str, rows: Sequence[Values]) -> int:
    """Run a statement that gives no rows once for each of these; how many it wrote. Raises what SQLAlchemy raises."""
    driver: Any = connection.connection.driver_connection
    try:
        for listen in connection.dispatch.before_cursor_execute:
            listen(connection, None, sql, rows, None, True)
        cursor = driver.cursor()
        cursor.executemany(sql, rows)
        return int(cursor.rowcount)
    except BaseException as error:
        connection._handle_dbapi_exception(error, sql, rows[0], None, None)


def copy_in(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Put rows into a table of PostgreSQL by its COPY, which is made for many.

    Values are as the driver takes them, JSON also as text. Raises what SQLAlchemy raises.
    """
    driver: Any = connection.connection.driver_connection
    sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    try:
        for listen in connection.dispatch.before_cursor_execute:
            listen(connection, None, sql, (), None, True)
        with driver.cursor() as cursor, cursor.copy(sql) as copying:
            for row in rows:
                copying.write_row(row)
    except BaseException as error:
        connection._handle_dbapi_exception(error, sql, (), None, None)


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
