"""A second Registry, written from the standard for the tests: lists, loops, no index, no SQL.

Spec: ITI TF-2 §3.42.4.1.3, §3.18.4.1.2.3.7. It imports nothing from `registry`. Objects are told
apart by what they are, because the ids of inherited memberships are the Registry's to choose: an
Association is its type with what its ends are.
"""

from dataclasses import dataclass, field

HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
RPLC, APND, XFRM, XFRM_RPLC = (
    f"urn:ihe:iti:2007:AssociationType:{name}" for name in ("RPLC", "APND", "XFRM", "XFRM_RPLC")
)


@dataclass
class Thing:
    """A document entry, folder, submission set or association."""

    kind: str
    id: str
    patient: str = ""
    unique_id: str = ""
    is_approved: bool = True
    format_code: str = ""
    creation_time: str = ""
    """14 digits."""
    updated: str = ""
    """Folder: 14 digits."""
    type: str = ""
    source: str = ""
    target: str = ""
    hash: str = ""


@dataclass
class Naive:
    """All that was registered, in order."""

    things: list[Thing] = field(default_factory=list)
    made: int = 0

    def get(self, identifier):
        return next((t for t in self.things if t.id == identifier), None)

    def links(self, **ends):
        return [
            t
            for t in self.things
            if t.kind == "association" and all(getattr(t, k) == v for k, v in ends.items())
        ]

    def key(self, identifier):
        """What an object is, whatever id it has."""
        thing = self.get(identifier)
        if thing is None or thing.kind != "association":
            return identifier
        return (thing.type, self.key(thing.source), self.key(thing.target))

    # -- ITI-42 --

    def register(self, new, instant):
        """Register all or nothing; return whether it was accepted."""
        if not all(self._may(thing, new) for thing in new):
            return False
        self.things += new
        for thing in new:
            if thing.kind == "folder":
                thing.updated = instant
            if thing.type == HAS_MEMBER and (folder := self.get(thing.source)).kind == "folder":
                folder.updated = instant
        submission_set = next(t for t in new if t.kind == "set")
        for thing in [t for t in new if t.type in (RPLC, XFRM_RPLC)]:
            self._replace(thing, submission_set, instant)
        return True

    def _may(self, thing, new):
        if thing.kind == "association":
            ends = [
                next((t for t in new if t.id == i), None) or self.get(i)
                for i in (thing.source, thing.target)
            ]
            if None in ends:
                return False
            source, target = ends
            if thing.type != HAS_MEMBER or source.kind == "folder":
                return (
                    target.kind == "document"
                    and target.is_approved
                    and source.is_approved
                    and source.patient == target.patient
                )
            return True
        same = [t for t in self.things if t.unique_id == thing.unique_id]
        if thing.kind == "document":
            return all(t.kind == "document" and t.hash == thing.hash for t in same)
        return not same

    def _replace(self, relation, submission_set, instant):
        for link in self.links(type=HAS_MEMBER, target=relation.target):
            folder = self.get(link.source)
            if folder.kind != "folder" or self.links(
                type=HAS_MEMBER, source=folder.id, target=relation.source
            ):
                continue
            membership = self._link(folder.id, relation.source)
            self._link(submission_set.id, membership.id)
            folder.updated = instant
        self._deprecate(relation.target)

    def _link(self, source, target):
        self.made += 1
        made = Thing(
            "association", f"made {self.made}", type=HAS_MEMBER, source=source, target=target
        )
        self.things.append(made)
        return made

    def _deprecate(self, identifier):
        self.get(identifier).is_approved = False
        for link in self.links(target=identifier):
            if link.type in (APND, XFRM):
                self._deprecate(link.source)

    # -- ITI-18: each returns ids --

    def find_documents(self, patient, statuses, formats, start, end):
        return [
            t.id
            for t in self.things
            if t.kind == "document"
            and t.patient == patient
            and t.is_approved in statuses
            and (not formats or t.format_code in formats)
            and (not start or start <= t.creation_time)
            and (not end or t.creation_time < end)
        ]

    def get_associations(self, ids):
        return [a.id for a in self.links() if a.source in ids or a.target in ids]

    def get_all(self, patient, statuses):
        found = [
            t.id
            for t in self.things
            if t.kind != "association" and t.patient == patient and t.is_approved in statuses
        ]
        return [*found, *self.get_associations(found)]

    def documents_and_associations(self, identifier):
        thing = self.get(identifier)
        if thing is None or thing.kind != "document":
            return []
        return [identifier, *self.get_associations([identifier])]

    def submission_sets(self, ids):
        links = [
            a
            for a in self.links(type=HAS_MEMBER)
            if a.target in ids and self.get(a.source).kind == "set"
        ]
        return [*{a.source for a in links}, *(a.id for a in links)]

    def set_and_contents(self, identifier, formats):
        thing = self.get(identifier)
        if thing is None or thing.kind != "set":
            return []
        links = self.links(type=HAS_MEMBER, source=identifier)
        members = [self.get(a.target) for a in links]
        present = {identifier}
        present |= {m.id for m in members if m.kind == "folder"}
        present |= {
            m.id
            for m in members
            if m.kind == "document" and (not formats or m.format_code in formats)
        }
        present |= {
            m.id
            for m in members
            if m.kind == "association" and m.source in present and m.target in present
        }
        return [*present, *(a.id for a in links if a.target in present)]

    def folder_and_contents(self, identifier, formats):
        thing = self.get(identifier)
        if thing is None or thing.kind != "folder":
            return []
        links = [
            a
            for a in self.links(type=HAS_MEMBER, source=identifier)
            if not formats or self.get(a.target).format_code in formats
        ]
        return [identifier, *{a.target for a in links}, *(a.id for a in links)]

    def folders_for(self, identifier):
        thing = self.get(identifier)
        if thing is None or thing.kind != "document":
            return []
        sources = {a.source for a in self.links(type=HAS_MEMBER, target=identifier)}
        return [s for s in sources if self.get(s).kind == "folder"]

    def related(self, identifier, types):
        links = [
            a
            for a in self.links()
            if identifier in (a.source, a.target)
            and a.type in types
            and {self.get(a.source).kind, self.get(a.target).kind} == {"document"}
        ]
        return [*{i for a in links for i in (a.source, a.target)}, *(a.id for a in links)]
