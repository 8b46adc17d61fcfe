"""One submission whole or not at all: look up what it touches, check outside, apply, commit.

Theory. The work of a submission (look up, rules, plan, apply) runs inside the write transaction,
so that what was looked up is still true when it is applied. On SQLite submissions that arrive
together share one transaction and one fsync, each in its savepoint: whoever holds the lead runs
the work of all that wait (group commit). On PostgreSQL each has its own transaction and holds
advisory locks on what it touches. Both return to a caller only when its own work is durable.

Spec: ITI TF-2 §3.42.4.1.3.1 (atomicity).
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from registry.ledger import tables as t
from registry.ledger.api import Kind, Known, KnownAssociation, KnownObject, Plan, Unit, Wanted
from registry.ledger.engine import WRITES, lock, translating
from registry.ledger.fragments import with_last_update_time, with_patient_id, with_status
from registry.ledger.lists import MAX_LIST, rows_in
from registry.ledger.reading import SqlReader
from registry.ledger.recorded import people_of_record, row_of_record
from registry.ledger.rows import TABLES, Row, rows_of
from registry.ledger.statements import Statements
from registry.records.model import Record
from xds.ebrim.reader import read_fragment
from xds.metadata import vocabulary as v
from xds.metadata.rim import RimObject

T = TypeVar("T")
CHILDREN: Final = (v.APPEND, v.TRANSFORM)
MAX_GROUP: Final = 32
MAX_REWRITTEN: Final = 500
"""Fragments of a merged patient that are held at a time."""
INSERTS: Final = {table: sa.insert(table) for table in t.metadata.tables.values()}
OBJECT_COLUMNS: Final = {
    kind: tuple(c for c in table.c if c.name in KnownObject.__dataclass_fields__)
    for kind, table in TABLES.items()
}
ASSOCIATION_COLUMNS: Final = tuple(
    t.associations.c[name] for name in KnownAssociation.__dataclass_fields__
)


class SqlUnit:
    """`registry.ledger.api.Unit` over one connection."""

    def __init__(self, connection: Connection, statements: Statements) -> None:
        """Work through this connection, with the statements of its database."""
        self._connection = connection
        self.reader = SqlReader(connection, statements)

    @property
    def connection(self) -> Connection:
        """The transaction's connection, for the ledger's own tables beside the metadata."""
        return self._connection

    def look_up(self, wanted: Wanted) -> Known:
        """Return what is known of what a submission refers to."""
        associations = self._associations(wanted)
        ends = {a.source for a in associations} | {a.target for a in associations}
        uuids = wanted.entry_uuids | wanted.touching | ends
        by_uuid = {o.entry_uuid: o for o in self._objects("entry_uuid", uuids)}
        by_unique_id: dict[str, tuple[KnownObject, ...]] = {}
        for known in self._objects("unique_id", wanted.unique_ids):
            by_unique_id[known.unique_id] = (*by_unique_id.get(known.unique_id, ()), known)
        by_logical_id: dict[str, tuple[KnownObject, ...]] = {}
        versions = self._objects("logical_id", wanted.logical_ids)
        for known in sorted(versions, key=lambda known: known.version):
            by_logical_id[known.logical_id] = (*by_logical_id.get(known.logical_id, ()), known)
        patients = self._rows(
            t.patients.c.patient_id,
            wanted.patient_ids,
            (t.patients.c.patient_id, t.patients.c.merged_into),
        )
        return Known(
            patient_ids=frozenset(p.patient_id for p in patients if not p.merged_into),
            merged={p.patient_id: p.merged_into for p in patients if p.merged_into},
            by_uuid=by_uuid,
            by_unique_id=by_unique_id,
            by_logical_id=by_logical_id,
            associations=tuple(associations),
        )

    def objects(self, entry_uuids: Iterable[str]) -> dict[str, RimObject]:
        """Return registered objects whole, by entryUUID; one that is unknown is left out."""
        wanted = frozenset(entry_uuids)
        return {
            row.entry_uuid: read_fragment(row.fragment)
            for table in TABLES.values()
            for row in self._rows(
                table.c.entry_uuid, wanted, (table.c.entry_uuid, table.c.fragment)
            )
        }

    def documents_of(
        self, patient_ids: frozenset[str], source_patient_ids: frozenset[str]
    ) -> tuple[KnownObject, ...]:
        """Return all versions of the DocumentEntries of these patients and sourcePatientIds."""
        entries = t.document_entries
        statement = (
            sa.select(*OBJECT_COLUMNS[Kind.DOCUMENT_ENTRY])
            .where(
                entries.c.patient_id.in_(sorted(patient_ids)),
                entries.c.source_patient_id.in_(sorted(source_patient_ids)),
            )
            .order_by(entries.c.seq)
        )
        return tuple(
            KnownObject(kind=Kind.DOCUMENT_ENTRY, **row._asdict())
            for row in self._connection.execute(statement)
        )

    def apply(self, plan: Plan) -> None:
        """Do what the plan says."""
        self._remove(plan.remove)
        for table, values in rows_of(plan).by_table.items():
            self._connection.execute(INSERTS[table], values)
            if table is t.document_entries:
                self._decide_alike(values)
        for entry_uuid, status in sorted(plan.statuses.items()):
            self._change_status(entry_uuid, status)
        for entry_uuid in sorted(plan.touch_folders):
            self._touch_folder(entry_uuid, plan.instant)

    def add_patient(self, patient_id: str, instant: str) -> None:
        """Make a patient known who is not."""
        row = {"patient_id": patient_id, "known_since": instant}
        self._connection.execute(INSERTS[t.patients], row)

    def save_record(self, record: Record) -> None:
        """Keep a record in place of what was kept of it."""
        self._forget_record(record.patient_id)
        self._connection.execute(INSERTS[t.records], row_of_record(record))
        if people := people_of_record(record):
            self._connection.execute(INSERTS[t.record_people], people)

    def _forget_record(self, patient_id: str) -> None:
        for table in (t.records, t.record_people):
            self._connection.execute(sa.delete(table).where(table.c.patient_id == patient_id))

    def merge_patient(self, subsumed: str, survivor: str) -> None:
        """Give the survivor all that is the subsumed patient's, and end the latter's use."""
        patients, associations = t.patients, t.associations
        self._connection.execute(
            sa.update(patients)
            .where(patients.c.patient_id == subsumed)
            .values(merged_into=survivor)
        )
        self._connection.execute(
            sa.update(associations)  # which name no patient in their fragments
            .where(associations.c.patient_id == subsumed)
            .values(patient_id=survivor)
        )
        for table in (t.submission_sets, t.document_entries, t.folders):
            self._give_all(table, subsumed, survivor)
        self._forget_record(subsumed)

    def _give_all(self, table: sa.Table, subsumed: str, survivor: str) -> None:
        """Change patient and fragment of all objects of a patient, some at a time."""
        some = (
            sa.select(table.c.seq, table.c.entry_uuid, table.c.fragment)
            .where(table.c.patient_id == subsumed)
            .limit(MAX_REWRITTEN)
        )
        change = (
            sa.update(table)
            .where(table.c.seq == sa.bindparam("of"))
            .values(patient_id=survivor, fragment=sa.bindparam("changed"))
        )
        while rows := self._connection.execute(some).all():
            changes = [
                {"of": r.seq, "changed": with_patient_id(r.fragment, survivor)} for r in rows
            ]
            self._connection.execute(change, changes)
            owners = [row.entry_uuid for row in rows]
            for inner in (t.codes, t.authors):
                self._connection.execute(
                    sa.update(inner)
                    .where(inner.c.entry_uuid.in_(owners))
                    .values(patient_id=survivor)
                )

    def _remove(self, entry_uuids: frozenset[str]) -> None:
        ordered = sorted(entry_uuids)
        for start in range(0, len(ordered), MAX_LIST):
            portion = ordered[start : start + MAX_LIST]
            for table in (t.codes, t.authors, *TABLES.values()):
                self._connection.execute(sa.delete(table).where(table.c.entry_uuid.in_(portion)))

    def _decide_alike(self, entries: list[Row]) -> None:
        """Let versions before a new one be seen by whoever sees it: what is masked now was not."""
        before = t.document_entries
        later = [{"of": e["logical_id"], "now": e["access"]} for e in entries if e["version"] > 1]
        if later:
            statement = sa.update(before).where(before.c.logical_id == sa.bindparam("of"))
            self._connection.execute(statement.values(access=sa.bindparam("now")), later)

    def _change_status(self, entry_uuid: str, status: str) -> None:
        for table in TABLES.values():
            fragment = self._fragment(table, entry_uuid)
            if fragment is not None:
                self._update(
                    table, entry_uuid, status=status, fragment=with_status(fragment, status)
                )
                return

    def _touch_folder(self, entry_uuid: str, instant: str) -> None:
        fragment = self._fragment(t.folders, entry_uuid)
        if fragment is not None:
            self._update(
                t.folders,
                entry_uuid,
                last_update_time=instant,
                fragment=with_last_update_time(fragment, instant),
            )

    def _fragment(self, table: sa.Table, entry_uuid: str) -> bytes | None:
        statement = sa.select(table.c.fragment).where(table.c.entry_uuid == entry_uuid)
        found: bytes | None = self._connection.execute(statement).scalar_one_or_none()
        return found

    def _update(self, table: sa.Table, entry_uuid: str, **values: object) -> None:
        statement = sa.update(table).where(table.c.entry_uuid == entry_uuid).values(**values)
        self._connection.execute(statement)

    def _objects(self, column: str, values: frozenset[str]) -> Iterable[KnownObject]:
        for kind, table in TABLES.items():
            if column not in table.c or not values:
                continue
            for row in self._rows(table.c[column], values, OBJECT_COLUMNS[kind]):
                yield KnownObject(kind=kind, **row._asdict())

    def _associations(self, wanted: Wanted) -> list[KnownAssociation]:
        """Return what points at these objects, and what leads on from documents to children."""
        leading = self._rows(t.associations.c.source, wanted.touching, ASSOCIATION_COLUMNS)
        found = {row.entry_uuid: KnownAssociation(**row._asdict()) for row in leading}
        todo = set(wanted.entry_uuids | wanted.touching)
        seen = set(todo)
        while todo:
            rows = self._rows(t.associations.c.target, frozenset(todo), ASSOCIATION_COLUMNS)
            todo = set()
            for row in rows:
                known = KnownAssociation(**row._asdict())
                found[known.entry_uuid] = known
                if known.association_type in CHILDREN and known.source not in seen:
                    todo.add(known.source)
            seen |= todo
        return list(found.values())

    def _rows(
        self, column: sa.Column[Any], values: frozenset[str], columns: tuple[sa.Column[Any], ...]
    ) -> list[Any]:
        return rows_in(self._connection, column, values, columns)


class _Job:
    """One caller's work, waiting for its group."""

    def __init__(self, work: Callable[[Unit], Any]) -> None:
        self.work = work
        self.is_done = False
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self, unit: Unit) -> None:
        self.result = self.work(unit)


class GroupWriter:
    """SQLite's single writer: the work of callers that wait together is committed together."""

    def __init__(self, engine: Engine, statements: Statements) -> None:
        """Write through this engine, with the statements of its database."""
        self._engine = engine
        self._statements = statements
        self._waiting: deque[_Job] = deque()
        self._leading = threading.Lock()

    def write(self, _wanted: Wanted, work: Callable[[Unit], T]) -> T:
        """Return the work's result when it is durable; its exception if it raised one."""
        job = _Job(work)
        self._waiting.append(job)
        with self._leading:
            while not job.is_done:
                self._lead()
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _lead(self) -> None:
        """Run and commit the work of all that wait."""
        group: list[_Job] = []
        while self._waiting and len(group) < MAX_GROUP:
            group.append(self._waiting.popleft())
        try:
            with (
                translating(),
                self._engine.connect().execution_options(**{WRITES: True}) as connection,
                connection.begin(),
            ):
                for job in group:
                    self._run(connection, job)
        except Exception as error:  # noqa: BLE001 - raised again in the thread of each caller
            self._fail(group, error)
        except BaseException:  # the leader is being stopped, the others are not
            self._fail(group, RuntimeError("the thread that led this group was stopped"))
            raise
        finally:
            for job in group:
                job.is_done = True

    def _run(self, connection: Connection, job: _Job) -> None:
        """Run one job in its savepoint; only its own changes go when it fails."""
        savepoint = connection.begin_nested()
        try:
            job.run(SqlUnit(connection, self._statements))
        except sa.exc.OperationalError:
            raise  # the whole transaction is lost, and SQLite may have ended it already
        except Exception as error:  # noqa: BLE001 - raised again in the caller's own thread
            savepoint.rollback()
            job.error = error
        else:
            savepoint.commit()

    @staticmethod
    def _fail(group: list[_Job], error: BaseException) -> None:
        for job in group:
            if job.error is None:
                job.error = error


class LockingWriter:
    """PostgreSQL: a transaction for each, with locks on what it touches."""

    def __init__(self, engine: Engine, statements: Statements) -> None:
        """Write through this engine, with the statements of its database."""
        self._engine = engine
        self._statements = statements

    def write(self, wanted: Wanted, work: Callable[[Unit], T]) -> T:
        """Return the work's result when it is durable; its exception if it raised one."""
        with translating(), self._engine.begin() as connection:
            lock(connection, _names(wanted))
            return work(SqlUnit(connection, self._statements))


def _names(wanted: Wanted) -> frozenset[str]:
    """Return what a write holds against all others."""
    return (
        wanted.patient_ids
        | wanted.unique_ids
        | wanted.entry_uuids
        | wanted.logical_ids
        | wanted.touching
    )
