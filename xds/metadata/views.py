"""The typed views: what people talk about (DocumentEntry, …), read from ebRIM objects.

Spec: ITI TF-3 §4.1.3 (attributes), §4.2.1 and §4.2.2 (their carriers). A view judges nothing: what
is absent is '', () or None, and the text is as written, without the white space around it;
`xds.metadata.submission` judges. Each view keeps the lossless object it was read from in `rim`.
"""

import re
from dataclasses import dataclass

from xds.errors import Where
from xds.metadata import vocabulary as v
from xds.metadata.author import Author, read_author
from xds.metadata.code import Code, read_code
from xds.metadata.rim import LocalizedString, RimObject, texts

SIZE = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """Metadata of one document. Spec: ITI TF-3 §4.2.1.1, §4.2.3.2."""

    rim: RimObject
    entry_uuid: str
    logical_id: str
    unique_id: str
    patient_id: str
    """CX, as written."""
    availability_status: str
    object_type: str
    """`vocabulary.STABLE` or `vocabulary.ON_DEMAND`."""
    mime_type: str
    hash: str
    """SHA-1 in hex, as written (upper case is legal)."""
    size: int | None
    repository_unique_id: str
    home_community_id: str
    creation_time: str
    """DTM, as written; so are the other times."""
    service_start_time: str
    service_stop_time: str
    language_code: str
    source_patient_id: str
    source_patient_info: tuple[str, ...]
    title: str
    comments: str
    uri: str
    authors: tuple[Author, ...]
    legal_authenticator: str
    class_code: Code | None
    type_code: Code | None
    format_code: Code | None
    practice_setting_code: Code | None
    healthcare_facility_type_code: Code | None
    confidentiality_codes: tuple[Code, ...]
    event_codes: tuple[Code, ...]
    reference_ids: tuple[str, ...]
    """CXi, as written."""
    limited_metadata: bool

    @property
    def where(self) -> Where:
        """Its place in the message."""
        return self.rim.where


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSet:
    """Metadata of one submission. Spec: ITI TF-3 §4.2.1.2, §4.2.3.3."""

    rim: RimObject
    entry_uuid: str
    logical_id: str
    unique_id: str
    source_id: str
    patient_id: str
    submission_time: str
    content_type_code: Code | None
    authors: tuple[Author, ...]
    availability_status: str
    home_community_id: str
    title: str
    comments: str
    intended_recipients: tuple[str, ...]
    limited_metadata: bool

    @property
    def where(self) -> Where:
        """Its place in the message."""
        return self.rim.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Metadata of one folder. Spec: ITI TF-3 §4.2.1.3, §4.2.3.4."""

    rim: RimObject
    entry_uuid: str
    logical_id: str
    unique_id: str
    patient_id: str
    codes: tuple[Code, ...]
    last_update_time: str
    availability_status: str
    home_community_id: str
    title: str
    comments: str
    limited_metadata: bool

    @property
    def where(self) -> Where:
        """Its place in the message."""
        return self.rim.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A named relationship between two objects. Spec: ITI TF-3 §4.2.2."""

    rim: RimObject
    entry_uuid: str
    logical_id: str
    association_type: str
    """Full URN; the short names of old messages (`HasMember`) are spelled out."""
    source: str
    target: str
    submission_set_status: str
    availability_status: str
    home_community_id: str

    @property
    def where(self) -> Where:
        """Its place in the message."""
        return self.rim.where


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The content of one SubmitObjectsRequest. Spec: ITI TF-3 §4.2.1.5."""

    submission_set: SubmissionSet
    document_entries: tuple[DocumentEntry, ...] = ()
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()
    object_refs: tuple[str, ...] = ()
    """Ids of rim:ObjectRef: objects registered earlier; not content."""
    objects: tuple[RimObject, ...] = ()
    """SubmissionSet, DocumentEntries, Folders and Associations in the message's order; outer
    Classifications have been moved into the package that they classify."""


def read_document_entry(rim: RimObject) -> DocumentEntry:
    """Return the typed view of an ExtrinsicObject."""
    return DocumentEntry(
        rim=rim,
        entry_uuid=rim.id,
        logical_id=rim.attribute("lid") or "",
        unique_id=_identifier(rim, v.DOCUMENT_ENTRY_UNIQUE_ID),
        patient_id=_identifier(rim, v.DOCUMENT_ENTRY_PATIENT_ID),
        availability_status=rim.attribute("status") or "",
        object_type=rim.attribute("objectType") or "",
        mime_type=rim.attribute("mimeType") or "",
        hash=_value(rim, "hash"),
        size=_size(_value(rim, "size")),
        repository_unique_id=_value(rim, "repositoryUniqueId"),
        home_community_id=rim.attribute("home") or "",
        creation_time=_value(rim, "creationTime"),
        service_start_time=_value(rim, "serviceStartTime"),
        service_stop_time=_value(rim, "serviceStopTime"),
        language_code=_value(rim, "languageCode"),
        source_patient_id=_value(rim, "sourcePatientId"),
        source_patient_info=_values(rim, "sourcePatientInfo"),
        title=_text(rim.name),
        comments=_text(rim.description),
        uri=read_uri(_values(rim, "URI")),
        authors=tuple(read_author(c) for c in rim.classified(v.DOCUMENT_ENTRY_AUTHOR)),
        legal_authenticator=_value(rim, "legalAuthenticator"),
        class_code=_code(rim, v.CLASS_CODE),
        type_code=_code(rim, v.TYPE_CODE),
        format_code=_code(rim, v.FORMAT_CODE),
        practice_setting_code=_code(rim, v.PRACTICE_SETTING_CODE),
        healthcare_facility_type_code=_code(rim, v.HEALTHCARE_FACILITY_TYPE_CODE),
        confidentiality_codes=_codes(rim, v.CONFIDENTIALITY_CODE),
        event_codes=_codes(rim, v.EVENT_CODE_LIST),
        reference_ids=_values(rim, v.REFERENCE_ID_LIST),
        limited_metadata=is_marked(rim, v.DOCUMENT_ENTRY_LIMITED_NODE),
    )


def read_submission_set(rim: RimObject) -> SubmissionSet:
    """Return the typed view of a RegistryPackage that is marked as a SubmissionSet."""
    return SubmissionSet(
        rim=rim,
        entry_uuid=rim.id,
        logical_id=rim.attribute("lid") or "",
        unique_id=_identifier(rim, v.SUBMISSION_SET_UNIQUE_ID),
        source_id=_identifier(rim, v.SUBMISSION_SET_SOURCE_ID),
        patient_id=_identifier(rim, v.SUBMISSION_SET_PATIENT_ID),
        submission_time=_value(rim, "submissionTime"),
        content_type_code=_code(rim, v.CONTENT_TYPE_CODE),
        authors=tuple(read_author(c) for c in rim.classified(v.SUBMISSION_SET_AUTHOR)),
        availability_status=rim.attribute("status") or "",
        home_community_id=rim.attribute("home") or "",
        title=_text(rim.name),
        comments=_text(rim.description),
        intended_recipients=_values(rim, "intendedRecipient"),
        limited_metadata=is_marked(rim, v.SUBMISSION_SET_LIMITED_NODE),
    )


def read_folder(rim: RimObject) -> Folder:
    """Return the typed view of a RegistryPackage that is marked as a Folder."""
    return Folder(
        rim=rim,
        entry_uuid=rim.id,
        logical_id=rim.attribute("lid") or "",
        unique_id=_identifier(rim, v.FOLDER_UNIQUE_ID),
        patient_id=_identifier(rim, v.FOLDER_PATIENT_ID),
        codes=_codes(rim, v.FOLDER_CODE_LIST),
        last_update_time=_value(rim, "lastUpdateTime"),
        availability_status=rim.attribute("status") or "",
        home_community_id=rim.attribute("home") or "",
        title=_text(rim.name),
        comments=_text(rim.description),
        limited_metadata=is_marked(rim, v.FOLDER_LIMITED_NODE),
    )


def read_association(rim: RimObject) -> Association:
    """Return the typed view of an Association."""
    return Association(
        rim=rim,
        entry_uuid=rim.id,
        logical_id=rim.attribute("lid") or "",
        association_type=v.full_association_type(rim.attribute("associationType") or ""),
        source=rim.attribute("sourceObject") or "",
        target=rim.attribute("targetObject") or "",
        submission_set_status=_value(rim, v.SUBMISSION_SET_STATUS),
        availability_status=rim.attribute("status") or "",
        home_community_id=rim.attribute("home") or "",
    )


def is_marked(rim: RimObject, node: str) -> bool:
    """Return whether a Classification inside the object has this classificationNode."""
    return any(c.attribute("classificationNode") == node for c in rim.classifications)


def read_uri(values: tuple[str, ...]) -> str:
    """Return the URI of its slot's values, joined in the order of their `n|` prefixes when several.

    Spec: ITI TF-3 §4.2.3.2.27.
    """
    pieces = [value.partition("|") for value in values]
    if not all(bar and number.isdigit() and number.isascii() for number, bar, _ in pieces):
        return values[0] if values else ""
    return "".join(rest for _, _, rest in sorted(pieces, key=lambda piece: int(piece[0])))


def _value(rim: RimObject, slot_name: str) -> str:
    return next(iter(_values(rim, slot_name)), "")


def _values(rim: RimObject, slot_name: str) -> tuple[str, ...]:
    return texts(rim.slot(slot_name))


def _identifier(rim: RimObject, scheme: str) -> str:
    found = rim.identifiers(scheme)
    return (found[0].attribute("value") or "").strip() if found else ""


def _codes(rim: RimObject, scheme: str) -> tuple[Code, ...]:
    return tuple(read_code(c) for c in rim.classified(scheme))


def _code(rim: RimObject, scheme: str) -> Code | None:
    return next(iter(_codes(rim, scheme)), None)


def _text(strings: tuple[LocalizedString, ...] | None) -> str:
    return strings[0].value.strip() if strings else ""


def _size(text: str) -> int | None:
    return int(text) if SIZE.fullmatch(text) else None
