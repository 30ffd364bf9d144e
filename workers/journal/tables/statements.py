"""Statements of many rows: an insert, and an update that gives each row values of its own.

A statement for each row would, in SQLite, give Python's global lock away and wait for it once a
row.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    Table,
    Text,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import Dialect

from comethooks.workers.journal.tables.columns import Instant, instant_in
from comethooks.workers.journal.tables.rows import Row
from comethooks.workers.texts import dumps

Item = TypeVar("Item")

Statement = tuple[str, tuple[Any, ...]]
"""SQL, and its parameters."""

INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
"""An insert that can say what is to become of rows that are there already, by the dialect."""
_DIALECT: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}
"""For compiling only: parameters by position, so that the values of a row can be repeated."""
_PLACE = {"sqlite": "?", "postgresql": "%s"}
_ROWS = 200
"""Rows of one statement in which each value is a parameter; SQLite takes 32,766 of these."""
_ROWS_OF_ARRAYS = 2_000
"""Rows of one statement that is given a list for each column."""


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """`items` in pieces of `size`, the last one shorter."""
    return (items[start : start + size] for start in range(0, len(items), size))


def among(
    connection: Connection, column: ColumnElement[str], texts: Collection[str]
) -> ColumnElement[bool]:
    """The condition that `column` is one of many texts, which are one parameter: a statement of
    thousands of them takes longer to write, to send and to read than to execute.
    """
    if connection.dialect.name == "postgresql":
        given = literal(list(texts), postgresql.ARRAY(Text))
        return column == func.any(given)
    each = func.json_each(literal(dumps(list(texts)).decode())).table_valued("value")
    return column.in_(select(each.c.value))


def locked(connection: Connection, table: Table, key: Row, new: Row) -> Any:
    """The row of `table` with this key, made with what is `new` beside it if it is not there:
    nobody else has it until the transaction ends.
    """
    same = (table.c[name] == value for name, value in key.items())
    query = select(table).where(*same).with_for_update()
    found = connection.execute(query).one_or_none()
    if found is None:
        # Who makes it at the same time is waited for, and then found.
        statement = INSERT[connection.dialect.name](table).on_conflict_do_nothing()
        connection.execute(statement, {**key, **new})
        found = connection.execute(query).one()
    return found


def run(connection: Connection, statements: Sequence[Statement]) -> int:
    """Execute statements that were prepared; how many rows they wrote."""
    written = 0
    for sql, parameters in statements:
        written += connection.exec_driver_sql(sql, parameters).rowcount
    return written


class InsertMany:
    """An insert into `columns` of `table`. `name`: the dialect. It leaves alone what is there, or
    adds to the column `adding` of it.
    """

    def __init__(
        self, name: str, table: Table, columns: Collection[str], *, adding: str | None = None
    ) -> None:
        key = [column.name for column in table.primary_key]
        self._sort_key = itemgetter(*key)
        self._returning = f" RETURNING {', '.join(key)}"
        self._rows = _Rows(table, columns)
        statement = INSERT[name](table)
        if adding is None:
            statement = statement.on_conflict_do_nothing(index_elements=key)
        else:
            total = table.c[adding] + statement.excluded[adding]
            statement = statement.on_conflict_do_update(index_elements=key, set_={adding: total})
        single = str(statement.compile(dialect=_DIALECT[name], column_keys=columns))
        start, end = single.index("VALUES "), single.index(" ON CONFLICT")
        self._head, self._tail = single[:start], single[end:]
        self._values = single[start + len("VALUES ") : end]
        # The driver reads each statement for its parameters, and does not know one of thousands of
        # them again: a list for each column is a third of the work, for PostgreSQL, too.
        self._lists = _lists(table, columns) if name == "postgresql" else None

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Write `rows`; of two with the same key the later one."""
        run(connection, self.prepare(connection.dialect, rows))

    def execute_returning(
        self, connection: Connection, rows: Sequence[Row]
    ) -> list[tuple[Any, ...]]:
        """Write `rows` likewise, and say the keys of those that were not there."""
        return self.run_returning(connection, self.prepare(connection.dialect, rows))

    def run_returning(
        self, connection: Connection, statements: Sequence[Statement]
    ) -> list[tuple[Any, ...]]:
        """Execute statements that were prepared here, and say the keys of the rows that were not
        there.
        """
        found: list[tuple[Any, ...]] = []
        for sql, parameters in statements:
            found += map(tuple, connection.exec_driver_sql(sql + self._returning, parameters))
        return found

    def prepare(self, dialect: Dialect, rows: Sequence[Row]) -> list[Statement]:
        """The statements that write `rows`; of two with the same key the later one."""
        # Sorted, in all processes alike, so that no two transactions wait for each other's rows.
        by_key = {self._sort_key(row): row for row in rows}
        ordered = [by_key[key] for key in sorted(by_key)]
        if self._lists is not None:
            sql = f"{self._head}{self._lists}{self._tail}"
            return [
                (sql, self._rows.columns(dialect, chunk))
                for chunk in chunks(ordered, _ROWS_OF_ARRAYS)
            ]
        return [
            (
                f"{self._head}VALUES {', '.join([self._values] * len(chunk))}{self._tail}",
                self._rows.parameters(dialect, chunk),
            )
            for chunk in chunks(ordered, _ROWS)
        ]


class UpdateEach:
    """An update of `columns` of `table` in rows with given keys, where `condition` holds.

    `condition` and `also`, more assignments, are SQL; the first has a `?` for each argument of
    `execute`.
    """

    def __init__(
        self, name: str, table: Table, columns: Collection[str], also: str, condition: str
    ) -> None:
        key = [column.name for column in table.primary_key]
        self._rows = _Rows(table, [*key, *columns])
        # Both databases call the columns of a list of values column1, column2, …
        given = {
            column: f"given.column{number}" for number, column in enumerate([*key, *columns], 1)
        }
        changes = [f"{column} = {_typed(name, table, column, given[column])}" for column in columns]
        found = [f"{table.name}.{column} = {given[column]}" for column in key]
        place = _PLACE[name]
        self._head = f"UPDATE {table.name} SET {', '.join([*changes, also])} FROM (VALUES "
        self._values = f"({', '.join([place] * len(given))})"
        self._tail = f") AS given WHERE {' AND '.join(found)} AND {condition.replace('?', place)}"

    def execute(self, connection: Connection, rows: Sequence[Row], arguments: Sequence[Any]) -> int:
        """Change what there is of `rows`, and say how many that were."""
        changed = 0
        for chunk in chunks(rows, _ROWS):
            sql = self._head + ", ".join([self._values] * len(chunk)) + self._tail
            parameters = self._rows.parameters(connection.dialect, chunk)
            changed += connection.exec_driver_sql(sql, (*parameters, *arguments)).rowcount
        return changed


class _Rows:
    """Rows as the parameters of a statement, one after the other."""

    def __init__(self, table: Table, columns: Collection[str]) -> None:
        self._values_of = itemgetter(*columns)
        self._instants = [name for name in columns if isinstance(table.c[name].type, Instant)]

    def parameters(self, dialect: Dialect, rows: Sequence[Row]) -> tuple[Any, ...]:
        return tuple(chain.from_iterable(self._values(dialect, rows)))

    def columns(self, dialect: Dialect, rows: Sequence[Row]) -> tuple[list[Any], ...]:
        """A list for each column."""
        return tuple(map(list, zip(*self._values(dialect, rows), strict=True)))

    def _values(self, dialect: Dialect, rows: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
        to_sql = instant_in(dialect)
        for name in self._instants:
            for row in rows:
                if (value := row[name]) is not None:
                    row[name] = to_sql(value)
        return map(self._values_of, rows)


def _lists(table: Table, columns: Collection[str]) -> str:
    """The rows of an insert into PostgreSQL, of a list for each column."""
    kinds = (table.c[column].type for column in columns)
    # Of text, since the database checks lengths and knows collations where it writes.
    types = (
        "text" if isinstance(kind, String) else kind.compile(_DIALECT["postgresql"])
        for kind in kinds
    )
    return f"SELECT * FROM unnest({', '.join(f'%b::{each}[]' for each in types)})"


def _typed(name: str, table: Table, column: str, value: str) -> str:
    # PostgreSQL takes a column of values that are all NULL for text. SQLite has no such types to
    # cast to.
    kind = table.c[column].type
    if name == "sqlite" or not isinstance(kind, Instant | BigInteger):
        return value
    return f"CAST({value} AS {kind.compile(_DIALECT[name])})"
