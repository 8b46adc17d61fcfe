"""The ebRIM vocabulary as frozen values: lossless, and the one form in which objects travel inside.

Spec: ebRIM 3.0; ITI TF-3 §4.2.1. The reader (`xds.ebrim`) makes these from XML without judging
them; the typed views (`DocumentEntry`, …) are read from them; plans replace ids, statuses, slots;
the writer turns them back, with nothing lost, added or reordered.
"""

from dataclasses import dataclass, field, replace

from xds.errors import Where

NOWHERE = Where("rim:RegistryObjectList")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalizedString:
    """rim:LocalizedString: a text with its language and charset as written (None when absent)."""

    value: str
    lang: str | None = None
    charset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """rim:Slot: a named list of values. Spec: ITI TF-3 §4.2.1.1."""

    name: str
    values: tuple[str, ...] = ()
    slot_type: str | None = None
    where: Where = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInfo:
    """rim:VersionInfo as written (None when an attribute is absent)."""

    version_name: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RimObject:
    """One rim:Identifiable: ExtrinsicObject, RegistryPackage, Association, Classification.

    Every XML attribute is kept in `attributes`, in the order received; absent stays absent.
    """

    tag: str
    """Local name of the element: `ExtrinsicObject`, `Association`, `ObjectRef`, …"""
    attributes: tuple[tuple[str, str], ...] = ()
    """Pairs of local name and value: id, lid, home, objectType, status, sourceObject, …"""
    slots: tuple[Slot, ...] = ()
    name: tuple[LocalizedString, ...] | None = None
    """None when the element is absent, () when it is empty."""
    description: tuple[LocalizedString, ...] | None = None
    version_info: VersionInfo | None = None
    classifications: tuple["RimObject", ...] = ()
    external_identifiers: tuple["RimObject", ...] = ()
    content_version_info: VersionInfo | None = None
    where: Where = field(default=NOWHERE, compare=False, repr=False)

    def attribute(self, name: str) -> str | None:
        """Return an XML attribute's value, or None when absent."""
        for key, value in self.attributes:
            if key == name:
                return value
        return None

    @property
    def id(self) -> str:
        """The id attribute, or '' when absent."""
        return self.attribute("id") or ""

    def with_attribute(self, name: str, value: str) -> "RimObject":
        """Return a copy with the attribute set: in its place if present, at the end if not."""
        if self.attribute(name) is None:
            return replace(self, attributes=(*self.attributes, (name, value)))
        return replace(
            self,
            attributes=tuple((k, value if k == name else v) for k, v in self.attributes),
        )

    def slot(self, name: str) -> Slot | None:
        """Return the first slot of that name, or None."""
        for slot in self.slots:
            if slot.name == name:
                return slot
        return None

    def with_slot(self, name: str, *values: str) -> "RimObject":
        """Return a copy with the slot set: in its place if present, at the end if not."""
        if self.slot(name) is None:
            return replace(self, slots=(*self.slots, Slot(name=name, values=values)))
        return replace(
            self,
            slots=tuple(replace(s, values=values) if s.name == name else s for s in self.slots),
        )

    def classified(self, scheme: str) -> tuple["RimObject", ...]:
        """Return the classifications under a classificationScheme, in order."""
        return tuple(
            c for c in self.classifications if c.attribute("classificationScheme") == scheme
        )

    def identifiers(self, scheme: str) -> tuple["RimObject", ...]:
        """Return the external identifiers under an identificationScheme, in order."""
        return tuple(
            e for e in self.external_identifiers if e.attribute("identificationScheme") == scheme
        )


def texts(slot: Slot | None) -> tuple[str, ...]:
    """Return a slot's values without the white space around them, and without empty ones.

    Why: the Framework's own examples indent values (ITI TF-3 §4.2.3.3.7).
    """
    return tuple(text for value in slot.values if (text := value.strip())) if slot else ()
