"""Metadata of a French document, derived from its CDA header and never typed twice.

Spec: CI-SIS, annexe "Lien entre l'en-tête CDA et les métadonnées XDS", volet Partage de documents
de santé; ITI TF-3 §4.2.3.2. For any CDA R2 with a French header, structured or with one embedded
file (N1), bare or inside a style sheet of its own. What only the sender knows (masking, comments)
is not here; neither are hash and size, which the Repository adds.
"""

from typing import Final

from lxml import etree

from dmp import ins, tables
from dmp.cda_entry import CdaError, DerivedEntry, Gap
from dmp.cda_people import patient_identifiers, patient_info, read_actor, read_author
from dmp.cda_time import lacks_offset, utc_of
from dmp.cda_xml import (
    NotACda,
    all_at,
    attribute_at,
    first_at,
    identifiers_at,
    read_document,
    text_at,
)
from xds.errors import quote
from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.datatype import DatatypeError
from xds.metadata.hl7v2 import escape
from xds.metadata.identifier import is_oid

__all__ = ["CdaError", "DerivedEntry", "Gap", "derive"]

MAX_TITLE_CHARACTERS: Final = 127
"""ITI TF-3 §4.2.3.2.24 (HL7 v2 ST in an ebRIM LocalizedString)."""
CDA_TYPE: Final = "text/xml"
SELF_PRESENTING_TYPE: Final = "application/xslt+xml"
IMAGING_CLASS: Final = "31"
ORDER: Final = "urn:ihe:iti:xds:2013:order"
ACCESSION: Final = "urn:ihe:iti:xds:2013:accession"
STUDY: Final = "urn:ihe:iti:xds:2016:studyInstanceUID"
EVENT: Final = "documentationOf/serviceEvent"
ENCOUNTER: Final = "componentOf/encompassingEncounter"
PRACTICE: Final = "representedOrganization/standardIndustryClassCode"
NOBODY: Final = Code(code="", scheme="")


def derive(cda: bytes) -> DerivedEntry:
    """Return the metadata of a CDA document.

    Errors: CdaError, with every gap of the header at once.
    """
    try:
        document, presents_itself = read_document(cda)
    except NotACda as error:
        raise CdaError(f"this is no CDA document: {error}") from None
    header = _Header(document)
    entry = header.entry(SELF_PRESENTING_TYPE if presents_itself else CDA_TYPE)
    if header.gaps:
        raise CdaError("the CDA header lacks what metadata needs:", tuple(header.gaps))
    return entry


class _Header:
    """One ClinicalDocument being asked; what it cannot answer is collected in `gaps`."""

    def __init__(self, document: etree._Element) -> None:
        self._document = document
        self.gaps: list[Gap] = []
        self._notices: list[str] = []

    def entry(self, mime_type: str) -> DerivedEntry:
        patient_id, source_patient_id = self._patient()
        type_code = self._code("typeCode", "code")
        class_code = self._class(type_code)
        start, stop = self._service()
        facility = self._code(
            "healthcareFacilityTypeCode", f"{ENCOUNTER}/location/healthCareFacility/code"
        )
        return DerivedEntry(
            unique_id=self._unique_id(),
            mime_type=mime_type,
            title=self._title(type_code),
            language_code=self._attribute("languageCode", "languageCode", "code"),
            type_code=type_code,
            class_code=class_code,
            format_code=self._format(),
            confidentiality_codes=(self._code("confidentialityCode", "confidentialityCode"),),
            healthcare_facility_type_code=facility,
            content_type_code=self._content_type(facility),
            practice_setting_code=self._practice_setting(),
            event_codes=self._events(),
            creation_time=self._time("creationTime", "effectiveTime"),
            service_start_time=start,
            service_stop_time=stop,
            authors=self._authors(),
            legal_authenticator=self._legal_authenticator(),
            patient_id=patient_id,
            source_patient_id=source_patient_id,
            source_patient_info=self._patient_info(),
            reference_ids=self._references(class_code),
            set_id=next(map(_joined, identifiers_at(self._document, "setId")), ""),
            version=attribute_at(self._document, "versionNumber", "value"),
            replaces=self._replaced(),
            notices=tuple(self._notices),
        )

    # -- what the document is --------------------------------------------------------------------

    def _unique_id(self) -> str:
        """Return id as `root`, or `root^extension` (ITI TF-3 §4.2.3.2.26)."""
        for root, extension in identifiers_at(self._document, "id"):
            if root:
                return _joined((root, extension))
        return self._gap("uniqueId", "id/@root", "missing; every document has its own identifier")

    def _title(self, type_code: Code) -> str:
        title = text_at(self._document, "title")
        if not title:
            if not type_code.display:
                return self._gap("title", "title", "missing")
            self._notices.append("the CDA has no title: the label of its type stands for it")
            title = type_code.display
        if len(title) > MAX_TITLE_CHARACTERS:
            self._notices.append(f"the title was cut to {MAX_TITLE_CHARACTERS} characters")
        return title[:MAX_TITLE_CHARACTERS]

    def _class(self, type_code: Code) -> Code:
        found = tables.class_of_type(type_code.code, type_code.scheme)
        if found is None and type_code.code:
            self._gap(
                "classCode",
                "code",
                f"no class goes with type {quote(type_code.code)} of {quote(type_code.scheme)}; "
                "ASS_X04 lists the types that have one",
            )
        return found or NOBODY

    def _format(self) -> Code:
        body = first_at(self._document, "component/nonXMLBody/text")
        if body is not None:
            media = body.get("mediaType") or ""
            found = tables.format_of_media(media)
            if found is None:
                reason = f"an embedded file of type {quote(media)}; XDS-SD knows PDF, text, JPEG, "
                self._gap("formatCode", "component/nonXMLBody/text", reason + "TIFF and RTF", body)
            return found or NOBODY
        templates = tuple(t.get("root") or "" for t in all_at(self._document, "templateId"))
        found = tables.format_of_templates(templates)
        if found is None:
            self._notices.append(
                "no templateId of the CDA is in ASS_A11: its format is that of unlisted documents"
            )
        return found or tables.unlisted_format()

    def _replaced(self) -> str:
        for related in all_at(self._document, "relatedDocument"):
            if related.get("typeCode") == "RPLC":
                return next(map(_joined, identifiers_at(related, "parentDocument/id")), "")
        return ""

    # -- what it is about ------------------------------------------------------------------------

    def _service(self) -> tuple[str, str]:
        """Return beginning and end of the documented act: the first that says when."""
        places = [(e, EVENT) for e in all_at(self._document, EVENT)]
        places += [(e, ENCOUNTER) for e in all_at(self._document, ENCOUNTER)]
        for element, path in places:
            time = first_at(element, "effectiveTime")
            if time is None:
                continue
            if time.get("value"):
                moment = self._time("serviceStartTime", "effectiveTime", element)
                return moment, ""
            if attribute_at(time, "low", "value"):
                if path == ENCOUNTER:
                    self._notices.append("serviceStartTime is that of the encounter")
                stop = first_at(time, "high")
                return (
                    self._time("serviceStartTime", "effectiveTime/low", element),
                    ""
                    if stop is None
                    else self._time("serviceStopTime", "effectiveTime/high", element),
                )
        self._gap("serviceStartTime", f"{EVENT}/effectiveTime/low", "missing")
        return "", ""

    def _practice_setting(self) -> Code:
        """Return the setting of the act's performer, or the next best one that the header has."""
        paths = (
            f"{EVENT}/performer/assignedEntity/{PRACTICE}",
            f"legalAuthenticator/assignedEntity/{PRACTICE}",
            f"author/assignedAuthor/{PRACTICE}",
            f"participant/associatedEntity/scopingOrganization/{PRACTICE.rpartition('/')[2]}",
        )
        for path in paths:
            if first_at(self._document, path) is not None:
                if path is not paths[0]:
                    self._notices.append(f"practiceSettingCode is that of {path.split('/')[0]}")
                return self._code("practiceSettingCode", path)
        self._gap("practiceSettingCode", paths[0], "missing")
        return NOBODY

    def _content_type(self, facility: Code) -> Code:
        """Return the kind of activity: the encounter's or the act's, else the facility's own."""
        for path in (f"{ENCOUNTER}/code", f"{EVENT}/code"):
            code = attribute_at(self._document, path, "code")
            if activity := tables.activity_of_encounter(code):
                return activity
        return tables.activity_of_facility(facility)

    def _events(self) -> tuple[Code, ...]:
        found = [_coded(e, "eventCodeList") for e in all_at(self._document, f"{EVENT}/code")]
        return tuple(dict.fromkeys(code for code in found if code.code and code.scheme))

    def _references(self, class_code: Code) -> tuple[str, ...]:
        """Return orders, accession numbers and, of an imaging document, the studies' UIDs."""
        order = "inFulfillmentOf/order"
        found = [
            f"{escape(extension)}^^^&{root}&ISO^{kind}"
            for path, kind in (
                (f"{order}/id", ORDER),
                (f"{order}/ps3-20:accessionNumber", ACCESSION),
            )
            for root, extension in identifiers_at(self._document, path)
            if extension and is_oid(root)
        ]
        if class_code.code == IMAGING_CLASS:
            found += [
                f"{root}^^^^{STUDY}"
                for root, extension in identifiers_at(self._document, f"{EVENT}/id")
                if is_oid(root) and not extension
            ]
        return tuple(dict.fromkeys(found))

    # -- who -------------------------------------------------------------------------------------

    def _authors(self) -> tuple[Author, ...]:
        authors = tuple(filter(None, map(read_author, all_at(self._document, "author"))))
        if not authors:
            self._gap("author", "author/assignedAuthor", "missing, or without name and identifier")
        return authors

    def _legal_authenticator(self) -> str:
        path = "legalAuthenticator/assignedEntity"
        entity = first_at(self._document, path)
        actor = "" if entity is None else read_actor(entity)
        return actor or self._gap(
            "legalAuthenticator", path, "missing; somebody must answer for it"
        )

    def _patient(self) -> tuple[str, str]:
        path = "recordTarget/patientRole"
        patient = first_at(self._document, path)
        national, local = ("", "") if patient is None else patient_identifiers(patient)
        if not national:
            self._gap(
                "patientId",
                f"{path}/id",
                "no INS; expected an id with an extension and one of the roots "
                + ", ".join(ins.AUTHORITIES),
                patient,
            )
        elif warning := ins.warning_about(national):
            self._notices.append(warning)
        return national, local or national

    def _patient_info(self) -> tuple[str, ...]:
        patient = first_at(self._document, "recordTarget/patientRole")
        return () if patient is None else patient_info(patient)

    # -- asking ----------------------------------------------------------------------------------

    def _attribute(self, attribute: str, path: str, name: str) -> str:
        value = attribute_at(self._document, path, name)
        return value or self._gap(attribute, f"{path}/@{name}", "missing")

    def _code(self, attribute: str, path: str) -> Code:
        element = first_at(self._document, path)
        if element is None:
            self._gap(attribute, path, "missing")
            return NOBODY
        code = _coded(element, attribute)
        for value, name in ((code.code, "code"), (code.scheme, "codeSystem")):
            if not value:
                self._gap(attribute, f"{path}/@{name}", "missing", element)
        return code

    def _time(self, attribute: str, path: str, parent: etree._Element | None = None) -> str:
        within = self._document if parent is None else parent
        shown = path if parent is None else f"{EVENT}/{path}"
        element = first_at(within, path)
        value = "" if element is None else (element.get("value") or "").strip()
        if not value:
            if attribute == "serviceStopTime":
                return ""
            return self._gap(attribute, f"{shown}/@value", "missing", element)
        try:
            time = utc_of(value)
        except DatatypeError as error:
            reason = f"{quote(value)}: {error.rule}; expected {error.expected}"
            return self._gap(attribute, f"{shown}/@value", reason, element)
        if lacks_offset(value):
            self._notices.append(f"{attribute} has no offset from UTC: taken as UTC")
        return time

    def _gap(
        self, attribute: str, path: str, reason: str, element: etree._Element | None = None
    ) -> str:
        line = getattr(element, "sourceline", None) or 0
        self.gaps.append(Gap(attribute=attribute, path=path, reason=reason, line=line))
        return ""


def _coded(element: etree._Element, attribute: str) -> Code:
    """Return a CDA code; its label is the document's, the value set's, or the code itself."""
    code, scheme = (element.get("code") or "").strip(), (element.get("codeSystem") or "").strip()
    display = " ".join((element.get("displayName") or "").split())
    if not display and attribute != "eventCodeList":
        display = tables.label(attribute, code, scheme)
    return Code(code=code, scheme=scheme, display=display or code)


def _joined(identifier: tuple[str, str]) -> str:
    root, extension = identifier
    return f"{root}^{extension}" if extension else root
