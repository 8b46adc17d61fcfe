"""The question of ITI-79: an XACMLAuthzDecisionQuery written by a Repository, read by a Registry.

Spec: SeR supplement §3.79.4.1.2; OASIS SAML 2.0 profile of XACML 2.0 §4.1; XACML 2.0 §6 (context).
Who asks is said by the assertion of the message, and decided on; the Subject here repeats it, since
the supplement wants it, and must agree. Tolerated, as in the supplement's own example: no ID,
Version or IssueInstant, qualified attributes, white space around a value. Policies sent along are
refused: whoever asks does not decide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from xds.access import xacml
from xds.access.model import Action
from xds.access.xacml import Attribute
from xds.ebrim.reader import line_of, shown_name, text_of
from xds.ebrim.writer import escape_attribute
from xds.errors import Complaint, ErrorCode, Where, quote
from xds.namespaces import DS, SAML, SAMLP, XACML_CONTEXT, XACML_SAMLP
from xds.security.caller import Caller
from xds.security.refusal import shown
from xds.soap.xml import elements

REQUEST: Final = f"{{{XACML_SAMLP}}}XACMLAuthzDecisionQuery"
SECTION: Final = "SeR supplement §3.79.4.1.2"
MAX_RESOURCES: Final = 10_000
"""Documents in one question."""
_HEAD: Final = frozenset({f"{{{SAML}}}Issuer", f"{{{DS}}}Signature", f"{{{SAMLP}}}Extensions"})
"""What every request of the SAML protocol may begin with."""
_PARTS: Final = ("Subject", "Resource", "Action", "Environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedDocument:
    """One document that a question is about."""

    document_unique_id: str
    repository_unique_id: str
    """An OID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionQuery:
    """Whether a caller may do something with each of some documents."""

    query_id: str
    """The ID that the answer refers to; '' when the question has none."""
    subject_id: str
    action: Action
    documents: tuple[AskedDocument, ...]
    """Each once, in the order of the message."""


def write_decision_query(
    caller: Caller,
    documents: Iterable[AskedDocument],
    action: Action,
    *,
    query_id: str,
    instant: datetime,
) -> bytes:
    """Return a question about documents, for a verified caller.

    Spec: SeR supplement §3.79.4.1.2.1.1. Errors: StopIteration for an action that cannot be asked.
    """
    action_id = next(uri for uri, asked in xacml.ACTIONS.items() if asked is action)
    parts = [_part("Subject", _subject(caller))]
    parts += [_part("Resource", _resource(one, caller)) for one in documents]
    parts += [
        _part("Action", (Attribute(xacml.ACTION_ID, action_id, xacml.ANY_URI),)),
        "<Environment/>",
    ]
    return (
        f'<q:XACMLAuthzDecisionQuery xmlns:q="{XACML_SAMLP}" ID="{escape_attribute(query_id)}" '
        f'Version="2.0" IssueInstant="{shown(instant)}" InputContextOnly="false" '
        f'ReturnContext="false"><Request xmlns="{XACML_CONTEXT}">{"".join(parts)}</Request>'
        "</q:XACMLAuthzDecisionQuery>"
    ).encode()


def read_decision_query(
    query: etree._Element, where: Where
) -> tuple[DecisionQuery | None, tuple[Complaint, ...]]:
    """Return the question, or None and every complaint. Errors: XDSRegistryError, as complaints."""
    children = elements(query)
    contexts = [c.tag for c in children if c.tag not in _HEAD]
    if query.tag != REQUEST or contexts != [f"{{{XACML_CONTEXT}}}Request"]:
        named = ", ".join(shown_name(c) for c in children[:5]) or "nothing"
        rule = "an XACMLAuthzDecisionQuery has one Request, and no policies"
        fix = "send the context alone"
        return None, (_complaint(rule, f"{shown_name(query)} with {named}", fix, where),)
    (request,) = (c for c in children if c.tag not in _HEAD)
    reading = _Reading(request, where.child("context:Request", line_of(request)))
    complaints = tuple(reading.complaints())
    if complaints:
        return None, complaints
    return (
        DecisionQuery(
            query_id=(query.get("ID") or "").strip(),
            subject_id=reading.subject_ids[0],
            action=xacml.ACTIONS[reading.action_ids[0]],
            documents=tuple(dict.fromkeys(reading.documents)),
        ),
        (),
    )


class _Reading:
    """The Request of a question, taken apart."""

    def __init__(self, request: etree._Element, where: Where) -> None:
        self.where = where
        self.parts: dict[str, list[tuple[etree._Element, Where]]] = {name: [] for name in _PARTS}
        self.strange: list[etree._Element] = []
        for child in elements(request):
            name = child.tag.removeprefix(f"{{{XACML_CONTEXT}}}")
            if name not in self.parts:
                self.strange.append(child)
                continue
            place = f"context:{name}[{len(self.parts[name]) + 1}]"
            self.parts[name].append((child, where.child(place, line_of(child))))
        self.subject_ids = self._values("Subject", frozenset({xacml.SUBJECT_ID}))
        self.action_ids = self._values("Action", xacml.ACTION_IDS)
        self.documents = [_document(one) for one, _ in self.parts["Resource"]]

    def complaints(self) -> Iterator[Complaint]:
        """Yield what is wrong with it."""
        yield from self._numbers()
        if len(self.subject_ids) != 1 or not self.subject_ids[0]:
            yield _complaint(
                "the Subject has one subject-id, the NameID of the assertion",
                ", ".join(map(quote, self.subject_ids)) or "none",
                f"send the Attribute {xacml.SUBJECT_ID}",
                self.where,
            )
        if len(self.action_ids) != 1 or self.action_ids[0] not in xacml.ACTIONS:
            yield _complaint(
                "the Action has one action-id, of an action that is decided here",
                ", ".join(map(quote, self.action_ids)) or "none",
                f"send one of {', '.join(xacml.ACTIONS)}",
                self.where,
            )
        for document, (_, place) in zip(self.documents, self.parts["Resource"], strict=True):
            if not document.document_unique_id or not document.repository_unique_id:
                yield _complaint(
                    "a Resource has one resource-id (the document's uniqueId) and one "
                    "repository-unique-id",
                    f"resource-id {quote(document.document_unique_id)}, repository-unique-id "
                    f"{quote(document.repository_unique_id)}",
                    f"send the Attributes {xacml.RESOURCE_ID} and {xacml.REPOSITORY_UNIQUE_ID}",
                    place,
                )

    def _numbers(self) -> Iterator[Complaint]:
        wanted = {"Subject": 1, "Action": 1, "Environment": 1, "Resource": MAX_RESOURCES}
        wrong = [
            f"{len(self.parts[name])} {name}"
            for name, most in wanted.items()
            if not 1 <= len(self.parts[name]) <= most
        ]
        wrong += [shown_name(one) for one in self.strange[:1]]
        if wrong:
            yield _complaint(
                f"a Request has one Subject, 1 to {MAX_RESOURCES} Resources, one Action and one "
                "Environment, and nothing else",
                ", ".join(wrong),
                "send a Request of that shape",
                self.where,
            )

    def _values(self, part: str, names: frozenset[str]) -> list[str]:
        return [value for one, _ in self.parts[part] for value in _values(one, names)]


def _document(resource: etree._Element) -> AskedDocument:
    """Return what a Resource names; a name that is given twice, or never, is ''."""
    unique_ids = _values(resource, frozenset({xacml.RESOURCE_ID}))
    repositories = _values(resource, frozenset({xacml.REPOSITORY_UNIQUE_ID}))
    return AskedDocument(
        document_unique_id=unique_ids[0] if len(unique_ids) == 1 else "",
        repository_unique_id=(
            repositories[0].removeprefix(xacml.OID) if len(repositories) == 1 else ""
        ),
    )


def _values(part: etree._Element, names: frozenset[str]) -> list[str]:
    return [
        text_of(value).strip()
        for attribute in elements(part)
        if attribute.tag == f"{{{XACML_CONTEXT}}}Attribute"
        and (attribute.get("AttributeId") or "").strip() in names
        for value in elements(attribute)
        if value.tag == f"{{{XACML_CONTEXT}}}AttributeValue"
    ]


def _subject(caller: Caller) -> Iterator[Attribute]:
    """Yield what the assertion says of the caller, as Table 3.79.4.1.2-1 names it."""
    yield Attribute(xacml.SUBJECT_ID, caller.identity)
    if caller.structure:
        yield Attribute(xacml.ORGANIZATION_ID, caller.structure, xacml.ANY_URI)
    for role in caller.roles:
        yield Attribute(xacml.ROLE, xacml.coded_urn(role), xacml.ANY_URI)
    if caller.purpose_of_use is not None:
        purpose = xacml.coded_urn(caller.purpose_of_use)
        yield Attribute(xacml.PURPOSE_OF_USE, purpose, xacml.ANY_URI)


def _resource(document: AskedDocument, caller: Caller) -> Iterator[Attribute]:
    repository = xacml.OID + document.repository_unique_id
    yield Attribute(xacml.RESOURCE_ID, document.document_unique_id)
    yield Attribute(xacml.REPOSITORY_UNIQUE_ID, repository, xacml.ANY_URI)
    if caller.patient_concerned:
        yield Attribute(xacml.PATIENT_ID, caller.patient_concerned)


def _part(name: str, attributes: Iterable[Attribute]) -> str:
    written = "".join(
        f'<Attribute AttributeId="{one.attribute_id}" DataType="{one.data_type}">'
        f"<AttributeValue>{escape_attribute(one.value)}</AttributeValue></Attribute>"
        for one in attributes
    )
    return f"<{name}>{written}</{name}>"


def _complaint(rule: str, came: str, fix: str, where: Where) -> Complaint:
    return Complaint(
        code=ErrorCode.XDS_REGISTRY_ERROR,
        subject="XACMLAuthzDecisionQuery",
        rule=f"{rule} ({SECTION})",
        came=came,
        expected="a question that can be decided",
        fix=fix,
        where=where,
    )
