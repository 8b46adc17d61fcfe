"""A body of TD1.1, TD1.2 or TD1.4 to a tree, and what it asks for.

Spec: HL7 v3 XML ITS; what the rules do not look at is read over.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from lxml import etree

from registry.hl7v3.identifiers import cx_of
from registry.hl7v3.reading import paths_to, read_tree
from registry.hl7v3.tree import Node
from registry.records.changes import Consent
from registry.records.words import invalid
from registry.td11_open_and_close.rules import (
    ACT,
    BECAUSE,
    DMP,
    NO_BREAK_GLASS,
    NO_REGULATION,
    PATIENT,
    ROWS,
    Request,
    check,
    check_request,
    observations,
)
from xds.errors import Complaint, Where

READ: Final = paths_to(*(row.path for row in ROWS), BECAUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for, of whose record."""

    request: Request
    patient_id: str
    """CX."""
    consent: Consent
    """Emergency consents that the patient gave with the creation."""
    where: Where


def read_message(body: etree._Element, where: Where) -> Node:
    """Return a message as a tree; `where` is the body's own place."""
    return read_tree(body, where, READ)


def judge_message(
    message: Node, authorities: Collection[str]
) -> tuple[Asked | None, tuple[Complaint, ...]]:
    """Return what is asked for, if it can be told, and every complaint.

    `authorities` are the affinity domain's: a patient may have identifiers of others as well.
    """
    complaints = check(message, message.name)
    code = next((node.get("code") for node in message.at(f"{ACT}/reasonCode")), "")
    ids = list(message.at(f"{PATIENT}/id"))
    own = [node for node in ids if not authorities or node.get("root") in authorities] or ids
    if any(c.is_error for c in complaints) or not own:
        return None, tuple(complaints)
    request = Request(code)
    complaints += check_request(message, request)
    if len({cx_of(node) for node in own}) > 1:
        complaints.append(
            invalid(
                subject="patient/id",
                rule=f"a patient is named by one identifier of this domain ({DMP})",
                came=f"{len(own)} identifiers",
                expected="one",
                fix="leave the patient's identifier in use",
                where=own[1].where,
            )
        )
    asked = Asked(
        request=request, patient_id=cx_of(own[0]), consent=_consent(message), where=own[0].where
    )
    return asked, tuple(complaints)


def _consent(message: Node) -> Consent:
    said = observations(message)
    return Consent(
        regulation=False if said.get(NO_REGULATION) else None,
        break_glass=False if said.get(NO_BREAK_GLASS) else None,
    )


def request_of(message: Node) -> Request | None:
    """Return what a message asks for, as far as it can be read."""
    codes = [node.get("code") for node in message.at(f"{ACT}/reasonCode")]
    known = [code for code in codes if code in frozenset(Request)]
    return Request(known[0]) if known else None
