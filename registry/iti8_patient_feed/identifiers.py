"""Identifiers of PID-3 and MRG-1, as the affinity domain has them. Pure.

Spec: ITI TF-2 §3.8.4.1.2.3 (what is sent), §3.8.4.1.4 (what a Registry fills in from its
configuration, and that it ignores identifiers of other domains). Whether an identifier is right is
`registry.patients`' to say.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from registry.iti8_patient_feed.er7 import ASCII, NULL, Segment
from registry.iti8_patient_feed.problem import Code, Place, Problem
from xds.domain import AffinityDomain
from xds.errors import quote
from xds.metadata.hl7v2 import Cx, render_cx
from xds.metadata.identifier import is_oid

ISO = "ISO"
AUTHORITY = 4
"""Component CX.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """One identifier that a message names."""

    cx: str
    """In the form that the Registry keeps; '' when it is no identifier of an ISO authority."""
    authority: str
    """OID, '' when it has none."""
    is_own: bool
    """Whether the affinity domain has its authority."""
    place: Place
    shown: str
    """As it came, quoted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifiers:
    """The identifiers of one field."""

    all: tuple[Identifier, ...]
    problems: tuple[Problem, ...]

    @property
    def own(self) -> tuple[Identifier, ...]:
        """Those of the affinity domain, each once; others are ignored (§3.8.4.1.4)."""
        return tuple({i.cx: i for i in reversed(self.all) if i.is_own}.values())[::-1]


def read_identifiers(segment: Segment, field: int, domain: AffinityDomain) -> Identifiers:
    """Return the identifiers of a CX field, in order; repetitions without an ID are no such."""
    found: list[Identifier] = []
    problems: list[Problem] = []
    for number, components in enumerate(segment.repetitions(field), 1):
        place = Place(segment=segment.name, field=field, repetition=number)
        id_number = _text(segment, components, 1)
        if not id_number:
            continue
        shown = quote(segment.delimiters.component.join(components))
        if not id_number.isascii() and _is_undeclared(id_number):
            problems.append(_needs_charset(place))
            continue
        authority = _authority(segment, components, domain)
        if authority is None:
            problems.append(_needs_authority(place, shown, domain))
            continue
        cx = render_cx(Cx(id_number=id_number, authority=authority)) if authority else ""
        is_own = bool(cx) and (not domain.authorities or authority in domain.authorities)
        found.append(
            Identifier(cx=cx, authority=authority, is_own=is_own, place=place, shown=shown)
        )
    return Identifiers(all=tuple(found), problems=tuple(problems))


def none_of_the_domain(place: Place, came: Iterable[Identifier], domain: AffinityDomain) -> Problem:
    """Return the problem of a field without any identifier of the affinity domain."""
    shown = ", ".join(identifier.shown for identifier in came)
    known = ", ".join(
        f"{a.namespace}&{a.oid}&ISO ({a.title})" if a.title else f"{a.namespace}&{a.oid}&ISO"
        for a in domain.authorities.values()
    )
    return Problem(
        code=Code.UNKNOWN_KEY if shown else Code.REQUIRED_FIELD,
        place=place,
        rule=f"{place} has an identifier of the affinity domain {domain.name} "
        "(ITI TF-2 §3.8.4.1.4, §3.8.4.2.4)",
        came=shown or "none",
        fix=f"send the identifier of one of {known} in component 4"
        if known
        else "send ID^^^&OID of the assigning authority&ISO",
    )


def _authority(segment: Segment, components: tuple[str, ...], domain: AffinityDomain) -> str | None:
    """Return the OID of CX.4, filled in from the domain; '' for one without; None if unsaid."""
    raw = components[AUTHORITY - 1] if len(components) >= AUTHORITY else ""
    namespace, universal, kind = (*segment.subcomponents(raw), "", "", "")[:3]
    if universal:
        return universal if kind in ("", ISO) and is_oid(universal) else ""
    by_namespace = {a.namespace: a.oid for a in domain.authorities.values() if a.namespace}
    if namespace in by_namespace:
        return by_namespace[namespace]
    only = next(iter(domain.authorities.values())) if len(domain.authorities) == 1 else None
    if namespace:
        return only.oid if only and not only.namespace else ""
    return only.oid if only else None


def _text(segment: Segment, components: tuple[str, ...], number: int) -> str:
    text = components[number - 1].strip() if number <= len(components) else ""
    return "" if text == NULL else segment.unescaped(text).strip()


def _is_undeclared(text: str) -> bool:
    """Return whether a text has octets that ASCII cannot mean."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _needs_charset(place: Place) -> Problem:
    return Problem(
        code=Code.DATA_TYPE,
        place=Place(segment="MSH", field=18),
        rule=f"a message without MSH-18 is in {ASCII.upper()} (ITI TF-2 Appendix C.2.2), and "
        f"{place} is not",
        came="octets beyond 127",
        fix="declare the character set in MSH-18, such as UNICODE UTF-8",
    )


def _needs_authority(place: Place, shown: str, domain: AffinityDomain) -> Problem:
    many = f"knows {len(domain.authorities)}" if domain.authorities else "accepts any"
    return Problem(
        code=Code.REQUIRED_FIELD,
        place=Place(
            segment=place.segment,
            field=place.field,
            repetition=place.repetition,
            component=AUTHORITY,
        ),
        rule="an identifier names its assigning authority where the affinity domain "
        f"{many} (ITI TF-2 §3.8.4.1.2.3, §3.8.4.1.4)",
        came=shown,
        fix="send component 4 as namespace&OID&ISO or &OID&ISO",
    )
