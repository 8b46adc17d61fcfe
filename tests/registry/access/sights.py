"""What a caller sees, worked out apart from the Registry: from rows, by the pure decision."""

import sqlalchemy as sa

from registry.access.facts import read_facts
from registry.ledger import tables as t
from registry.ledger.api import Kind
from registry.ledger.rows import TABLES
from registry.records.model import unchosen
from xds.access.decide import decide
from xds.access.model import Permit, Resource
from xds.metadata import vocabulary as v


class Naive:
    """Which objects of a ledger one caller sees, by going over all of them again and again."""

    def __init__(self, engine, records, *, caller, action, policy, instant):
        self.asked = (caller, action, policy, instant)
        self.records = records
        with engine.connect() as connection:
            self.rows = {
                row["entry_uuid"]: {**row, "kind": kind}
                for kind, table in TABLES.items()
                for row in connection.execute(sa.select(table)).mappings()
            }

    def seen(self) -> set[str]:
        documents = {u for u, row in self.rows.items() if self._is(row, Kind.DOCUMENT_ENTRY)}
        seen = {u for u in documents if self._may_document(self.rows[u])}
        folders = {u for u, row in self.rows.items() if self._is(row, Kind.FOLDER)}
        seen |= {u for u in folders if self._may_package(u, seen)}
        links = {u for u, row in self.rows.items() if self._is(row, Kind.ASSOCIATION)}
        sets = {u for u, row in self.rows.items() if self._is(row, Kind.SUBMISSION_SET)}
        plain = {u for u in links if not self._ends(u) & sets}
        seen |= {u for u in plain if self._ends(u) <= seen}
        # What a SubmissionSet holds is judged without the SubmissionSet itself.
        within = {u for u in links - plain if self._ends(u) - sets <= seen}
        seen |= {u for u in sets if self._may_package(u, seen | within)}
        return seen | {u for u in links - plain if self._ends(u) <= seen}

    def _may_document(self, row) -> bool:
        return self._may(row["patient_id"], read_facts(row["access"], row["status"]))

    def _may_package(self, uuid, seen) -> bool:
        own = self.rows[uuid]["patient_id"]
        members = [
            row["target"]
            for row in self.rows.values()
            if self._is(row, Kind.ASSOCIATION)
            and row["association_type"] == v.HAS_MEMBER
            and row["source"] == uuid
        ]
        if any(m in seen and self.rows[m]["patient_id"] == own for m in members):
            return True
        return self._may(own, None) and all(m in seen for m in members)

    def _may(self, patient_id, document) -> bool:
        caller, action, policy, instant = self.asked
        record = self.records.get(patient_id) or unchosen(patient_id, policy)
        resource = Resource(patient_id=patient_id, document=document)
        decision = decide(caller, record.choices(), resource, action, policy, instant)
        return isinstance(decision, Permit)

    def _ends(self, uuid) -> set[str]:
        return {self.rows[uuid]["source"], self.rows[uuid]["target"]}

    @staticmethod
    def _is(row, kind) -> bool:
        return row["kind"] is kind


def write_access(engine, access_of) -> None:
    """Give each document facts of its own, whatever its metadata say."""
    entries = t.document_entries
    with engine.begin() as connection:
        uuids = connection.execute(sa.select(entries.c.entry_uuid).order_by(entries.c.seq))
        for number, uuid in enumerate(uuids.scalars().all()):
            connection.execute(
                sa.update(entries)
                .where(entries.c.entry_uuid == uuid)
                .values(access=access_of(number))
            )
