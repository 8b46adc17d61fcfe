"""One object against the attribute table: presence, number, data type, length, code, value set.

Spec: ITI TF-3 §4.2.3 and Table 4.3.1-3; ITI TF-2 §3.42.4.1.3.3 (what a Registry enforces). All
complaints, never only the first. White space around a value is no part of it: the Framework's own
examples indent values (§4.2.3.3.7). An empty slot is an absent attribute.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Unpack

from xds.errors import Complaint, ErrorCode, Severity, Where, Words, quote
from xds.metadata import hl7v2, identifier
from xds.metadata import vocabulary as v
from xds.metadata.attributes import (
    AUTHOR_SLOTS,
    BY_SUBJECT,
    CODED_AUTHOR_SLOTS,
    IDENTIFICATION_SCHEMES,
    NAMES_ONE_AUTHOR,
    NODES,
    SCHEMES,
    SLOT_CHARACTERS,
    SLOT_NAMES,
    Attribute,
    Carrier,
    Datatype,
    Need,
    Subject,
)
from xds.metadata.checks import CHECKS, DEPARTING, check_object_type
from xds.metadata.code import read_code
from xds.metadata.datatype import DatatypeError
from xds.metadata.need import need_of, why_prohibited
from xds.metadata.occurrence import Occurrence, carrier_of, filled, occurrences, slot_occurrences
from xds.metadata.parts import part_faults
from xds.metadata.policy import METADATA_ERROR, Actor, CodePolicy, IdentifierCheck
from xds.metadata.rim import RimObject, Slot

SINGLE_PID_FIELDS: Final = (7, 8)


def name_of(subject: str, rim: RimObject) -> str:
    """Return an object's name in an error: `DocumentEntry 'Document01'`."""
    return f"{subject} {quote(rim.id)}" if rim.id else f"{subject} without an id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """The table, applied by one actor in one affinity domain."""

    actor: Actor
    domain: CodePolicy
    identifier_checks: Mapping[str, IdentifierCheck] = field(default_factory=dict)
    """Checks that the domain's authorities name (`Authority.check`), such as `ins`."""
    entry_types: frozenset[str] = frozenset({v.STABLE})
    """objectTypes of the DocumentEntries that the transaction takes."""

    def judge(self, subject: Subject, rim: RimObject) -> Iterator[Complaint]:
        """Yield every complaint about one object's own content."""
        for attribute in BY_SUBJECT[subject]:
            yield from self._attribute(attribute, rim)
        yield from self._slot_names(subject, rim)
        yield from self._strangers(subject, rim)
        for where, why in part_faults(rim):
            yield self.complaint(where, subject=name_of(subject, rim), **why)
        for classification in rim.classifications:
            yield from self._long_values(subject, rim, classification.slots)

    def complaint(
        self,
        where: Where,
        *,
        code: ErrorCode | None = None,
        severity: Severity = Severity.ERROR,
        **words: Unpack[Words],
    ) -> Complaint:
        """Return a complaint with this actor's code for metadata, unless another is given."""
        return Complaint(
            code=code or METADATA_ERROR[self.actor], where=where, severity=severity, **words
        )

    # -- one attribute ---------------------------------------------------------------------------

    def _attribute(self, attribute: Attribute, rim: RimObject) -> Iterator[Complaint]:
        found = occurrences(attribute, rim)
        need = need_of(attribute, self.actor, rim)
        if need is Need.REQUIRED and not found:
            yield self._missing(attribute, rim)
        elif need is Need.PROHIBITED and found:
            yield self.complaint(
                found[0].where,
                subject=name_of(attribute.subject, rim),
                **why_prohibited(attribute, found[0].text),
            )
        if attribute.is_single and len(found) > 1:
            yield self.complaint(
                found[1].where,
                subject=name_of(attribute.subject, rim),
                rule=f"{attribute.label} has one value (ITI TF-3 §{attribute.section})",
                came=f"{len(found)} values, the second {quote(found[1].text)}",
                expected="one value",
                fix="remove all but one",
            )
        for occurrence in found:
            yield from self._value(attribute, rim, occurrence)
        if attribute.datatype is Datatype.PID_FIELD:
            yield from self._repeated_pid_fields(attribute, rim, found)

    def _missing(self, attribute: Attribute, rim: RimObject) -> Complaint:
        return self.complaint(
            rim.where,
            subject=name_of(attribute.subject, rim),
            rule=f"{attribute.label} is required (ITI TF-3 §{attribute.section}, Table 4.3.1-3)",
            came="no value",
            expected=f"{attribute.datatype} in {carrier_of(attribute)}"
            if attribute.carrier is not Carrier.CODE
            else f"a code in {carrier_of(attribute)}",
            fix=f"add {attribute.name}",
        )

    def _value(
        self, attribute: Attribute, rim: RimObject, occurrence: Occurrence
    ) -> Iterator[Complaint]:
        if attribute.carrier is Carrier.CODE and occurrence.classification is not None:
            yield from self._code(attribute, rim, occurrence.classification)
            return
        if attribute.carrier is Carrier.AUTHOR and occurrence.classification is not None:
            yield from self._author(attribute, rim, occurrence.classification)
            return
        most = attribute.max_characters
        if most is not None and len(occurrence.text) > most:
            subject = name_of(attribute.subject, rim)
            yield self._too_long(
                attribute.label, f"§{attribute.section}", subject, occurrence, most
            )
        fault = self._fault(attribute.datatype, occurrence.text)
        if fault is not None:
            subject = name_of(attribute.subject, rim)
            yield self._unfit(fault, attribute.label, attribute.section, subject, occurrence)
        if attribute.value_set and not self.domain.admits(attribute.value_set, occurrence.text, ""):
            yield self.complaint(
                occurrence.where,
                subject=name_of(attribute.subject, rim),
                rule=f"{attribute.label} is one that the affinity domain allows "
                "(ITI TF-2 §3.42.4.1.3.3.4)",
                came=quote(occurrence.text),
                expected=self.domain.nearest(attribute.value_set, occurrence.text, ""),
                fix="send an allowed value, or ask the domain to add this one",
            )

    def _fault(self, datatype: Datatype, text: str) -> DatatypeError | None:
        """Return what keeps a text from being a value of its type, or None."""
        check = CHECKS[datatype]
        if datatype in DEPARTING:
            check = partial(DEPARTING[datatype], departures=self.domain.departures)
        elif datatype is Datatype.OBJECT_TYPE:
            check = partial(check_object_type, taken=self.entry_types)
        try:
            check(text)
        except DatatypeError as error:
            return error
        return None

    def _unfit(
        self, fault: DatatypeError, label: str, section: str, subject: str, occurrence: Occurrence
    ) -> Complaint:
        return self.complaint(
            occurrence.where,
            subject=subject,
            rule=f"{label}: {fault.rule} (ITI TF-3 §{section}, Table 4.2.3.1.7-2)",
            came=quote(occurrence.text),
            expected=fault.expected,
            fix=fault.fix,
        )

    def _too_long(
        self, label: str, section: str, subject: str, occurrence: Occurrence, most: int
    ) -> Complaint:
        return self.complaint(
            occurrence.where,
            subject=subject,
            rule=f"{label} has at most {most} characters (ITI TF-3 {section})",
            came=f"{len(occurrence.text)} characters, {quote(occurrence.text)}",
            expected=f"at most {most} characters",
            fix="shorten the value",
        )

    # -- codes and authors -----------------------------------------------------------------------

    def _code(
        self, attribute: Attribute, rim: RimObject, classification: RimObject
    ) -> Iterator[Complaint]:
        subject, code = name_of(attribute.subject, rim), read_code(classification)
        schemes = filled(classification.slot("codingScheme"))
        parts = (
            (bool(code.code), "the code in Classification/@nodeRepresentation", code.code),
            (
                len(schemes) == 1,
                "the coding scheme, once, in Slot 'codingScheme'",
                f"{len(schemes)} coding schemes",
            ),
            (bool(code.display), "the display name in Name/LocalizedString/@value", code.display),
        )
        for is_right, part, came in parts:
            if not is_right:
                yield self.complaint(
                    classification.where,
                    subject=subject,
                    rule=f"{attribute.label}: a code has a value, one coding scheme and a display "
                    f"name (ITI TF-3 §{attribute.section}, §4.2.3.1.2)",
                    came=came or "no value",
                    expected=part,
                    fix="add it" if len(schemes) <= 1 else "keep one coding scheme",
                )
        if (
            code.code
            and code.scheme
            and not self.domain.admits(attribute.value_set, code.code, code.scheme)
        ):
            yield self.complaint(
                classification.where,
                subject=subject,
                rule=f"{attribute.label} is a code that the affinity domain allows "
                f"(ITI TF-3 §{attribute.section}; ITI TF-2 §3.42.4.1.3.3.3)",
                came=f"code {quote(code.code)} of scheme {quote(code.scheme)}",
                expected=f"a code of the domain's value set for {attribute.value_set}: "
                + self.domain.nearest(attribute.value_set, code.code, code.scheme),
                fix="check code and codingScheme together: both must be in the set",
            )
        yield from self._dual_context(subject, "classifiedObject", rim, classification)

    def _author(
        self, attribute: Attribute, rim: RimObject, classification: RimObject
    ) -> Iterator[Complaint]:
        subject = name_of(attribute.subject, rim)
        if not any(filled(classification.slot(name)) for name in NAMES_ONE_AUTHOR):
            yield self.complaint(
                classification.where,
                subject=subject,
                rule=f"{attribute.label} names a person, an institution or a telecommunication "
                f"address (ITI TF-3 §{attribute.section}, §4.2.3.1.4)",
                came="an author with none of the three",
                expected="Slot 'authorPerson', 'authorInstitution' or 'authorTelecommunication'",
                fix="add one of the three, or leave the author away",
            )
        for name, (datatype, is_single, section) in AUTHOR_SLOTS.items():
            found = list(slot_occurrences(classification.slot(name)))
            if is_single and len(found) > 1:
                yield self.complaint(
                    found[1].where,
                    subject=subject,
                    rule=f"{name} has one value (ITI TF-3 §{section})",
                    came=f"{len(found)} values, the second {quote(found[1].text)}",
                    expected="one value; another author is another Classification",
                    fix="send one Classification for each author",
                )
            for occurrence in found:
                fault = self._fault(datatype, occurrence.text)
                if fault is not None:
                    yield self._unfit(fault, name, section, subject, occurrence)
                elif name in CODED_AUTHOR_SLOTS:
                    yield from self._author_code(name, section, subject, occurrence)
        yield from self._dual_context(subject, "classifiedObject", rim, classification)

    def _author_code(
        self, name: str, section: str, subject: str, occurrence: Occurrence
    ) -> Iterator[Complaint]:
        coded = hl7v2.parse_coded_string(occurrence.text)
        if coded is not None and not self.domain.admits(name, *coded):
            yield self.complaint(
                occurrence.where,
                subject=subject,
                rule=f"{name} is a code that the affinity domain allows (ITI TF-3 §{section})",
                came=f"code {quote(coded[0])} of system {quote(coded[1])}",
                expected=self.domain.nearest(name, *coded),
                fix="check code and system together: both must be in the set",
            )

    def _dual_context(
        self, subject: str, attribute: str, rim: RimObject, inner: RimObject
    ) -> Iterator[Complaint]:
        named = inner.attribute(attribute)
        if named and rim.id and named != rim.id:
            yield self.complaint(
                inner.where.child(f"@{attribute}"),
                subject=subject,
                rule=f"{inner.tag}/@{attribute} is the id of the object around it "
                "(ITI TF-3 §4.2.3.1.2, §4.2.3.1.3)",
                came=quote(named),
                expected=quote(rim.id),
                fix=f"move the {inner.tag} into the object that it names, or correct the id",
            )

    # -- what is no row of the table -------------------------------------------------------------

    def _slot_names(self, subject: Subject, rim: RimObject) -> Iterator[Complaint]:
        first: dict[str, Slot] = {}
        for slot in rim.slots:
            if slot.name in first:
                yield self.complaint(
                    slot.where,
                    subject=name_of(subject, rim),
                    rule="the name of a Slot is unique in its object (ITI TF-3 §4.2.3.1.6; ebRIM)",
                    came=f"Slot {quote(slot.name)} again; the first is on line "
                    f"{first[slot.name].where.line}",
                    expected="one Slot with all its values",
                    fix="merge the two Slots",
                )
            first.setdefault(slot.name, slot)
            if slot.name not in SLOT_NAMES[subject]:
                yield from self._extra_slot(subject, rim, slot)

    def _extra_slot(self, subject: Subject, rim: RimObject, slot: Slot) -> Iterator[Complaint]:
        is_urn = identifier.URN.fullmatch(slot.name) and len(slot.name) <= SLOT_CHARACTERS
        if not is_urn or slot.name.lower().startswith("urn:ihe:"):
            yield self.complaint(
                slot.where,
                subject=name_of(subject, rim),
                rule=f"a Slot of {subject} is a metadata attribute, or extra metadata named by "
                f"a URN (at most {SLOT_CHARACTERS} characters) that does not start with urn:ihe: "
                "(ITI TF-3 §4.2.3.1.6; ITI TF-2 §3.42.4.1.3.2)",
                came=f"Slot {quote(slot.name)}",
                expected=f"one of {', '.join(sorted(SLOT_NAMES[subject]))}, or a URN",
                fix="correct the name, or name it urn:…",
            )
        yield from self._long_values(subject, rim, (slot,))

    def _long_values(
        self, subject: Subject, rim: RimObject, slots: Iterable[Slot]
    ) -> Iterator[Complaint]:
        for slot in slots:
            for occurrence in slot_occurrences(slot):
                if len(occurrence.text) > SLOT_CHARACTERS:
                    yield self._too_long(
                        f"Slot {quote(slot.name)}",
                        "§4.2.3.1.1",
                        name_of(subject, rim),
                        occurrence,
                        SLOT_CHARACTERS,
                    )

    def _strangers(self, subject: Subject, rim: RimObject) -> Iterator[Complaint]:
        """Yield complaints about schemes and nodes of no row, or of another object's."""
        for classification in rim.classifications:
            scheme = classification.attribute("classificationScheme")
            node = classification.attribute("classificationNode")
            row = SCHEMES.get(scheme or "")
            owner = row.subject if row else None if scheme else NODES.get(node or "")
            if owner is not subject:
                yield self._stranger(subject, rim, classification, scheme or node, owner)
            elif row is None:
                yield from self._dual_context(
                    name_of(subject, rim), "classifiedObject", rim, classification
                )
        for external in rim.external_identifiers:
            scheme = external.attribute("identificationScheme")
            row = IDENTIFICATION_SCHEMES.get(scheme or "")
            if row is None or row.subject is not subject:
                owner = row.subject if row else None
                yield self._stranger(subject, rim, external, scheme, owner)
            else:
                yield from self._dual_context(
                    name_of(subject, rim), "registryObject", rim, external
                )

    def _stranger(
        self,
        subject: Subject,
        rim: RimObject,
        inner: RimObject,
        scheme: str | None,
        owner: Subject | None,
    ) -> Complaint:
        meaning = f", which is {owner}'s" if owner else ", which ITI TF-3 does not know"
        return self.complaint(
            inner.where,
            subject=name_of(subject, rim),
            rule=f"each {inner.tag} has a scheme or node of its object's kind (ITI TF-3 §4.2.5)",
            came=f"{quote(scheme)}{meaning}" if scheme else "neither scheme nor node",
            expected=f"a UUID of ITI TF-3 §4.2.5 for {subject}",
            fix="correct the UUID, or move it to the object that it belongs to",
        )

    def _repeated_pid_fields(
        self, attribute: Attribute, rim: RimObject, found: list[Occurrence]
    ) -> Iterator[Complaint]:
        for number in SINGLE_PID_FIELDS:
            same = [o for o in found if o.text.startswith(f"PID-{number}|")]
            if len(same) > 1:
                yield self.complaint(
                    same[1].where,
                    subject=name_of(attribute.subject, rim),
                    rule=f"{attribute.label} has at most one PID-{number} "
                    f"(ITI TF-3 §{attribute.section})",
                    came=f"{len(same)} values of PID-{number}",
                    expected="one",
                    fix="keep one",
                )
