"""What is derived from a CDA header, and what is said when it cannot be.

Spec: ITI TF-3 §4.2.3.2 (attributes of a DocumentEntry). `dmp.cda` fills these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from xds.metadata.author import Author
from xds.metadata.code import Code
from xds.metadata.departures import Departure
from xds.metadata.hl7v2 import cx_key
from xds.metadata.party import parse_xon, render_xon
from xds.metadata.vocabulary import STABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One thing that a CDA lacks, or has wrong, so that an attribute cannot be derived."""

    attribute: str
    """The standard's name: `typeCode`, …"""
    path: str
    """Where in the ClinicalDocument it is looked for."""
    reason: str
    line: int = 0
    """Line in the document; 0 when there is none."""

    def __str__(self) -> str:
        place = f" (line {self.line})" if self.line else ""
        return f"{self.attribute}: ClinicalDocument/{self.path}{place}: {self.reason}"


class CdaError(ValueError):
    """A document from which no metadata can be derived; the text lists everything it lacks."""

    def __init__(self, reason: str, gaps: tuple[Gap, ...] = ()) -> None:
        super().__init__("\n  ".join([reason, *map(str, gaps)]))
        self.gaps = gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedEntry:
    """What a CDA header says about its document, in the words of a DocumentEntry."""

    unique_id: str
    mime_type: str
    title: str
    language_code: str
    type_code: Code
    class_code: Code
    format_code: Code
    confidentiality_codes: tuple[Code, ...]
    healthcare_facility_type_code: Code
    practice_setting_code: Code
    event_codes: tuple[Code, ...]
    content_type_code: Code
    """Of the SubmissionSet: the kind of activity that the document came from."""
    creation_time: str
    """DTM; so are the other times."""
    service_start_time: str
    service_stop_time: str
    """'' when the service has not ended or its end is not known."""
    authors: tuple[Author, ...]
    legal_authenticator: str
    """XCN."""
    patient_id: str
    """CX: the INS, with CX.5 NH as the CI-SIS writes it."""
    source_patient_id: str
    """CX: the producer's own identifier, or the INS where there is none."""
    source_patient_info: tuple[str, ...]
    reference_ids: tuple[str, ...]
    """CXi: orders, accession numbers, imaging studies."""
    set_id: str
    """ClinicalDocument/setId: what all versions of the document share; '' when absent."""
    version: str
    replaces: str
    """uniqueId of the document that this one replaces; '' when none."""
    notices: tuple[str, ...]
    """What was doubtful in the header and how it was taken, for the sender's eyes."""

    @property
    def facts(self) -> Mapping[str, str | Code | tuple[str | Code | Author, ...]]:
        """The attributes by the standard's names; what is unknown is left out."""
        found = {name: getattr(self, field) for name, field in _FIELDS.items()}
        return {"objectType": STABLE} | {name: fact for name, fact in found.items() if fact}

    @property
    def facts_abroad(self) -> Mapping[str, str | Code | tuple[str | Code | Author, ...]]:
        """The attributes for a domain other than France's: no identifier types (CX.5, XON.7)."""
        abroad: dict[str, str | Code | tuple[str | Code | Author, ...]] = {
            **self.facts,
            "patientId": cx_key(self.patient_id),
            "sourcePatientId": cx_key(self.source_patient_id),
        }
        if self.authors:
            abroad["author"] = self.authors_abroad
        return abroad

    @property
    def authors_abroad(self) -> tuple[Author, ...]:
        """The authors for a domain other than France's."""
        french = frozenset({Departure.XON_IDENTIFIER_TYPE})
        return tuple(
            replace(
                author,
                institutions=tuple(
                    render_xon(parse_xon(text, french)).rstrip("^") for text in author.institutions
                ),
            )
            for author in self.authors
        )


_FIELDS: Final = {
    "uniqueId": "unique_id",
    "mimeType": "mime_type",
    "title": "title",
    "languageCode": "language_code",
    "typeCode": "type_code",
    "classCode": "class_code",
    "formatCode": "format_code",
    "confidentialityCode": "confidentiality_codes",
    "healthcareFacilityTypeCode": "healthcare_facility_type_code",
    "practiceSettingCode": "practice_setting_code",
    "eventCodeList": "event_codes",
    "creationTime": "creation_time",
    "serviceStartTime": "service_start_time",
    "serviceStopTime": "service_stop_time",
    "author": "authors",
    "legalAuthenticator": "legal_authenticator",
    "patientId": "patient_id",
    "sourcePatientId": "source_patient_id",
    "sourcePatientInfo": "source_patient_info",
    "referenceIdList": "reference_ids",
}
