"""From finished objects to rows: what queries filter by, and the fragment itself.

Spec: ITI TF-2 §3.18.4.1.2.3.7; ITI TF-3 §4.2.3. Times keep only what sorts: 14 digits, '' when
absent.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from registry.access.facts import NOBODY, Depositor, write_facts
from registry.ledger import tables as t
from registry.ledger.api import Kind, Plan
from xds.ebrim.writer import write_object
from xds.metadata import vocabulary as v
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.datatype import DatatypeError
from xds.metadata.dtm import parse_dtm
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import RimObject
from xds.metadata.views import (
    is_marked,
    read_association,
    read_document_entry,
    read_folder,
    read_submission_set,
)

Row = dict[str, Any]
TABLES: Final = {
    Kind.SUBMISSION_SET: t.submission_sets,
    Kind.DOCUMENT_ENTRY: t.document_entries,
    Kind.FOLDER: t.folders,
    Kind.ASSOCIATION: t.associations,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by table, in the order in which they are inserted."""

    by_table: dict[sa.Table, list[Row]] = field(default_factory=dict)

    def add(self, table: sa.Table, row: Row) -> None:
        """Append a row."""
        self.by_table.setdefault(table, []).append(row)


def kind_of(rim: RimObject) -> Kind:
    """Return what an object is. Errors: ValueError for an object that is not registered as such."""
    if rim.tag == "ExtrinsicObject":
        return Kind.DOCUMENT_ENTRY
    if rim.tag == "Association":
        return Kind.ASSOCIATION
    if rim.tag == "RegistryPackage" and is_marked(rim, v.SUBMISSION_SET_NODE):
        return Kind.SUBMISSION_SET
    if rim.tag == "RegistryPackage" and is_marked(rim, v.FOLDER_NODE):
        return Kind.FOLDER
    raise ValueError(f"{rim.tag} is no object of the ledger")


def rows_of(plan: Plan) -> Rows:
    """Return the rows of a submission; its Associations are the SubmissionSet's patient's.

    But for those that the plan gives another owner.
    """
    rows = Rows()
    sets = [o for o in plan.add if kind_of(o) is Kind.SUBMISSION_SET]
    patient_id = cx_key(read_submission_set(sets[0]).patient_id) if sets else ""
    for rim in plan.add:
        kind = kind_of(rim)
        common: Row = {
            "entry_uuid": rim.id,
            "logical_id": rim.attribute("lid") or rim.id,
            "version": _version(rim),
            "status": rim.attribute("status") or "",
            "home": rim.attribute("home") or "",
            "fragment": write_object(rim),
        }
        if kind is Kind.DOCUMENT_ENTRY:
            depositor = plan.depositors.get(rim.id, plan.depositors.get("", NOBODY))
            _document_entry(rows, rim, common, depositor)
        elif kind is Kind.SUBMISSION_SET:
            _submission_set(rows, rim, common, plan)
        elif kind is Kind.FOLDER:
            _folder(rows, rim, common)
        else:
            _association(rows, rim, common, plan.owners.get(rim.id, patient_id))
    return rows


def _version(rim: RimObject) -> int:
    name = rim.version_info.version_name if rim.version_info else None
    return int(name) if name and name.isdecimal() else 1


def _document_entry(rows: Rows, rim: RimObject, common: Row, depositor: Depositor) -> None:
    entry = read_document_entry(rim)
    is_on_demand = entry.object_type == v.ON_DEMAND
    patient_id = cx_key(entry.patient_id)
    rows.add(
        t.document_entries,
        {
            **common,
            "patient_id": patient_id,
            "unique_id": entry.unique_id,
            "object_type": entry.object_type,
            "hash": entry.hash.lower(),
            "size": entry.size or 0,
            "repository_unique_id": entry.repository_unique_id,
            "source_patient_id": cx_key(entry.source_patient_id),
            # Not compared for an On-Demand entry (ITI TF-2 §3.18.4.1.2.3.7.1, note 6).
            "creation_time": "" if is_on_demand else _time(entry.creation_time),
            "service_start_time": _time(entry.service_start_time),
            "service_stop_time": _time(entry.service_stop_time),
            "access": write_facts(entry, depositor),
        },
    )
    coded: dict[str, tuple[Code | None, ...]] = {
        "classCode": (entry.class_code,),
        "typeCode": (entry.type_code,),
        "formatCode": (entry.format_code,),
        "practiceSettingCode": (entry.practice_setting_code,),
        "healthcareFacilityTypeCode": (entry.healthcare_facility_type_code,),
        "confidentialityCode": entry.confidentiality_codes,
        "eventCodeList": entry.event_codes,
    }
    _codes(rows, patient_id, rim.id, coded)
    for reference in entry.reference_ids:
        rows.add(t.codes, _code(patient_id, rim.id, "referenceIdList", reference, ""))
    _authors(rows, patient_id, rim.id, entry.authors)


def _submission_set(rows: Rows, rim: RimObject, common: Row, plan: Plan) -> None:
    submission_set = read_submission_set(rim)
    patient_id = cx_key(submission_set.patient_id)
    rows.add(
        t.submission_sets,
        {
            **common,
            "patient_id": patient_id,
            "unique_id": submission_set.unique_id,
            "source_id": submission_set.source_id,
            "submission_time": _time(submission_set.submission_time),
            "fingerprint": plan.fingerprint,
            "message_id": plan.message_id,
        },
    )
    _codes(rows, patient_id, rim.id, {"contentTypeCode": (submission_set.content_type_code,)})
    _authors(rows, patient_id, rim.id, submission_set.authors)


def _folder(rows: Rows, rim: RimObject, common: Row) -> None:
    folder = read_folder(rim)
    rows.add(
        t.folders,
        {
            **common,
            "patient_id": cx_key(folder.patient_id),
            "unique_id": folder.unique_id,
            "last_update_time": _time(folder.last_update_time),
        },
    )
    _codes(rows, cx_key(folder.patient_id), rim.id, {"codeList": folder.codes})


def _association(rows: Rows, rim: RimObject, common: Row, patient_id: str) -> None:
    association = read_association(rim)
    rows.add(
        t.associations,
        {
            **common,
            "patient_id": patient_id,
            "association_type": association.association_type,
            "source": association.source,
            "target": association.target,
        },
    )


def _codes(
    rows: Rows, patient_id: str, entry_uuid: str, coded: dict[str, tuple[Code | None, ...]]
) -> None:
    for attribute, values in coded.items():
        for value in values:
            if value is not None:
                row = _code(patient_id, entry_uuid, attribute, value.code, value.scheme)
                rows.add(t.codes, row)


def _code(patient_id: str, entry_uuid: str, attribute: str, code: str, scheme: str) -> Row:
    return {
        "patient_id": patient_id,
        "entry_uuid": entry_uuid,
        "attribute": attribute,
        "code": code,
        "scheme": scheme,
    }


def _authors(rows: Rows, patient_id: str, entry_uuid: str, authors: tuple[Author, ...]) -> None:
    for author in authors:
        if author.person:
            row = {"patient_id": patient_id, "entry_uuid": entry_uuid, "person": author.person}
            rows.add(t.authors, row)


def _time(text: str) -> str:
    try:
        return parse_dtm(text).padded if text else ""
    except DatatypeError:  # kept as it came; for queries it is absent, and so meets every range
        return ""
