"""Changes to a stored fragment: a status, a folder's lastUpdateTime, a patient. Pure, on octets.

Why on octets: a fragment was written by `xds.ebrim.writer`, which escapes every quote inside a
value, so the first ` status="` is the start tag's attribute and nothing else. Reading and writing
the whole object would give the same octets at fifty times the cost.

Spec: ITI TF-3 §4.2.3.2.2 (availabilityStatus), §4.2.3.4.6 (lastUpdateTime); ITI TF-2
§3.18.4.1.2.3.9.1 (a merged patient's identifier).
"""

import re
from typing import Final

from xds.ebrim.writer import escape_attribute
from xds.metadata import vocabulary as v

_STATUS: Final = re.compile(rb'( status=")[^"]*(")')
_LAST_UPDATE: Final = re.compile(
    rb'(<rim:Slot name="lastUpdateTime"(?: slotType="[^"]*")?><rim:ValueList><rim:Value>)'
    rb"[^<]*(</rim:Value>)"
)
_SUBMISSION_TIME: Final = re.compile(
    rb'<rim:Slot name="submissionTime"(?: slotType="[^"]*")?><rim:ValueList><rim:Value>'
    rb"([0-9]+)</rim:Value>"
)
_IDENTIFIER: Final = re.compile(rb"<rim:ExternalIdentifier [^>]*>")
_VALUE: Final = re.compile(rb'( value=")[^"]*(")')
_PATIENT_SCHEMES: Final = tuple(
    f' identificationScheme="{scheme}"'.encode("ascii")
    for scheme in (
        v.DOCUMENT_ENTRY_PATIENT_ID,
        v.SUBMISSION_SET_PATIENT_ID,
        v.FOLDER_PATIENT_ID,
    )
)


def with_status(fragment: bytes, status: str) -> bytes:
    """Return the fragment with another availabilityStatus. Errors: ValueError when it has none."""
    return _replace(_STATUS, fragment, status, "status")


def with_last_update_time(fragment: bytes, instant: str) -> bytes:
    """Return a folder's fragment with another lastUpdateTime. Errors: ValueError if without."""
    return _replace(_LAST_UPDATE, fragment, instant, "lastUpdateTime")


def with_patient_id(fragment: bytes, patient_id: str) -> bytes:
    """Return the fragment with another patientId, if it has one at all."""
    written = escape_attribute(patient_id).encode("utf-8")

    def changed(tag: re.Match[bytes]) -> bytes:
        if not any(scheme in tag[0] for scheme in _PATIENT_SCHEMES):
            return tag[0]
        return _VALUE.sub(lambda found: found[1] + written + found[2], tag[0], count=1)

    return _IDENTIFIER.sub(changed, fragment)


def _replace(pattern: re.Pattern[bytes], fragment: bytes, value: str, what: str) -> bytes:
    changed, count = pattern.subn(
        lambda found: found.group(1) + value.encode("utf-8") + found.group(2), fragment, count=1
    )
    if count != 1:
        raise ValueError(f"a stored fragment has no {what}")
    return changed


def submission_time(fragment: bytes) -> str:
    """Return a SubmissionSet's submissionTime as its stored fragment has it, '' when absent."""
    found = _SUBMISSION_TIME.search(fragment)
    return found[1].decode("ascii") if found else ""
