"""The plan of a link change: new versions, what joins them, and the SubmissionSet that says so.

Spec: ITI TF-2 §3.64.4.1.3.1.1 (the SubmissionSet, Table 3.64.4.1.3.1.1-1), §3.64.4.1.3.1.4 to .7
(new versions and Associations). Pure: new UUIDs and the instant are parameters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from registry.access.facts import read_depositor
from registry.ledger.api import Kind, KnownAssociation, KnownObject, Plan
from registry.patients.changes import LinkChange
from registry.patients.link import LinkFacts
from registry.submission.consequences import has_member
from registry.submission.naming import FIRST_VERSION
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.hl7v2 import cx_key
from xds.metadata.rim import LocalizedString, RimObject, Slot, VersionInfo

NewUuid = Callable[[], str]
PATIENT_SCHEMES: Final = frozenset({v.DOCUMENT_ENTRY_PATIENT_ID, v.FOLDER_PATIENT_ID})
SOURCE_PATIENT_ID: Final = "sourcePatientId"
OWNERS: Final = {"Classification": "classifiedObject", "ExternalIdentifier": "registryObject"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPlan:
    """What a link change changes, and the SubmissionSet under which it does."""

    plan: Plan
    entry_uuid: str
    unique_id: str


def make_plan(facts: LinkFacts, *, content_type: Code, instant: str, new_uuid: NewUuid) -> LinkPlan:
    """Return the plan of a change that concerns a document. `instant`: 14 digits, in UTC."""
    # (1) The SubmissionSet.
    unique_id = f"2.25.{UUID(new_uuid().removeprefix(v.UUID_URN)).int}"
    submission_set = _submission_set(facts.change, unique_id, content_type, instant, new_uuid)
    # (2) New versions; the ones before become Deprecated.
    before = (*facts.documents, *facts.folders)
    names = {known.entry_uuid: new_uuid() for known in before}
    versions = [_version(facts, known, names, instant, new_uuid) for known in before]
    # (3) What joins new versions, to each other or to what was the new patient's already.
    kept = [_copy(facts, a, names, new_uuid) for a in facts.kept]
    # (4) Places in SubmissionSets that hold a document by Reference.
    references = [(a, _copy(facts, a, names, new_uuid)) for a in facts.references]
    ended = [a.entry_uuid for a, _ in references]
    # (5) All of that is linked to the SubmissionSet.
    of_set = [
        *_memberships(before, names, submission_set.id, new_uuid),
        *(
            has_member(new_uuid(), submission_set.id, target)
            for target in (*(a.id for a in kept), *(a.id for _, a in references), *ended)
        ),
    ]
    plan = Plan(
        add=(submission_set, *versions, *kept, *(a for _, a in references), *of_set),
        statuses=dict.fromkeys((*names, *ended), v.DEPRECATED),
        touch_folders=frozenset(_touched(facts)),
        owners={copy.id: a.patient_id for a, copy in references},
        instant=instant,
        depositors={names[d.entry_uuid]: read_depositor(d.access) for d in facts.documents},
    )
    return LinkPlan(plan=plan, entry_uuid=submission_set.id, unique_id=unique_id)


def _submission_set(
    change: LinkChange, unique_id: str, content_type: Code, instant: str, new_uuid: NewUuid
) -> RimObject:
    own_id = new_uuid()
    return RimObject(
        tag="RegistryPackage",
        attributes=(
            ("id", own_id),
            ("objectType", v.OBJECT_TYPE_PACKAGE),
            ("lid", own_id),
            ("status", v.APPROVED),
        ),
        slots=(Slot(name="submissionTime", values=(instant,)),),
        version_info=FIRST_VERSION,
        classifications=(
            _classification(
                new_uuid(),
                own_id,
                ("classificationScheme", v.CONTENT_TYPE_CODE),
                ("nodeRepresentation", content_type.code),
                slots=(Slot(name="codingScheme", values=(content_type.scheme,)),),
                name=(LocalizedString(value=content_type.display),),
            ),
            _classification(new_uuid(), own_id, ("classificationNode", v.SUBMISSION_SET_NODE)),
        ),
        external_identifiers=tuple(
            RimObject(
                tag="ExternalIdentifier",
                attributes=(
                    ("id", new_uuid()),
                    ("objectType", v.OBJECT_TYPE_EXTERNAL_IDENTIFIER),
                    ("registryObject", own_id),
                    ("identificationScheme", scheme),
                    ("value", value),
                ),
                name=(LocalizedString(value=f"XDSSubmissionSet.{name}"),),
            )
            for scheme, value, name in (
                (v.SUBMISSION_SET_PATIENT_ID, change.new_patient_id, "patientId"),
                (v.SUBMISSION_SET_SOURCE_ID, change.source_id, "sourceId"),
                (v.SUBMISSION_SET_UNIQUE_ID, unique_id, "uniqueId"),
            )
        ),
    )


def _classification(
    own_id: str,
    owner: str,
    *attributes: tuple[str, str],
    slots: tuple[Slot, ...] = (),
    name: tuple[LocalizedString, ...] | None = None,
) -> RimObject:
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", own_id),
            ("objectType", v.OBJECT_TYPE_CLASSIFICATION),
            ("classifiedObject", owner),
            *attributes,
        ),
        slots=slots,
        name=name,
    )


def _version(
    facts: LinkFacts,
    known: KnownObject,
    names: dict[str, str],
    instant: str,
    new_uuid: NewUuid,
) -> RimObject:
    """Return the next version of a document or Folder, the new patient's."""
    change = facts.change
    rim = _renewed(facts.whole[known.entry_uuid], names[known.entry_uuid], new_uuid)
    version = replace(
        rim,
        version_info=VersionInfo(version_name=str(known.version + 1)),
        external_identifiers=tuple(
            one.with_attribute("value", change.new_patient_id)
            if one.attribute("identificationScheme") in PATIENT_SCHEMES
            else one
            for one in rim.external_identifiers
        ),
    )
    if known.kind is Kind.FOLDER:
        return version.with_slot("lastUpdateTime", instant)
    if change.subsumed_local_patient_id and known.source_patient_id == cx_key(
        change.subsumed_local_patient_id
    ):
        return version.with_slot(SOURCE_PATIENT_ID, change.local_patient_id)
    return version


def _copy(
    facts: LinkFacts, association: KnownAssociation, names: dict[str, str], new_uuid: NewUuid
) -> RimObject:
    """Return an Association like this one between the new versions of its ends."""
    own_id = new_uuid()
    copy = _renewed(facts.whole[association.entry_uuid], own_id, new_uuid)
    copy = (
        copy.with_attribute("lid", own_id)
        .with_attribute("sourceObject", names.get(association.source, association.source))
        .with_attribute("targetObject", names.get(association.target, association.target))
    )
    return replace(copy, version_info=FIRST_VERSION)


def _renewed(rim: RimObject, own_id: str, new_uuid: NewUuid) -> RimObject:
    """Return the object under another id, and all inside it under fresh ones."""

    def part(inner: RimObject) -> RimObject:
        renewed = _renewed(inner, new_uuid(), new_uuid)
        return renewed.with_attribute(OWNERS[inner.tag], own_id)

    return replace(
        rim.with_attribute("id", own_id),
        classifications=tuple(map(part, rim.classifications)),
        external_identifiers=tuple(map(part, rim.external_identifiers)),
    )


def _memberships(
    before: tuple[KnownObject, ...], names: dict[str, str], submission_set: str, new_uuid: NewUuid
) -> Iterator[RimObject]:
    """Yield the SubmissionSet's HasMember to each new version, with Slot PreviousVersion."""
    for known in before:
        member = has_member(new_uuid(), submission_set, names[known.entry_uuid])
        if known.kind is Kind.DOCUMENT_ENTRY:
            member = member.with_slot(v.SUBMISSION_SET_STATUS, v.ORIGINAL)
        yield member.with_slot(v.PREVIOUS_VERSION, str(known.version))


def _touched(facts: LinkFacts) -> Iterator[str]:
    """Yield Folders that stay and get the new version of a document."""
    for association in facts.kept:
        source = facts.known.by_uuid[association.source]
        if source.kind is Kind.FOLDER and source.entry_uuid not in facts.moved:
            yield source.entry_uuid
