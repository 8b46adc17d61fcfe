"""The part of a link change that reads and writes the ledger; inside one transaction of it.

A link change names patients, and not the documents that it moves nor who else refers to them. So a
look at these comes first, which says whom the write concerns, and the write makes sure of it.

Spec: ITI TF-2 §3.64.4.1.3.
"""

from datetime import datetime

from registry.ledger.api import (
    Columns,
    Kind,
    Known,
    Reader,
    Select,
    Touches,
    Unit,
    Wanted,
)
from registry.patients.changes import Changed, LinkChange
from registry.patients.link import LinkFacts, concerned, is_place, locals_of, warnings_of
from registry.patients.link_plan import NewUuid, make_plan
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.hl7v2 import cx_key


class OutdatedError(Exception):
    """Something else is concerned than the look before the write had found."""


def touched_by(reader: Reader, change: LinkChange) -> Wanted:
    """Return what a link change will touch: documents, and the patients who refer to them."""
    patients = patients_of(change)
    documents = reader.select(
        Select(
            kind=Kind.DOCUMENT_ENTRY,
            where=(
                Columns(column="patient_id", values=tuple(sorted(patients))),
                Columns(column="source_patient_id", values=tuple(sorted(locals_of(change)))),
            ),
        )
    )
    uuids = tuple(sorted(d.entry_uuid for d in documents))
    touching = (
        reader.select(
            Select(kind=Kind.ASSOCIATION, where=(Touches(side="target", entry_uuids=uuids),))
        )
        if uuids
        else []
    )
    return Wanted(
        patient_ids=patients | {a.patient_id for a in touching}, entry_uuids=frozenset(uuids)
    )


def patients_of(change: LinkChange) -> frozenset[str]:
    """Return the keys of both patients."""
    return frozenset({cx_key(change.new_patient_id), cx_key(change.previous_patient_id)})


def link(  # noqa: PLR0913 - what a write needs
    change: LinkChange,
    unit: Unit,
    held: Wanted,
    *,
    content_type: Code,
    instant: datetime,
    new_uuid: NewUuid,
) -> Changed:
    """Carry out a link change that has passed the rules. Errors: OutdatedError."""
    facts = _facts(change, unit, held)
    warnings = tuple(warnings_of(facts))
    if not facts.documents:
        return Changed(warnings=warnings)
    planned = make_plan(
        facts,
        content_type=content_type,
        instant=f"{instant:%Y%m%d%H%M%S}",
        new_uuid=new_uuid,
    )
    unit.apply(planned.plan)
    return Changed(
        warnings=warnings,
        documents=tuple(d.unique_id for d in facts.documents),
        submission_set=planned.unique_id,
        submission_set_uuid=planned.entry_uuid,
    )


def _facts(change: LinkChange, unit: Unit, held: Wanted) -> LinkFacts:
    documents = concerned(change, unit.documents_of(patients_of(change), locals_of(change)))
    uuids = frozenset(d.entry_uuid for d in documents)
    if not uuids <= held.entry_uuids:
        raise OutdatedError
    known = unit.look_up(Wanted(touching=uuids))
    folders = _folders(known, uuids)
    known = unit.look_up(Wanted(touching=uuids | folders))
    of_documents = [a for a in known.associations if {a.source, a.target} & uuids]
    if not {a.patient_id for a in of_documents if a.target in uuids} <= held.patient_ids:
        raise OutdatedError
    approved = {a.entry_uuid for a in of_documents if a.status == v.APPROVED}
    return LinkFacts(
        change=change,
        documents=documents,
        known=known,
        whole=unit.objects(uuids | folders | approved),
    )


def _folders(known: Known, documents: frozenset[str]) -> frozenset[str]:
    """Return the Folders in use that hold one of the documents."""
    return frozenset(
        a.source for a in known.associations if a.target in documents and is_place(a, known)
    )
