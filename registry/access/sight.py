"""What a caller sees of the Registry: a reader that leaves out whatever the caller may not see.

Theory. Queries are made of selections (`registry.query.recipes`); when each selection leaves out
what is hidden, every answer is that of a Registry in which the hidden objects do not exist. What is
hidden:

- a DocumentEntry on which the decision is no. Entries with the same access class share one
  decision, so the classes are decided first and the database then leaves out the others; limits
  count what is left;
- a SubmissionSet or Folder that holds documents of its patient of which none is seen, or one whose
  record is closed to the caller and of which nothing is seen;
- an Association of which an end is hidden.

Law (tests/registry/access/test_sight.py): what is left is what the pure decision permits.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from registry.access.verdicts import Verdicts
from registry.ledger.api import AccessClass, AccessIs, Found, Kind, Place, Reader, Select
from xds.access.model import Action, Deny, Permit

PACKAGES: Final = (Kind.SUBMISSION_SET, Kind.FOLDER)


@dataclass(slots=True, kw_only=True)
class Sight:
    """`registry.ledger.api.Reader`'s selections as one caller sees them."""

    reader: Reader
    verdicts: Verdicts
    action: Action
    """`FIND` for whole objects, `FIND_REFERENCE` for ids."""
    _places: dict[str, Place] = field(default_factory=dict)
    _members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _seen: dict[str, bool] = field(default_factory=dict)

    def select(self, wanted: Select, limit: int | None = None) -> list[Found]:
        """Return the objects that the caller sees, at most `limit`, in their order."""
        if wanted.kind is Kind.DOCUMENT_ENTRY:
            return self._documents(wanted, limit)
        found = self.reader.select(wanted, limit)
        seen = self.seen(o.entry_uuid for o in found)
        if len(seen) < len(found) == limit:  # the limit may have cut off what is seen
            found = self.reader.select(wanted, None)
            seen = self.seen(o.entry_uuid for o in found)
        return [o for o in found if o.entry_uuid in seen][:limit]

    def seen(self, entry_uuids: Iterable[str]) -> frozenset[str]:
        """Return which of these objects the caller sees; what is not registered is not seen."""
        wanted = tuple(entry_uuids)
        self._locate(wanted)
        return frozenset(uuid for uuid in wanted if self._is_seen(uuid))

    def _documents(self, wanted: Select, limit: int | None) -> list[Found]:
        classes = self.reader.access_classes(wanted)
        self.verdicts.foresee(patient_id for patient_id, _, _ in classes)
        permitted = tuple(c for c in classes if self._permits(c))
        if not permitted:  # because all is hidden, or because nothing is there
            return []
        if len(permitted) == len(classes):
            return self.reader.select(wanted, limit)
        where = (*wanted.where, AccessIs(classes=permitted))
        return self.reader.select(replace(wanted, where=where), limit)

    def _permits(self, of: AccessClass) -> bool:
        return isinstance(self.verdicts.on_document(self.action, of), Permit)

    def _locate(self, entry_uuids: Iterable[str]) -> None:
        """Read where these objects stand, and whatever their being seen depends on."""
        todo = {uuid for uuid in entry_uuids if uuid not in self._places}
        while todo:
            places = self.reader.places(todo)
            self._places.update(places)
            packages = {u for u, p in places.items() if p.kind in PACKAGES}
            self._members.update(self.reader.members(packages) if packages else {})
            needed = {end for p in places.values() for end in (p.source, p.target) if end}
            needed |= {m for package in packages for m in self._members.get(package, ())}
            todo = {uuid for uuid in needed if uuid not in self._places} - todo
        self.verdicts.foresee(
            p.patient_id for p in self._places.values() if p.kind is not Kind.ASSOCIATION
        )

    def _is_seen(self, entry_uuid: str) -> bool:
        known = self._seen.get(entry_uuid)
        if known is None:
            place = self._places.get(entry_uuid)
            # While it is being found out, an object that depends on itself counts as not seen.
            self._seen[entry_uuid] = False
            known = self._seen[entry_uuid] = place is not None and self._shows(entry_uuid, place)
        return known

    def _shows(self, entry_uuid: str, place: Place) -> bool:
        match place.kind:
            case Kind.DOCUMENT_ENTRY:
                return self._permits((place.patient_id, place.access, place.status))
            case Kind.ASSOCIATION:
                return self._is_seen(place.source) and self._is_seen(place.target)
        return self._shows_package(entry_uuid, place)

    def _shows_package(self, entry_uuid: str, package: Place) -> bool:
        members = [m for m in self._members.get(entry_uuid, ()) if m in self._places]
        own = [m for m in members if self._places[m].patient_id == package.patient_id]
        if any(self._holds_seen(entry_uuid, m) for m in own):
            return True
        if isinstance(self.verdicts.on_record(self.action, package.patient_id), Deny):
            return False
        return all(self._holds_seen(entry_uuid, m) for m in members)

    def _holds_seen(self, package: str, member: str) -> bool:
        """Whether a member is seen, apart from the package that holds it."""
        place = self._places[member]
        if place.kind is Kind.ASSOCIATION:
            return all(self._is_seen(end) for end in (place.source, place.target) if end != package)
        return self._is_seen(member)
