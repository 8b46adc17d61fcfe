"""The answer of ITI-79: a samlp:Response with one Result for each document.

Spec: SeR supplement §3.79.4.2.2; OASIS SAML 2.0 profile of XACML 2.0 §4.2; XACML 2.0 §6.10 (Result)
and §7.14 (whoever does not know an obligation takes the answer for a denial). A denial says why
only where the reason follows from the caller's own message. Nothing is a permission but a Result
that says so, under a status of success.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from xds.access import xacml
from xds.access.model import Obligation
from xds.ebrim.reader import shown_name, text_of
from xds.ebrim.writer import escape_attribute
from xds.errors import Complaint, quote
from xds.namespaces import SAML, SAMLP, XACML, XACML_CONTEXT, XACML_SAML, XSI
from xds.security.refusal import shown

_SAML_NAMES: Final = {"samlp": SAMLP, "saml": SAML, "c": XACML_CONTEXT, "x": XACML}
_KNOWN: Final = {xacml.OBLIGATION + one: one for one in Obligation}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is decided about one document, as the asker is told."""

    document_unique_id: str
    is_permitted: bool
    basis: str = ""
    """Of a permission: what it rests on, in a word."""
    obligations: frozenset[Obligation] = frozenset()
    """Of a permission: what has been done, or must be, before."""
    reason: str = ""
    """Of a denial that may be told: a `xds.access.model.Reason`."""
    rule: str = ""
    """Of a denial that may be told: why, in words for the caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a samlp:Response says of itself."""

    response_id: str
    in_response_to: str
    issuer: str
    instant: datetime


def write_decisions(verdicts: Iterable[Verdict], head: Head) -> bytes:
    """Return the answer. Spec: SeR supplement §3.79.4.2.2."""
    results = "".join(_result(one) for one in verdicts)
    issued = f'Version="2.0" IssueInstant="{shown(head.instant)}"'
    issuer = escape(head.issuer)
    statement = (
        f'<saml:Assertion ID="{escape_attribute(head.response_id)}-1" {issued}>'
        f"<saml:Issuer>{issuer}</saml:Issuer>"
        f'<saml:Statement xmlns:xacmlsaml="{XACML_SAML}" xmlns:xsi="{XSI}" '
        f'xsi:type="xacmlsaml:XACMLAuthzDecisionStatementType">'
        f'<Response xmlns="{XACML_CONTEXT}" xmlns:x="{XACML}">{results}</Response>'
        "</saml:Statement></saml:Assertion>"
    )
    return _response(head, f'<samlp:StatusCode Value="{xacml.SAML_SUCCESS}"/>', statement)


def write_failure(complaints: Iterable[Complaint], head: Head, *, is_ours: bool) -> bytes:
    """Return the answer to a question that was not decided: why, and no assertion."""
    code = xacml.SAML_RESPONDER if is_ours else xacml.SAML_REQUESTER
    said = "; ".join(f"{c.code} at {c.location}: {c.code_context}" for c in complaints)
    status = f'<samlp:StatusCode Value="{code}"/><samlp:StatusMessage>{escape(said)}'
    return _response(head, f"{status}</samlp:StatusMessage>", "")


def read_decisions(response: etree._Element, in_response_to: str) -> dict[str, Verdict]:
    """Return what is decided, by uniqueId; of several Results for one document a denial counts.

    Errors: ValueError, in words for an operator, for anything that is no answer to this question.
    """
    if response.tag != f"{{{SAMLP}}}Response":
        raise ValueError(f"a {shown_name(response)}, no samlp:Response")
    status = response.find("samlp:Status/samlp:StatusCode", _SAML_NAMES)
    code = "" if status is None else (status.get("Value") or "").strip()
    if code != xacml.SAML_SUCCESS:
        said = response.findtext("samlp:Status/samlp:StatusMessage", "", _SAML_NAMES)
        raise ValueError(f"the status {quote(code)}: {quote(said)}")
    if response.get("InResponseTo", in_response_to) != in_response_to:
        raise ValueError(f"the answer to {quote(response.get('InResponseTo', ''))}")
    found: dict[str, Verdict] = {}
    for result in response.iterfind(
        "saml:Assertion/saml:Statement/c:Response/c:Result", _SAML_NAMES
    ):
        verdict = _verdict(result)
        earlier = found.get(verdict.document_unique_id)
        if earlier is None or earlier.is_permitted:
            found[verdict.document_unique_id] = verdict
    return found


def _response(head: Head, status: str, assertion: str) -> bytes:
    asked = head.in_response_to
    relates = f' InResponseTo="{escape_attribute(asked)}"' if asked else ""
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" '
        f'ID="{escape_attribute(head.response_id)}"{relates} Version="2.0" '
        f'IssueInstant="{shown(head.instant)}">'
        f"<saml:Issuer>{escape(head.issuer)}</saml:Issuer>"
        f"<samlp:Status>{status}</samlp:Status>{assertion}</samlp:Response>"
    ).encode()


def _result(verdict: Verdict) -> str:
    decision = "Permit" if verdict.is_permitted else "Deny"
    minor = (xacml.BASIS + verdict.basis) if verdict.basis else ""
    minor = (xacml.REASON + verdict.reason) if verdict.reason else minor
    nested = f'><StatusCode Value="{escape_attribute(minor)}"/></StatusCode>' if minor else "/>"
    message = f"<StatusMessage>{escape(verdict.rule)}</StatusMessage>" if verdict.rule else ""
    status = f'<Status><StatusCode Value="{xacml.STATUS_OK}"{nested}{message}</Status>'
    obligations = "".join(
        f'<x:Obligation ObligationId="{xacml.OBLIGATION}{one}" FulfillOn="Permit"/>'
        for one in sorted(verdict.obligations)
    )
    if obligations:
        obligations = f"<x:Obligations>{obligations}</x:Obligations>"
    return (
        f'<Result ResourceId="{escape_attribute(verdict.document_unique_id)}">'
        f"<Decision>{decision}</Decision>{status}{obligations}</Result>"
    )


def _verdict(result: etree._Element) -> Verdict:
    decisions = [text_of(d).strip() for d in result.iterfind("c:Decision", _SAML_NAMES)]
    minors = result.iterfind("c:Status/c:StatusCode/c:StatusCode", _SAML_NAMES)
    minor = next((one.get("Value") or "" for one in minors), "")
    named = [
        one.get("ObligationId") or ""
        for one in result.iterfind("x:Obligations/x:Obligation", _SAML_NAMES)
        if one.get("FulfillOn") != "Deny"
    ]
    unique_id = result.get("ResourceId") or ""
    if decisions == ["Permit"] and all(one in _KNOWN for one in named):
        return Verdict(
            document_unique_id=unique_id,
            is_permitted=True,
            basis=minor.removeprefix(xacml.BASIS) if minor.startswith(xacml.BASIS) else "",
            obligations=frozenset(_KNOWN[one] for one in named),
        )
    is_told = minor.startswith(xacml.REASON)
    return Verdict(
        document_unique_id=unique_id,
        is_permitted=False,
        reason=minor.removeprefix(xacml.REASON) if is_told else "",
        rule=result.findtext("c:Status/c:StatusMessage", "", _SAML_NAMES) if is_told else "",
    )
