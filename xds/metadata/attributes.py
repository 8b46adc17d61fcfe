"""THE attribute table: where each attribute is carried, who must send it, what it may hold.

Spec: ITI TF-3 §4.2.3.2 (DocumentEntry), §4.2.3.3 (SubmissionSet), §4.2.3.4 (Folder), §4.2.2
(Association), §4.2.3.1.4 (author) for carrier, type, number and length; Table 4.3.1-3 for who must
send it: column XDS DS (ITI-41) and column XDS DR (ITI-42); ITI TF-2 §3.61.4.1.2 for what ITI-61
asks otherwise. One row an attribute; `judge` reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final

from xds.metadata import vocabulary as v

SLOT_CHARACTERS: Final = 256
"""rim:Value, ExternalIdentifier/@value, @nodeRepresentation (§4.2.3.1.1; rim.xsd LongName)."""


class Subject(StrEnum):
    """What an attribute belongs to, in the standard's word."""

    DOCUMENT_ENTRY = "DocumentEntry"
    SUBMISSION_SET = "SubmissionSet"
    FOLDER = "Folder"
    ASSOCIATION = "Association"


class Carrier(Enum):
    """Where ebRIM holds an attribute. Spec: ITI TF-3 §4.2.3.1.8."""

    SLOT = "rim:Slot"
    CODE = "rim:Classification with a code"
    AUTHOR = "rim:Classification with author slots"
    FLAG = "rim:Classification with a classificationNode"
    EXTERNAL_IDENTIFIER = "rim:ExternalIdentifier"
    XML_ATTRIBUTE = "XML attribute"
    NAME = "rim:Name"
    DESCRIPTION = "rim:Description"


class Datatype(StrEnum):
    """Data types of Table 4.2.3.1.7-2; a name here has a check in `judge`."""

    TEXT = "String"
    DTM = "DTM"
    CX = "CX"
    CXI = "CXi"
    XCN = "XCN"
    XON = "XON"
    XTN = "XTN"
    RECIPIENT = "XON|XCN|XTN"
    PID_FIELD = "Field"
    OID = "OID"
    SOURCE_ID = "OID (or number)"
    OID_URN = "OID URN"
    ENTRY_UUID = "UUID or symbolic id"
    IDENTIFIER = "Identifier"
    SHA1 = "SHA1"
    SIZE = "Integer"
    MIME_TYPE = "MIME type"
    LANGUAGE = "language tag"
    OBJECT_TYPE = "object type"


class Need(Enum):
    """Table 4.3.1-2. R2, required if known, cannot be enforced: absence may be ignorance."""

    REQUIRED = "R"
    IF_KNOWN = "R2"
    OPTIONAL = "O"
    PROHIBITED = "X"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One row of the table."""

    subject: Subject
    name: str
    section: str
    carrier: Carrier
    key: str = ""
    """Slot name, scheme or node UUID, or name of the XML attribute."""
    source: Need = Need.OPTIONAL
    """What ITI-41 asks of the Document Source."""
    repository: Need = Need.OPTIONAL
    """What ITI-42 asks of the Document Repository."""
    on_demand: Need | None = None
    """What ITI-61 asks of the On-Demand Document Source where that is not what ITI-42 asks."""
    is_single: bool = True
    datatype: Datatype = Datatype.TEXT
    max_characters: int | None = None
    value_set: str = ""
    """Name under which a domain may restrict the value; '' when it may not."""

    @property
    def label(self) -> str:
        """The standard's name for it: `DocumentEntry.classCode`."""
        return f"{self.subject}.{self.name}"


# Short words, so that a row of the standard stays a row here.
DE, SS, FD, AS = Subject
R, R2, OPT, X = Need


def _slot(  # noqa: PLR0913, PLR0917 - the columns of the table
    subject: Subject,
    name: str,
    section: str,
    source: Need,
    repository: Need,
    datatype: Datatype,
    *,
    key: str = "",
    single: bool = True,
    most: int = SLOT_CHARACTERS,
    value_set: str = "",
    on_demand: Need | None = None,
) -> Attribute:
    return Attribute(
        subject=subject,
        name=name,
        section=section,
        carrier=Carrier.SLOT,
        key=key or name,
        source=source,
        repository=repository,
        on_demand=on_demand,
        datatype=datatype,
        is_single=single,
        max_characters=most,
        value_set=value_set,
    )


def _code(  # noqa: PLR0913 - the columns of the table
    subject: Subject, name: str, section: str, need: Need, scheme: str, *, single: bool = True
) -> Attribute:
    return Attribute(
        subject=subject,
        name=name,
        section=section,
        carrier=Carrier.CODE,
        key=scheme,
        source=need,
        repository=need,
        is_single=single,
        value_set=name,
    )


def _identifier(
    subject: Subject, name: str, section: str, scheme: str, datatype: Datatype
) -> Attribute:
    return Attribute(
        subject=subject,
        name=name,
        section=section,
        carrier=Carrier.EXTERNAL_IDENTIFIER,
        key=scheme,
        source=R,
        repository=R,
        datatype=datatype,
        max_characters=SLOT_CHARACTERS,
    )


def _xml(  # noqa: PLR0913, PLR0917 - the columns of the table
    subject: Subject,
    name: str,
    section: str,
    need: Need,
    key: str,
    datatype: Datatype,
    *,
    value_set: str = "",
) -> Attribute:
    return Attribute(
        subject=subject,
        name=name,
        section=section,
        carrier=Carrier.XML_ATTRIBUTE,
        key=key,
        source=need,
        repository=need,
        datatype=datatype,
        value_set=value_set,
    )


def _other(  # noqa: PLR0913, PLR0917 - the columns of the table
    subject: Subject,
    name: str,
    section: str,
    need: Need,
    carrier: Carrier,
    key: str = "",
    *,
    single: bool = True,
    most: int | None = None,
) -> Attribute:
    return Attribute(
        subject=subject,
        name=name,
        section=section,
        carrier=carrier,
        key=key,
        source=need,
        repository=need,
        is_single=single,
        max_characters=most,
    )


T, C = Datatype, Carrier

ATTRIBUTES: Final[tuple[Attribute, ...]] = (
    # -- DocumentEntry (§4.2.3.2) --
    _other(DE, "author", "4.2.3.2.1", R2, C.AUTHOR, v.DOCUMENT_ENTRY_AUTHOR, single=False),
    _code(DE, "classCode", "4.2.3.2.3", R, v.CLASS_CODE),
    _other(DE, "comments", "4.2.3.2.4", OPT, C.DESCRIPTION),
    _code(DE, "confidentialityCode", "4.2.3.2.5", R, v.CONFIDENTIALITY_CODE, single=False),
    _slot(DE, "creationTime", "4.2.3.2.6", R, R, T.DTM, on_demand=X),
    _xml(DE, "entryUUID", "4.2.3.2.7", R, "id", T.ENTRY_UUID),
    _code(DE, "eventCodeList", "4.2.3.2.8", OPT, v.EVENT_CODE_LIST, single=False),
    _code(DE, "formatCode", "4.2.3.2.9", R, v.FORMAT_CODE),
    _slot(DE, "hash", "4.2.3.2.10", OPT, R, T.SHA1, on_demand=X),
    _code(DE, "healthcareFacilityTypeCode", "4.2.3.2.11", R, v.HEALTHCARE_FACILITY_TYPE_CODE),
    _xml(DE, "homeCommunityId", "4.2.3.2.12", OPT, "home", T.OID_URN),
    _slot(DE, "languageCode", "4.2.3.2.13", R, R, T.LANGUAGE),
    _slot(DE, "legalAuthenticator", "4.2.3.2.14", OPT, OPT, T.XCN),
    _xml(DE, "mimeType", "4.2.3.2.15", R, "mimeType", T.MIME_TYPE, value_set="mimeType"),
    _identifier(DE, "patientId", "4.2.3.2.16", v.DOCUMENT_ENTRY_PATIENT_ID, T.CX),
    _code(DE, "practiceSettingCode", "4.2.3.2.17", R, v.PRACTICE_SETTING_CODE),
    _slot(DE, "repositoryUniqueId", "4.2.3.2.18", OPT, R, T.OID, most=64),
    _slot(DE, "serviceStartTime", "4.2.3.2.19", R2, R2, T.DTM),
    _slot(DE, "serviceStopTime", "4.2.3.2.20", R2, R2, T.DTM),
    _slot(DE, "size", "4.2.3.2.21", OPT, R, T.SIZE, on_demand=X),
    _slot(DE, "sourcePatientId", "4.2.3.2.22", R, R, T.CX),
    _slot(DE, "sourcePatientInfo", "4.2.3.2.23", OPT, OPT, T.PID_FIELD, single=False),
    _other(DE, "title", "4.2.3.2.24", OPT, C.NAME, most=127),
    _code(DE, "typeCode", "4.2.3.2.25", R, v.TYPE_CODE),
    _identifier(DE, "uniqueId", "4.2.3.2.26", v.DOCUMENT_ENTRY_UNIQUE_ID, T.IDENTIFIER),
    # Texts before revision 10 cut a long URI into numbered values; both are read (views.read_uri).
    _slot(DE, "URI", "4.2.3.2.27", OPT, OPT, T.TEXT, single=False),
    _slot(
        DE, "referenceIdList", "4.2.3.2.28", OPT, OPT, T.CXI, key=v.REFERENCE_ID_LIST, single=False
    ),
    _other(DE, "limitedMetadata", "4.2.3.2.29", X, C.FLAG, v.DOCUMENT_ENTRY_LIMITED_NODE),
    _xml(DE, "objectType", "4.2.3.2.30", R, "objectType", T.OBJECT_TYPE),
    # Of the Metadata Update supplement; a Registry without that option keeps it.
    _slot(DE, "documentAvailability", "4.2.3.2", OPT, OPT, T.TEXT),
    # -- SubmissionSet (§4.2.3.3) --
    _other(SS, "author", "4.2.3.3.1", R2, C.AUTHOR, v.SUBMISSION_SET_AUTHOR, single=False),
    _other(SS, "comments", "4.2.3.3.3", OPT, C.DESCRIPTION),
    _code(SS, "contentTypeCode", "4.2.3.3.4", R, v.CONTENT_TYPE_CODE),
    _xml(SS, "entryUUID", "4.2.3.3.5", R, "id", T.ENTRY_UUID),
    _xml(SS, "homeCommunityId", "4.2.3.3.6", OPT, "home", T.OID_URN),
    _slot(SS, "intendedRecipient", "4.2.3.3.7", OPT, OPT, T.RECIPIENT, single=False),
    _identifier(SS, "patientId", "4.2.3.3.8", v.SUBMISSION_SET_PATIENT_ID, T.CX),
    _identifier(SS, "sourceId", "4.2.3.3.9", v.SUBMISSION_SET_SOURCE_ID, T.SOURCE_ID),
    _slot(SS, "submissionTime", "4.2.3.3.10", R, R, T.DTM),
    _other(SS, "title", "4.2.3.3.11", OPT, C.NAME, most=255),
    _identifier(SS, "uniqueId", "4.2.3.3.12", v.SUBMISSION_SET_UNIQUE_ID, T.OID),
    _other(SS, "limitedMetadata", "4.2.3.3.13", X, C.FLAG, v.SUBMISSION_SET_LIMITED_NODE),
    # -- Folder (§4.2.3.4) --
    _code(FD, "codeList", "4.2.3.4.2", R, v.FOLDER_CODE_LIST, single=False),
    _other(FD, "comments", "4.2.3.4.3", OPT, C.DESCRIPTION),
    _xml(FD, "entryUUID", "4.2.3.4.4", R, "id", T.ENTRY_UUID),
    _xml(FD, "homeCommunityId", "4.2.3.4.5", OPT, "home", T.OID_URN),
    _slot(FD, "lastUpdateTime", "4.2.3.4.6", OPT, OPT, T.DTM),
    _identifier(FD, "patientId", "4.2.3.4.7", v.FOLDER_PATIENT_ID, T.CX),
    _other(FD, "title", "4.2.3.4.8", R, C.NAME, most=256),
    _identifier(FD, "uniqueId", "4.2.3.4.9", v.FOLDER_UNIQUE_ID, T.OID),
    _other(FD, "limitedMetadata", "4.2.3.4.10", X, C.FLAG, v.FOLDER_LIMITED_NODE),
    # -- Association (§4.2.2); an absent id is assigned by the Registry --
    _xml(AS, "entryUUID", "4.2.2", OPT, "id", T.ENTRY_UUID),
    _xml(AS, "associationType", "4.2.2", R, "associationType", T.TEXT),
    _xml(AS, "sourceObject", "4.2.2", R, "sourceObject", T.ENTRY_UUID),
    _xml(AS, "targetObject", "4.2.2", R, "targetObject", T.ENTRY_UUID),
    _slot(AS, "submissionSetStatus", "4.2.2.1.1", OPT, OPT, T.TEXT, key=v.SUBMISSION_SET_STATUS),
    *(
        _slot(AS, f"{name[0].lower()}{name[1:]}", "4.2.2", OPT, OPT, T.TEXT, key=name)
        for name in v.UPDATE_SLOTS
    ),
    Attribute(
        subject=AS,
        name="associationDocumentation",
        section="4.2.2.2",
        carrier=C.CODE,
        key=v.ASSOCIATION_DOCUMENTATION,
        is_single=False,
        value_set="associationDocumentation",
    ),
)

AUTHOR_SLOTS: Final[Mapping[str, tuple[Datatype, bool, str]]] = MappingProxyType(
    {
        "authorInstitution": (T.XON, False, "4.2.3.1.4.1"),
        "authorPerson": (T.XCN, True, "4.2.3.1.4.2"),
        "authorRole": (T.TEXT, False, "4.2.3.1.4.3"),
        "authorSpecialty": (T.TEXT, False, "4.2.3.1.4.4"),
        "authorTelecommunication": (T.XTN, False, "4.2.3.1.4.5"),
    }
)
"""Sub-attributes of author: data type, whether single, section."""

CODED_AUTHOR_SLOTS: Final = frozenset({"authorRole", "authorSpecialty"})
"""Plain text or Coded String; a domain may restrict the latter (§4.2.3.1.4.3, §4.2.3.1.4.4)."""

NAMES_ONE_AUTHOR: Final = frozenset(
    {"authorPerson", "authorInstitution", "authorTelecommunication"}
)
"""At least one of these makes an author (§4.2.3.1.4)."""

BY_SUBJECT: Final[Mapping[Subject, tuple[Attribute, ...]]] = MappingProxyType(
    {subject: tuple(a for a in ATTRIBUTES if a.subject is subject) for subject in Subject}
)
SLOT_NAMES: Final[Mapping[Subject, frozenset[str]]] = MappingProxyType(
    {
        subject: frozenset(a.key for a in rows if a.carrier is Carrier.SLOT)
        for subject, rows in BY_SUBJECT.items()
    }
)
SCHEMES: Final[Mapping[str, Attribute]] = MappingProxyType(
    {a.key: a for a in ATTRIBUTES if a.carrier in {Carrier.CODE, Carrier.AUTHOR}}
)
"""The attribute of each classificationScheme."""
IDENTIFICATION_SCHEMES: Final[Mapping[str, Attribute]] = MappingProxyType(
    {a.key: a for a in ATTRIBUTES if a.carrier is Carrier.EXTERNAL_IDENTIFIER}
)
"""The attribute of each identificationScheme."""
NODES: Final[Mapping[str, Subject]] = MappingProxyType(
    {a.key: a.subject for a in ATTRIBUTES if a.carrier is Carrier.FLAG}
    | {v.SUBMISSION_SET_NODE: Subject.SUBMISSION_SET, v.FOLDER_NODE: Subject.FOLDER}
)
"""What each classificationNode may mark."""
