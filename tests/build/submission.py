"""Submissions as ebRIM objects, valid for ITI-42 by default; every patient is invented.

objects = a_submission()                                      one document
objects = a_submission(entries=2, folders=1)                  two documents, both in a folder
objects = changing(objects, "Document01", lambda o: without_slot(o, "hash"))
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from xds.domain import AffinityDomain
from xds.metadata import vocabulary as v
from xds.metadata.rim import LocalizedString, RimObject, Slot

PATIENT = "SELF-5^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"
OTHER_PATIENT = "OTHER-6^^^&1.3.6.1.4.1.21367.2005.3.7&ISO"
SOURCE_PATIENT = "ST-1000^^^&1.3.6.1.4.1.21367.2003.3.9&ISO"
REPOSITORY = "1.3.6.1.4.1.21367.2011.2.3.7"
ROOT = "1.3.6.1.4.1.21367.2005.3.9999"
EMPTY_SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
SUBMISSION_SET_ID = "SubmissionSet01"

OPEN_DOMAIN = AffinityDomain(
    name="open",
    title="Any authority, any code",
    authorities=MappingProxyType({}),
    assertion_profile="xua",
    access="any-trusted",
    value_sets=MappingProxyType({}),
)

Change = Callable[[RimObject], RimObject]


def a_code(owner: str, scheme: str, code: str, coding_scheme: str, display: str) -> RimObject:
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", f"{owner}-{scheme[-12:]}-{code}"),
            ("classificationScheme", scheme),
            ("classifiedObject", owner),
            ("nodeRepresentation", code),
        ),
        slots=(Slot(name="codingScheme", values=(coding_scheme,)),),
        name=(LocalizedString(value=display),),
    )


def an_author(owner: str, scheme: str, **slots: tuple[str, ...]) -> RimObject:
    values = slots or {
        "authorPerson": ("801234567897^BERNARD^Claire^^^^^^&1.2.250.1.71.4.2.1&ISO",),
        "authorInstitution": ("Cabinet des Lilas^^^^^^^^^1.2.250.1.71.4.2.2.99",),
        "authorRole": ("PRF^^^&2.16.840.1.113883.5.90&ISO",),
        "authorSpecialty": ("Cardiology",),
        "authorTelecommunication": ("^^Internet^claire.bernard@example.org",),
    }
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", f"{owner}-author"),
            ("classificationScheme", scheme),
            ("classifiedObject", owner),
            ("nodeRepresentation", ""),
        ),
        slots=tuple(Slot(name=name, values=value) for name, value in values.items()),
    )


def an_identifier(owner: str, scheme: str, value: str, name: str) -> RimObject:
    return RimObject(
        tag="ExternalIdentifier",
        attributes=(
            ("id", f"{owner}-{name}"),
            ("registryObject", owner),
            ("identificationScheme", scheme),
            ("value", value),
        ),
        name=(LocalizedString(value=name),),
    )


def a_label(owner: str, node: str) -> RimObject:
    return RimObject(
        tag="Classification",
        attributes=(
            ("id", f"{owner}-label"),
            ("classifiedObject", owner),
            ("classificationNode", node),
        ),
    )


def a_document_entry(
    identifier: str = "Document01", *, patient: str = PATIENT, unique_id: str | None = None
) -> RimObject:
    codes = (
        (v.CLASS_CODE, "History and Physical", "Connect-a-thon classCodes"),
        (v.CONFIDENTIALITY_CODE, "N", "2.16.840.1.113883.5.25"),
        (v.EVENT_CODE_LIST, "T-D4909", "SNM3"),
        (v.FORMAT_CODE, "urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3"),
        (v.HEALTHCARE_FACILITY_TYPE_CODE, "Outpatient", "Connect-a-thon facilityCodes"),
        (v.PRACTICE_SETTING_CODE, "General Medicine", "Connect-a-thon practiceSettingCodes"),
        (v.TYPE_CODE, "34108-1", "2.16.840.1.113883.6.1"),
    )
    return RimObject(
        tag="ExtrinsicObject",
        attributes=(("id", identifier), ("mimeType", "text/xml"), ("objectType", v.STABLE)),
        slots=(
            Slot(name="creationTime", values=("20051224",)),
            Slot(name="hash", values=(EMPTY_SHA1,)),
            Slot(name="languageCode", values=("fr-FR",)),
            Slot(name="legalAuthenticator", values=("^BERNARD^Claire",)),
            Slot(name="repositoryUniqueId", values=(REPOSITORY,)),
            Slot(name="serviceStartTime", values=("200412230800",)),
            Slot(name="serviceStopTime", values=("200412230801",)),
            Slot(name="size", values=("0",)),
            Slot(name="sourcePatientId", values=(SOURCE_PATIENT,)),
            Slot(
                name="sourcePatientInfo",
                values=(f"PID-3|{SOURCE_PATIENT}", "PID-5|MARTIN^Jeanne", "PID-7|19560527"),
            ),
            Slot(name="URI", values=("DOC001.XML",)),
            Slot(
                name=v.REFERENCE_ID_LIST,
                values=("2013001^^^&1.2.3.4.5.6&ISO^urn:ihe:iti:xds:2013:accession",),
            ),
        ),
        name=(LocalizedString(value="Compte rendu"),),
        description=(),
        classifications=(
            an_author(identifier, v.DOCUMENT_ENTRY_AUTHOR),
            *(a_code(identifier, scheme, code, of, code) for scheme, code, of in codes),
        ),
        external_identifiers=(
            an_identifier(
                identifier, v.DOCUMENT_ENTRY_PATIENT_ID, patient, "XDSDocumentEntry.patientId"
            ),
            an_identifier(
                identifier,
                v.DOCUMENT_ENTRY_UNIQUE_ID,
                unique_id or f"{ROOT}.32^{identifier}",
                "XDSDocumentEntry.uniqueId",
            ),
        ),
    )


def a_submission_set(
    identifier: str = SUBMISSION_SET_ID,
    *,
    patient: str = PATIENT,
    unique_id: str = f"{ROOT}.33",
) -> RimObject:
    return RimObject(
        tag="RegistryPackage",
        attributes=(("id", identifier),),
        slots=(
            Slot(name="submissionTime", values=("20041225235050",)),
            Slot(name="intendedRecipient", values=("Some Hospital^^^^^^^^^1.2.3|^Wel^Marcus",)),
        ),
        name=(LocalizedString(value="Envoi"),),
        description=(LocalizedString(value="Consultation annuelle"),),
        classifications=(
            an_author(identifier, v.SUBMISSION_SET_AUTHOR),
            a_code(identifier, v.CONTENT_TYPE_CODE, "04", "1.2.250.1.213.2.2", "Hospitalisation"),
            a_label(identifier, v.SUBMISSION_SET_NODE),
        ),
        external_identifiers=(
            an_identifier(
                identifier, v.SUBMISSION_SET_UNIQUE_ID, unique_id, "XDSSubmissionSet.uniqueId"
            ),
            an_identifier(
                identifier, v.SUBMISSION_SET_SOURCE_ID, "3670984664", "XDSSubmissionSet.sourceId"
            ),
            an_identifier(
                identifier, v.SUBMISSION_SET_PATIENT_ID, patient, "XDSSubmissionSet.patientId"
            ),
        ),
    )


def a_folder(
    identifier: str = "Folder01", *, patient: str = PATIENT, unique_id: str | None = None
) -> RimObject:
    number = int("".join(c for c in identifier if c.isdigit()) or "1")
    return RimObject(
        tag="RegistryPackage",
        attributes=(("id", identifier),),
        slots=(Slot(name="lastUpdateTime", values=("20041225235050",)),),
        name=(LocalizedString(value="Grossesse"),),
        classifications=(
            a_code(identifier, v.FOLDER_CODE_LIST, "FolderCodeExample", "Connect-a-thon", "Folder"),
            a_label(identifier, v.FOLDER_NODE),
        ),
        external_identifiers=(
            an_identifier(
                identifier,
                v.FOLDER_UNIQUE_ID,
                unique_id or f"{ROOT}.34.{number}",
                "XDSFolder.uniqueId",
            ),
            an_identifier(identifier, v.FOLDER_PATIENT_ID, patient, "XDSFolder.patientId"),
        ),
    )


def an_association(
    identifier: str, kind: str, source: str, target: str, *, status: str = ""
) -> RimObject:
    slots = (Slot(name=v.SUBMISSION_SET_STATUS, values=(status,)),) if status else ()
    return RimObject(
        tag="Association",
        attributes=(
            ("id", identifier),
            ("associationType", kind),
            ("sourceObject", source),
            ("targetObject", target),
        ),
        slots=slots,
    )


def has_member(source: str, target: str, *, status: str = "") -> RimObject:
    return an_association(f"{source}-{target}", v.HAS_MEMBER, source, target, status=status)


def a_submission(
    *, entries: int = 1, folders: int = 0, patient: str = PATIENT
) -> tuple[RimObject, ...]:
    """Documents `Document01`…, folders `Folder01`…, every document in every folder."""
    documents = [f"Document{n:02}" for n in range(1, entries + 1)]
    alone = (
        *(a_document_entry(document, patient=patient) for document in documents),
        a_submission_set(patient=patient),
        *(has_member(SUBMISSION_SET_ID, d, status=v.ORIGINAL) for d in documents),
    )
    return in_folders(alone, folders, patient=patient)


def in_folders(
    objects: tuple[RimObject, ...], folders: int = 1, *, patient: str = PATIENT
) -> tuple[RimObject, ...]:
    """A submission with folders `Folder01`…, every document in every folder."""
    packages = [f"Folder{n:02}" for n in range(1, folders + 1)]
    documents = [o.id for o in objects if o.tag == "ExtrinsicObject"]
    kept = [has_member(folder, document) for folder in packages for document in documents]
    return (
        *objects,
        *(a_folder(folder, patient=patient) for folder in packages),
        *(has_member(SUBMISSION_SET_ID, f) for f in packages),
        *kept,
        *(has_member(SUBMISSION_SET_ID, association.id) for association in kept),
    )


def a_replacement(
    target: str, kind: str = v.REPLACE, *, patient: str = PATIENT
) -> tuple[RimObject, ...]:
    """One new document `Document01` that stands in a relationship to a registered one."""
    relationship = an_association("Relationship01", kind, "Document01", target)
    return (*a_submission(patient=patient), relationship)


# -- changing one thing --------------------------------------------------------------------------


def changing(
    objects: tuple[RimObject, ...], identifier: str, change: Change
) -> tuple[RimObject, ...]:
    """Return the objects with one of them changed; it must be there."""
    assert any(o.id == identifier for o in objects), identifier
    return tuple(change(o) if o.id == identifier else o for o in objects)


def without(objects: tuple[RimObject, ...], identifier: str) -> tuple[RimObject, ...]:
    assert any(o.id == identifier for o in objects), identifier
    return tuple(o for o in objects if o.id != identifier)


def without_slot(rim: RimObject, name: str) -> RimObject:
    assert rim.slot(name), name
    return replace(rim, slots=tuple(s for s in rim.slots if s.name != name))


def without_attribute(rim: RimObject, name: str) -> RimObject:
    return replace(rim, attributes=tuple(p for p in rim.attributes if p[0] != name))


def without_scheme(rim: RimObject, scheme: str) -> RimObject:
    """Return the object without Classifications or ExternalIdentifiers of that scheme."""
    assert rim.classified(scheme) or rim.identifiers(scheme), scheme
    return replace(
        rim,
        classifications=tuple(c for c in rim.classifications if c not in rim.classified(scheme)),
        external_identifiers=tuple(
            e for e in rim.external_identifiers if e not in rim.identifiers(scheme)
        ),
    )


def with_identifier(rim: RimObject, scheme: str, value: str) -> RimObject:
    """Return the object with the value of an ExternalIdentifier replaced."""
    assert rim.identifiers(scheme), scheme
    return replace(
        rim,
        external_identifiers=tuple(
            e.with_attribute("value", value) if e.attribute("identificationScheme") == scheme else e
            for e in rim.external_identifiers
        ),
    )


def with_classification(rim: RimObject, classification: RimObject) -> RimObject:
    return replace(rim, classifications=(*rim.classifications, classification))


def changing_classification(rim: RimObject, scheme: str, change: Change) -> RimObject:
    """Return the object with every Classification of a scheme changed."""
    assert rim.classified(scheme), scheme
    return replace(
        rim,
        classifications=tuple(
            change(c) if c.attribute("classificationScheme") == scheme else c
            for c in rim.classifications
        ),
    )
