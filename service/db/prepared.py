"""Statements of every request: compiled once, then given to the driver itself.

SQLAlchemy compiles a statement once too, but what it does around each run costs several times what a small statement
costs the database. The connection, the transaction, the types, the events and the errors stay SQLAlchemy's.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import BindParameter, Dialect
from sqlalchemy.sql.visitors import iterate

from service.db import session
from service.db.driver import run, run_many
from service.db.types import AnyRow

Fit = Callable[[Any], Any]


@dataclass
class Compiled:
    """A statement as the driver of one database takes it.

    Of each parameter the name and what makes a value fit; `constants` are values of the statement's own; `row` makes
    a row, None where the statement gives none; `made` are the columns whose values are made from the driver's, by
    place, known when the first rows are there.
    """

    sql: str
    named: bool
    parameters: Sequence[tuple[str, Fit | None]]
    constants: Mapping[str, Any]
    columns: Sequence[Any]
    row: Callable[[Iterable[Any]], AnyRow] | None
    made: Sequence[tuple[int, Fit]] | None = None


class Prepared:
    """A statement of SQLAlchemy Core, of tables and not of models, or one for each dialect by its name.

    Its values are given by name. A list that fills an expanding parameter is lengthened to the next power of two by
    its last value, so that there are few forms of one statement.
    """

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self.lists = expanding_in(statement)
        self.compiled: dict[tuple[Any, ...], Compiled] = {}

    def rows(self, values: Mapping[str, Any]) -> list[AnyRow]:
        """Run it: all rows, whose values are had by name and by place. Raises what SQLAlchemy raises."""
        connection = session.connection()
        if self.lists:
            values = {**values, **{name: power_of_two(values[name]) for name in self.lists}}
        compiled = self.compiled_for(connection.dialect, values)
        if self.lists or compiled.constants:
            values = {**compiled.constants, **values}
            for name in self.lists:
                values |= {f"{name}_{place}": value for place, value in enumerate(values[name], 1)}
        given: Any = {name: values[name] if fit is None else fit(values[name]) for name, fit in compiled.parameters}
        if not compiled.named:
            given = tuple(given[name] for name, _ in compiled.parameters)
        cursor, found = run(connection, compiled.sql, given, rows=compiled.row is not None)
        if compiled.row is None:
            return []
        if compiled.made is None:
            compiled.made = columns_made(connection.dialect, compiled.columns, cursor)
        if compiled.made:
            found = [made(row, compiled.made) for row in found]
        return [compiled.row(row) for row in found]

    def many(self, rows: Sequence[Mapping[str, Any]], ready: Collection[str] = ()) -> int:
        """Run a statement that gives nothing for each of the rows, which have the same names; how many it wrote.

        The values of the `ready` names are as the driver takes them (`fitting`). Raises what SQLAlchemy raises.
        """
        if not rows:
            return 0
        connection = session.connection()
        compiled = self.compiled_for(connection.dialect, rows[0])
        fits = [(name, None if name in ready else fit) for name, fit in compiled.parameters]
        full = [{**compiled.constants, **row} for row in rows] if compiled.constants else rows
        given: list[Any]
        if not compiled.named and len(fits) > 1 and not any(fit for _, fit in fits):
            given = list(map(itemgetter(*(name for name, _ in fits)), full))
        elif compiled.named:
            given = [{name: row[name] if fit is None else fit(row[name]) for name, fit in fits} for row in full]
        else:
            given = [tuple([row[name] if fit is None else fit(row[name]) for name, fit in fits]) for row in full]
        return run_many(connection, compiled.sql, given)

    def compiled_for(self, dialect: Dialect, values: Mapping[str, Any]) -> Compiled:
        """The statement for this database, these names and lists of these lengths; compiled once."""
        form = (dialect.name, *values, *(len(values[name]) for name in self.lists))
        compiled = self.compiled.get(form)
        if compiled is None:
            compiled = self.compiled[form] = compile_for(dialect, self.spoken(dialect.name), values)
        return compiled

    def spoken(self, dialect: str) -> Any:
        """The statement for this dialect."""
        return self.statement[dialect] if isinstance(self.statement, Mapping) else self.statement

    def row(self, values: Mapping[str, Any]) -> AnyRow | None:
        """Run it: the first row, None where there is none."""
        found = self.rows(values)
        return found[0] if found else None

    def value(self, values: Mapping[str, Any]) -> Any:
        """Run it: the first value of the first row, None where there is none."""
        found = self.rows(values)
        return found[0][0] if found else None


def fitting(column: Any) -> Fit:
    """What makes a value of a column as the driver of the database in use takes it, also before a transaction."""
    dialect = session.get_bind().dialect
    fit = column.type.dialect_impl(dialect).bind_processor(dialect)
    return fit or (lambda value: value)


def expanding_in(statement: Any) -> Collection[str]:
    """The names of the parameters that lists fill."""
    spoken = statement.values() if isinstance(statement, Mapping) else [statement]
    parts = (part for one in spoken for part in iterate(one))
    return sorted({part.key for part in parts if isinstance(part, BindParameter) and part.expanding})


def power_of_two(values: Collection[Any]) -> Sequence[Any]:
    """The list with its last value repeated until its length is a power of two; an empty one stays empty."""
    listed = list(values)
    return listed + listed[-1:] * ((1 << max(0, len(listed) - 1).bit_length()) - len(listed))


def compile_for(dialect: Dialect, statement: Any, values: Mapping[str, Any]) -> Compiled:
    """The statement for this database and for lists of these lengths."""
    compiled = statement.compile(dialect=dialect, column_keys=list(values) if statement.is_insert else None)
    expanded = compiled.construct_expanded_state(values)
    origins = {name: origin for origin, names in expanded.parameter_expansion.items() for name in names}
    columns = list(statement.exported_columns)
    return Compiled(
        sql=expanded.statement,
        named=not compiled.positional,
        parameters=[
            (name, compiled.binds[origins.get(name, name)].type.dialect_impl(dialect).bind_processor(dialect))
            for name in expanded.positiontup or expanded.parameters
        ],
        constants={
            **{name: value for name, value in expanded.parameters.items() if name not in {*values, *origins}},
            **{column.key: column.default.arg for column in compiled.prefetch},
        },
        columns=columns,
        row=cast("Any", namedtuple("Row", [column.key for column in columns], rename=True))._make if columns else None,
    )


def columns_made(dialect: Dialect, columns: Sequence[Any], cursor: Any) -> Sequence[tuple[int, Fit]]:
    """The places of the columns whose values are not as the driver gives them, each with what makes them."""
    found = []
    for place, (column, described) in enumerate(zip(columns, cursor.description, strict=True)):
        fit = column.type.dialect_impl(dialect).result_processor(dialect, described[1])
        if fit is not None:
            found.append((place, fit))
    return found


def made(row: Sequence[Any], columns: Sequence[tuple[int, Fit]]) -> list[Any]:
    """The row with its values as Python knows them."""
    values = list(row)
    for place, fit in columns:
        values[place] = fit(values[place])
    return values
