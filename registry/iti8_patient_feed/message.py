"""Segments become changes to patients, or problems; all problems of a message at once. Pure.

Spec: ITI TF-2 §3.8.4.1.2, §3.8.4.2.2, §3.64.4.1.2, Appendix C.2.2 to C.2.4. One table row for each
trigger event; adding an event is adding a row.

Tolerated, because it says nothing about the patient: a missing PV1, another MSH-9.3, another
receiver than this one in MSH-5 and MSH-6, any 2.x version, unknown segments and Z segments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from registry.iti8_patient_feed.er7 import Er7Message, Segment
from registry.iti8_patient_feed.identifiers import (
    Identifier,
    none_of_the_domain,
    read_identifiers,
)
from registry.iti8_patient_feed.problem import Code, Place, Problem, UnfitMessage
from registry.patients.changes import Add, LinkChange, Merge, Part, PatientChange, Revise
from xds.domain import AffinityDomain
from xds.errors import quote
from xds.metadata.identifier import is_oid

PID_3: Final = Place(segment="PID", field=3)
MRG_1: Final = Place(segment="MRG", field=1)
PROCESSING_IDS: Final = frozenset({"P", "D", "T"})
"""HL7 Table 0103: production, debugging, training."""
LINKED_IDENTIFIERS: Final = 2
"""PID-3 of a link change: the new identifier and the local one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a message asks for."""

    event: str
    """`A40`."""
    transaction: str
    """`ITI-8` or `ITI-64`."""
    changes: tuple[PatientChange, ...]
    """Made together or not at all."""
    places: MappingProxyType[Part, Place]
    """Where each identifier stands, for what the rules say about it."""
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One message while it is read."""

    message: Er7Message
    domain: AffinityDomain

    def only(self, name: str, why: str) -> Segment:
        """Return the one segment of a name. Errors: UnfitMessage."""
        found = self.message.named(name)
        if len(found) == 1:
            return found[0]
        rule = f"the message has the segment {name} once ({why})"
        problem = Problem(
            code=Code.SEGMENT_SEQUENCE,
            place=Place(segment=name),
            rule=rule,
            came=f"{len(found)} of them",
            fix="send one message for each patient" if found else f"add {name}",
        )
        raise UnfitMessage([problem])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """A trigger event."""

    structure: str
    """MSH-9.3, when it is there."""
    read: Callable[[_Reading], tuple[tuple[PatientChange, ...], dict[Part, Place]]]
    transaction: str = "ITI-8"
    notes: Callable[[Segment], list[Problem]] = lambda _: []
    """What is merely odd about its MSH."""


def read_feed(message: Er7Message, domain: AffinityDomain) -> Feed:
    """Return what a message asks for. Errors: UnfitMessage, with all its problems."""
    header = message.segments[0]
    event, problems = _event(header)
    if event is None:  # the message is not for us, whatever else is wrong with it
        raise UnfitMessage(problems)
    problems += [*_header_problems(header), *_envelope_problems(message, header)]
    if errors := [problem for problem in problems if problem.is_error]:
        raise UnfitMessage(errors)
    changes, places = event.read(_Reading(message=message, domain=domain))
    problems += event.notes(header)
    return Feed(
        event=header.component(9, 2),
        transaction=event.transaction,
        changes=changes,
        places=MappingProxyType(places),
        warnings=tuple(problems),
    )


def control_id(header: Segment) -> str:
    """Return MSH-10."""
    return header.component(10, 1)


def _event(header: Segment) -> tuple[_Event | None, list[Problem]]:
    kind, trigger, structure = (header.component(9, n) for n in (1, 2, 3))
    supported = ", ".join(f"ADT^{name}" for name in EVENTS)
    if kind != "ADT":
        return None, [
            Problem(
                code=Code.MESSAGE_TYPE if kind else Code.REQUIRED_FIELD,
                place=Place(segment="MSH", field=9, component=1),
                rule="a patient identity feed is made of ADT messages (ITI TF-2 §3.8.4.1.2.1)",
                came=quote(kind),
                fix=f"send one of {supported}",
            )
        ]
    event = EVENTS.get(trigger)
    if event is None:
        return None, [
            Problem(
                code=Code.EVENT,
                place=Place(segment="MSH", field=9, component=2),
                rule="a Registry takes these trigger events (ITI TF-2 §3.8.4.1.1, §3.8.4.2.1, "
                f"§3.64.4.1.2): {supported}",
                came=quote(trigger),
                fix="send this event to systems that need it, not to the Registry",
            )
        ]
    if structure not in ("", event.structure):
        return event, [
            Problem(
                code=Code.TABLE_VALUE,
                place=Place(segment="MSH", field=9, component=3),
                rule=f"MSH-9.3 of {trigger} is {event.structure} when it is there "
                "(ITI TF-2 §3.8.4.1.2.1, §3.8.4.2.2.1)",
                came=quote(structure),
                fix=f"send ADT^{trigger}^{event.structure}",
                is_error=False,
            )
        ]
    return event, []


def _header_problems(header: Segment) -> list[Problem]:
    problems: list[Problem] = []
    if not control_id(header):
        problems.append(
            Problem(
                code=Code.REQUIRED_FIELD,
                place=Place(segment="MSH", field=10),
                rule="a message has a control id, by which its answer is known "
                "(ITI TF-2 Appendix C.2.2)",
                came="nothing",
                fix="number your messages",
            )
        )
    processing, version = header.component(11, 1), header.component(12, 1)
    if processing not in PROCESSING_IDS:
        problems.append(
            Problem(
                code=Code.PROCESSING_ID if processing else Code.REQUIRED_FIELD,
                place=Place(segment="MSH", field=11),
                rule="the processing id is P, T or D (HL7 Table 0103)",
                came=quote(processing),
                fix="send P",
            )
        )
    if not version.startswith("2."):
        problems.append(
            Problem(
                code=Code.VERSION if version else Code.REQUIRED_FIELD,
                place=Place(segment="MSH", field=12),
                rule="the feed is HL7 version 2 (ITI TF-2 §3.8.3, §3.64.3)",
                came=quote(version),
                fix="send 2.3.1; HL7 v3 goes to the SOAP service (ITI-44)",
            )
        )
    return problems


def _envelope_problems(message: Er7Message, header: Segment) -> list[Problem]:
    """Check EVN: it is there, and names the same event (Appendix C.2.4)."""
    events = message.named("EVN")
    trigger = header.component(9, 2)
    named = events[0].component(1, 1) if events else ""
    if len(events) == 1 and named in ("", trigger):
        return []
    return [
        Problem(
            code=Code.TABLE_VALUE if len(events) == 1 else Code.SEGMENT_SEQUENCE,
            place=Place(segment="EVN", field=1 if events else 0),
            rule="the message has one segment EVN, whose EVN-1 is MSH-9.2 or nothing "
            "(ITI TF-2 Table 3.8-1, Appendix C.2.4)",
            came=quote(named) if len(events) == 1 else f"{len(events)} of them",
            fix=f"send EVN|{trigger}|time of the event" if trigger else "send EVN",
        )
    ]


def _own(reading: _Reading, segment: Segment, field: int) -> tuple[Identifier, ...]:
    """Return a field's identifiers of the affinity domain. Errors: UnfitMessage."""
    found = read_identifiers(segment, field, reading.domain)
    if own := found.own:
        return own
    if found.problems:
        raise UnfitMessage(found.problems)
    place = Place(segment=segment.name, field=field)
    raise UnfitMessage([none_of_the_domain(place, found.all, reading.domain)])


def _add(reading: _Reading) -> tuple[tuple[PatientChange, ...], dict[Part, Place]]:
    own = _own(reading, reading.only("PID", "ITI TF-2 Table 3.8-1"), PID_3.field)
    return tuple(Add(patient_id=identifier.cx) for identifier in own), {Part.PATIENT: PID_3}


def _revise(reading: _Reading) -> tuple[tuple[PatientChange, ...], dict[Part, Place]]:
    """A08 is ignored, whomever it is about (§3.8.4.1.4); the trail says about whom."""
    segment = reading.only("PID", "ITI TF-2 Table 3.8-1")
    own = read_identifiers(segment, PID_3.field, reading.domain).own
    return tuple(Revise(patient_id=identifier.cx) for identifier in own), {Part.PATIENT: PID_3}


def _merge(reading: _Reading) -> tuple[tuple[PatientChange, ...], dict[Part, Place]]:
    pid = reading.only("PID", "ITI TF-2 §3.8.4.2.2: a message for each pair")
    mrg = reading.only("MRG", "ITI TF-2 §3.8.4.2.2: a message for each pair")
    problems: list[Problem] = []
    fields: list[tuple[Identifier, ...]] = []
    for segment, field in ((pid, PID_3.field), (mrg, MRG_1.field)):
        try:
            fields.append(_own(reading, segment, field))
        except UnfitMessage as unfit:
            problems += unfit.problems
    if problems:
        raise UnfitMessage(problems)
    survivors, subsumed = fields
    # The same authority in both (§3.8.4.2.2.4): it says which of several identifiers is meant.
    authorities = {identifier.authority for identifier in subsumed}
    survivors = tuple(i for i in survivors if i.authority in authorities) or survivors
    for place, identifiers in ((PID_3, survivors), (MRG_1, subsumed)):
        if len(identifiers) > 1:
            problems.append(_ambiguous(place, identifiers))
    if problems:
        raise UnfitMessage(problems)
    change = Merge(survivor=survivors[0].cx, subsumed=subsumed[0].cx)
    return (change,), {Part.SURVIVOR: PID_3, Part.SUBSUMED: MRG_1}


def _ambiguous(place: Place, identifiers: tuple[Identifier, ...]) -> Problem:
    return Problem(
        code=Code.DATA_TYPE,
        place=place,
        rule=f"a merge is of one pair, so {place} has one identifier of the affinity domain "
        "(ITI TF-2 §3.8.4.2.2)",
        came=", ".join(identifier.shown for identifier in identifiers),
        fix="send one message for each pair",
    )


def _link(reading: _Reading) -> tuple[tuple[PatientChange, ...], dict[Part, Place]]:
    pid = reading.only("PID", "ITI TF-2 Table 3.64.4.1.2-1")
    mrg = reading.only("MRG", "ITI TF-2 Table 3.64.4.1.2-1")
    news = read_identifiers(pid, PID_3.field, reading.domain)
    olds = read_identifiers(mrg, MRG_1.field, reading.domain)
    problems = [*news.problems, *olds.problems]
    if not problems:
        problems += _link_problems(reading, news.all, olds.all)
    if problems:
        raise UnfitMessage(problems)
    change = LinkChange(
        new_patient_id=news.all[0].cx,
        local_patient_id=news.all[1].cx,
        previous_patient_id=olds.all[0].cx,
        subsumed_local_patient_id=olds.all[1].cx if len(olds.all) > 1 else "",
        source_id=_sender_oid(reading.message.segments[0])
        or _made_oid(reading.message.segments[0]),
    )
    return (change,), {
        Part.NEW: news.all[0].place,
        Part.LOCAL: news.all[1].place,
        Part.PREVIOUS: olds.all[0].place,
        Part.SUBSUMED_LOCAL: Place(segment="MRG", field=1, repetition=2),
    }


def _sender_oid(header: Segment) -> str:
    """Return the OID that MSH-3 names, '' when it names none."""
    sender = (header.repetitions(3) or ((),))[0]
    return next((part.strip() for part in sender if is_oid(part.strip())), "")


def _made_oid(header: Segment) -> str:
    """Return an OID for a sender who gives none: always the same for the same names."""
    return f"2.25.{uuid5(NAMESPACE_OID, f'{header.field(4)}|{header.field(3)}').int}"


def _names_its_oid(header: Segment) -> list[Problem]:
    if _sender_oid(header):
        return []
    return [
        Problem(
            code=Code.DATA_TYPE,
            place=Place(segment="MSH", field=3),
            rule="MSH-3 of A43 has the OID of the sending system, which becomes sourceId of the "
            "SubmissionSet that records the change (ITI TF-2 §3.64.4.1.2.1, Table "
            "3.64.4.1.3.1.1-1)",
            came=quote(header.field(3)) if header.field(3) else "nothing",
            fix=f"send it; meanwhile the Registry writes {_made_oid(header)}",
            is_error=False,
        )
    ]


def _link_problems(
    reading: _Reading, news: tuple[Identifier, ...], olds: tuple[Identifier, ...]
) -> list[Problem]:
    """Check number and authorities of a link change's identifiers (§3.64.4.1.2.3, .4)."""
    problems: list[Problem] = []
    rules = (
        (PID_3, news, {LINKED_IDENTIFIERS}, "the new identifier and the local one"),
        (MRG_1, olds, {1, LINKED_IDENTIFIERS}, "the previous identifier, and a merged local one"),
    )
    for place, identifiers, counts, what in rules:
        if len(identifiers) not in counts:
            problems.append(
                Problem(
                    code=Code.DATA_TYPE,
                    place=place,
                    rule=f"{place} of A43 has {what}, in this order "
                    "(ITI TF-2 §3.64.4.1.2.3, §3.64.4.1.2.4)",
                    came=f"{len(identifiers)} identifiers",
                    fix=f"send {what}",
                )
            )
        elif not identifiers[0].is_own:
            problems.append(none_of_the_domain(place, identifiers[:1], reading.domain))
        elif not all(identifier.cx for identifier in identifiers):
            problems.append(
                Problem(
                    code=Code.DATA_TYPE,
                    place=place,
                    rule="every identifier of A43 has universal id and type of its authority "
                    "(ITI TF-2 §3.64.4.1.2.3)",
                    came=", ".join(identifier.shown for identifier in identifiers),
                    fix="send component 4 as &OID&ISO",
                )
            )
    return problems


EVENTS: Final = MappingProxyType(
    {
        "A01": _Event(structure="ADT_A01", read=_add),
        "A04": _Event(structure="ADT_A01", read=_add),
        "A05": _Event(structure="ADT_A01", read=_add),
        "A08": _Event(structure="ADT_A01", read=_revise),
        "A40": _Event(structure="ADT_A39", read=_merge),
        "A43": _Event(structure="ADT_A43", read=_link, transaction="ITI-64", notes=_names_its_oid),
    }
)
"""Trigger events by name."""
