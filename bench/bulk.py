"""`python -m bench.bulk URL DOCUMENTS`: fills an empty ledger with so many documents, in minutes.

Fifty documents a patient, in submissions of one to five; every fourth submission of every second
patient makes a Folder. Patients take turns, as in life: the documents of one lie far apart. The
rows are the Registry's own (`bench.mould`). Nothing is durable before it ends: indexes are made
last, and SQLite's journal is off meanwhile.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from bench.mould import Mould, Row, mould_of, patient_named
from registry.ledger.engine import migrate, open_engine
from xds.domain import AffinityDomain, load_domain
from xds.metadata.hl7v2 import cx_key

EACH: Final = 50
"""Documents of a patient."""
SIZES: Final = (5, 1, 4, 2, 3) * 3 + (5,)
"""Documents of a patient's submissions: fifty in all."""
VARIANTS: Final = 8
BATCH: Final = 500
"""Submissions in one transaction's portion."""
LOADING: Final = (
    "PRAGMA journal_mode=DELETE",
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA cache_size=-1500000",
    "PRAGMA temp_store=FILE",
    "PRAGMA threads=2",
)
IS_FILLED: Final = "SELECT seq FROM submission_sets LIMIT 1"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One of the submissions: which mould, and what its blanks are filled from."""

    patient: str
    documents: int
    variant: int
    with_folder: bool
    seed: int

    def mould(self, domain: AffinityDomain) -> Mould:
        """Return its mould, made once for all of its kind."""
        return _mould(domain.name, self.documents, self.variant, self.with_folder)

    def values(self, domain: AffinityDomain) -> list[str]:
        """Return what fills the blanks; always the same."""
        return self.mould(domain).values(self.patient, random.Random(self.seed))


def submissions(documents: int) -> Iterator[Submission]:
    """Yield all submissions, one of each patient in turn."""
    patients = names_of_patients(documents)
    for turn, size in enumerate(SIZES):
        for number, patient in enumerate(patients):
            yield Submission(
                patient=patient,
                documents=size,
                variant=(turn + number) % VARIANTS,
                with_folder=turn % 4 == 0 and number % 2 == 0,
                seed=number * len(SIZES) + turn,
            )


def names_of_patients(documents: int) -> list[str]:
    """Return the patients' numbers. Errors: ValueError when documents are not fifty for each."""
    if documents < EACH or documents % EACH:
        raise ValueError(f"{documents} is no multiple of {EACH}")
    return [f"BULK-{number:07d}" for number in range(documents // EACH)]


@cache
def _mould(domain: str, documents: int, variant: int, with_folder: bool) -> Mould:  # noqa: FBT001
    return mould_of(
        load_domain(domain), documents=documents, variant=variant, with_folder=with_folder
    )


def load(url: str, documents: int, tell: Tell) -> None:
    """Fill an empty ledger, whose schema is made. Errors: ValueError when it is not empty."""
    patients = [(cx_key(patient_named(n)), "20150101000000") for n in names_of_patients(documents)]
    engine = open_engine(url)
    migrate(engine)
    started = time.monotonic()
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            loading = _Sqlite(raw) if engine.dialect.name == "sqlite" else _Postgresql(raw)
            if loading.all(IS_FILLED):
                raise ValueError("this ledger holds something already")
            loading.begin()
            loading.insert("patients", ("patient_id", "known_since"), patients)
            _fill(loading, documents, tell)
            connection.invalidate()  # closes it: the Registry's have other settings
    finally:
        engine.dispose()
    tell(f"{documents:,} documents in {time.monotonic() - started:,.0f} s")


def _fill(loading: "_Sqlite | _Postgresql", documents: int, tell: Tell) -> None:
    """Insert all rows, without indexes, then make these again."""
    domain, started = load_domain("ihe"), time.monotonic()
    dropped = loading.drop_indexes()
    done, every = 0, submissions(documents)
    while some := [*islice(every, BATCH)]:
        for (table, columns), rows in _rows(some, domain).items():
            loading.insert(table, columns, rows)
        done += sum(one.documents for one in some)
        tell(f"{done:,} of {documents:,} documents, {done / (time.monotonic() - started):,.0f}/s")
    for statement in dropped:
        tell(statement)
        loading.run(statement)
    loading.finish()


def _rows(
    some: Iterable[Submission], domain: AffinityDomain
) -> dict[tuple[str, tuple[str, ...]], list[Row]]:
    """Return the rows of these submissions, by table and columns."""
    rows: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for one in some:
        for insert, made in one.mould(domain).cast(one.values(domain)):
            rows.setdefault((insert.table, insert.columns), []).extend(made)
    return rows


class _Sqlite:
    """A load over a connection of `sqlite3`."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def begin(self) -> None:
        for pragma in LOADING:
            self._raw.execute(pragma)
        self._raw.execute("BEGIN")

    def insert(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        marks = ",".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})"  # noqa: S608
        self._raw.executemany(statement, rows)

    def drop_indexes(self) -> list[str]:
        found = self.all("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
        for name, _ in found:
            self.run(f'DROP INDEX "{name}"')
        return [sql for _, sql in found]

    def run(self, statement: str) -> None:
        self._raw.execute(statement)

    def all(self, statement: str) -> list[Row]:
        return list(self._raw.execute(statement).fetchall())

    def finish(self) -> None:
        """Commit, and leave the ledger as the Registry does, which never runs ANALYZE."""
        self._raw.execute("COMMIT")
        self._raw.execute("PRAGMA journal_mode=WAL")


class _Postgresql:
    """A load over a connection of psycopg, in one transaction."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def begin(self) -> None:
        self.run("SET maintenance_work_mem = '512MB'")

    def insert(self, table: str, columns: tuple[str, ...], rows: list[Row]) -> None:
        with (
            self._raw.cursor() as cursor,
            cursor.copy(f"COPY {table} ({','.join(columns)}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def drop_indexes(self) -> list[str]:
        found = self.all(
            "SELECT i.indexname, i.indexdef FROM pg_indexes AS i LEFT JOIN pg_constraint AS c "
            "ON c.conname = i.indexname WHERE i.schemaname = current_schema() "
            "AND c.conname IS NULL AND i.tablename <> 'alembic_version'"
        )
        for name, _ in found:
            self.run(f'DROP INDEX "{name}"')
        return [definition for _, definition in found]

    def run(self, statement: str) -> None:
        self._raw.execute(statement)

    def all(self, statement: str) -> list[Row]:
        return list(self._raw.execute(statement).fetchall())

    def finish(self) -> None:
        """Commit, and do what autovacuum would soon have done."""
        self._raw.commit()
        self._raw.autocommit = True
        self.run("VACUUM (ANALYZE)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill the ledger that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=__doc__)
    parser.add_argument("url", help="of an empty ledger, as `database_url` of greffe.toml")
    parser.add_argument("documents", type=int, help=f"a multiple of {EACH}")
    options = parser.parse_args(arguments)
    try:
        load(options.url, options.documents, every_second())
    except ValueError as error:
        parser.error(str(error))
    return 0


def every_second() -> Tell:
    """Return what shows progress on standard error, a line at most every second."""
    last = 0.0

    def tell(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= 1 or " in " in text:
            last = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    sys.exit(main())
