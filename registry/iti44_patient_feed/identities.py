"""Which identifiers of a message are the affinity domain's, and so concern the Registry.

Spec: ITI TF-2 §3.44.4.1.4 (the Registry stores only identifiers of the affinity domain's patient
identification domain and ignores all others), §3.44.4.2.4 (merge), Appendix E.2 (II and CX, whose
root and extension are CX.4.2 and CX.1; the IDs of all the person's roles are the patient's).
Whether a patient is known is not decided here. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from registry.hl7v3.codes import DetailCode
from registry.hl7v3.rules import shown
from registry.hl7v3.tree import Node
from registry.iti44_patient_feed.interactions import Interaction
from registry.iti44_patient_feed.rules import EVENT, PATIENT, ROLE
from xds.domain import AffinityDomain
from xds.errors import Complaint, Severity, Where
from xds.metadata.hl7v2 import Cx, render_cx
from xds.metadata.identifier import is_oid

ROLES: Final = ("asOtherIDs", "asCitizen", "asEmployee", "asStudent", "asMember")
"""Roles of the person whose ids identify the patient; those of relatives do not."""
STORES: Final = "the Registry stores identifiers of its affinity domain (ITI TF-2 §3.44.4.1.4)"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedId:
    """An identifier of the affinity domain and where it stands."""

    patient_id: str
    """CX."""
    authority: str
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a message says about patients of the affinity domain."""

    interaction: Interaction
    patients: tuple[PlacedId, ...] = ()
    """Whom it adds or revises; of a merge the one who survives."""
    subsumed: PlacedId | None = None


def read_record(
    message: Node, interaction: Interaction, domain: AffinityDomain
) -> tuple[Record, tuple[Complaint, ...]]:
    """Return the patients of a message, and every complaint about their identifiers."""
    reading = _Reading(domain)
    own = reading.all(message.at(f"{PATIENT}/id"))
    if interaction is not Interaction.MERGE:
        others = reading.others(message) if domain.authorities else ()
        patients = _each_once((*own, *others))
        if not patients and not reading.complaints:
            reading.complaints.append(_nobody(message, domain))
        reading.organizations(message)
        return Record(interaction=interaction, patients=patients), tuple(reading.complaints)
    subsumed = reading.all(message.at(f"{ROLE}/id"))
    survivor = reading.survivor(own, subsumed, message)
    record = Record(
        interaction=interaction,
        patients=(survivor,) if survivor else (),
        subsumed=subsumed[0] if len(subsumed) == 1 else None,
    )
    if not subsumed:
        for node in message.at(f"{ROLE}/id"):
            reading.foreign(node, "the subsumed patient identifier")
    return record, tuple(reading.complaints)


class _Reading:
    """Goes through the identifiers of one message."""

    def __init__(self, domain: AffinityDomain) -> None:
        self._domain = domain
        self.complaints: list[Complaint] = []

    def all(self, nodes: Iterator[Node]) -> tuple[PlacedId, ...]:
        """Return the domain's among these ids."""
        found: list[PlacedId] = []
        for node in nodes:
            if node.is_null:
                continue
            authority = node.get("root")
            if fault := self._fault(node):
                self.complaints.append(fault)
            elif is_oid(authority) and self._designates(authority):
                cx = Cx(id_number=node.get("extension"), authority=authority)
                found.append(
                    PlacedId(patient_id=render_cx(cx), authority=authority, where=node.where)
                )
        return tuple(found)

    def others(self, message: Node) -> tuple[PlacedId, ...]:
        """Return the domain's among the ids of the person's other roles."""
        person = f"{PATIENT}/patientPerson"
        return tuple(
            placed for role in ROLES for placed in self.all(message.at(f"{person}/{role}/id"))
        )

    def organizations(self, message: Node) -> None:
        """Warn of ids that their scoping organization did not assign (Appendix E.2)."""
        for scope, scoped in (
            (f"{PATIENT}", "providerOrganization"),
            (f"{PATIENT}/patientPerson/asOtherIDs", "scopingOrganization"),
        ):
            for role in message.at(scope):
                roots = {node.get("root") for node in role.at(f"{scoped}/id")} - {""}
                for node in role.named("id"):
                    if roots and node.get("root") not in roots | {""}:
                        self.complaints.append(_unscoped(node, scoped))

    def survivor(
        self, own: tuple[PlacedId, ...], subsumed: tuple[PlacedId, ...], message: Node
    ) -> PlacedId | None:
        """Return the identifier that survives: the subsumed one's authority decides between two.

        Why: a patient may have several identifiers of the affinity domain, and an identifier of
        one authority may be merged into one of another (in France INS-NIA into INS-NIR).
        """
        candidates = _each_once(own)
        same = {placed.authority for placed in subsumed}
        nearest = tuple(c for c in candidates if c.authority in same) or candidates
        if len(nearest) == 1:
            return nearest[0]
        if nearest:
            self.complaints.append(_ambiguous(nearest))
        else:
            for node in message.at(f"{PATIENT}/id"):
                self.foreign(node, "the surviving patient identifier")
        return None

    def foreign(self, node: Node, which: str) -> None:
        """Complain of an identifier of another domain. Spec: ITI TF-2 §3.44.4.2.4."""
        self.complaints.append(
            Complaint(
                code=DetailCode.WRONG_VALUE,
                subject=which,
                rule="it is issued by the affinity domain's assigning authority "
                "(ITI TF-2 §3.44.4.2.4)",
                came=shown(node),
                expected=self._authorities(),
                fix="send the identifier of the affinity domain, or nothing to this Registry",
                where=node.where,
            )
        )

    def _designates(self, authority: str) -> bool:
        return not self._domain.authorities or authority in self._domain.authorities

    def _authorities(self) -> str:
        return authorities_of(self._domain)

    def _fault(self, node: Node) -> Complaint | None:
        root, extension = node.get("root"), node.get("extension")
        if root and not self._is_ours(root):
            return None
        if not root or not extension:
            code, expected = DetailCode.MISSING_ATTRIBUTE, 'root="OID" and extension="identifier"'
        elif extension != extension.strip() or not extension.isprintable():
            code, expected = DetailCode.WRONG_VALUE, "an extension without white space around it"
        else:
            return None
        return Complaint(
            code=code,
            subject="patient identifier",
            rule="an II has the authority as its root and the identifier as its extension "
            "(ITI TF-2 Table E.2.2-1)",
            came=shown(node),
            expected=expected,
            fix="send both, or nullFlavor when there is none",
            where=node.where,
        )

    def _is_ours(self, root: str) -> bool:
        return is_oid(root) and self._designates(root)


def authorities_of(domain: AffinityDomain) -> str:
    """Return the domain's assigning authorities as an error names them."""
    if not domain.authorities:
        return "an authority that is an ISO OID"
    return " or ".join(
        f"root {a.oid} ({a.title or 'no title'})" for a in domain.authorities.values()
    )


def _each_once(placed: tuple[PlacedId, ...]) -> tuple[PlacedId, ...]:
    first: dict[str, PlacedId] = {}
    for one in placed:
        first.setdefault(one.patient_id, one)
    return tuple(first.values())


def _nobody(message: Node, domain: AffinityDomain) -> Complaint:
    """Say that nothing of a message is ours; it is no error to send it (§3.44.4.1.4)."""
    places = [node.where for node in message.at(f"{PATIENT}/id")] or [
        node.where for node in message.at(EVENT)
    ]
    return Complaint(
        code=DetailCode.WRONG_VALUE,
        subject="patient",
        rule=f"{STORES}; all others are ignored",
        came="no identifier of the domain",
        expected=authorities_of(domain),
        fix="nothing, if the patient has no identifier in the affinity domain",
        where=places[0] if places else message.where,
        severity=Severity.WARNING,
    )


def _unscoped(node: Node, scoped: str) -> Complaint:
    return Complaint(
        code=DetailCode.WRONG_VALUE,
        subject="patient identifier",
        rule=f"the root of an id is that of its {scoped} (ITI TF-2 Appendix E.2)",
        came=shown(node),
        expected=f"the root of {scoped}/id",
        fix="put ids of other authorities into asOtherIDs",
        where=node.where,
        severity=Severity.WARNING,
    )


def _ambiguous(candidates: tuple[PlacedId, ...]) -> Complaint:
    return Complaint(
        code=DetailCode.TOO_MANY_ATTRIBUTES,
        subject="the surviving patient identifier",
        rule="a merge has one patient identifier that survives (ITI TF-2 §3.44.4.2.4)",
        came=f"{len(candidates)} identifiers of the affinity domain in Patient.id",
        expected="one identifier of the subsumed one's authority",
        fix="send one patient/id of that authority",
        where=candidates[1].where,
    )
