"""Symbolic ids become UUIDs, and objects what they are when registered.

Spec: ITI TF-2 §3.42.4.1.3.3.5, §3.42.4.1.3.6, §3.42.4.1.3.7; ITI TF-3 §4.2.3.1.5. Pure: new
UUIDs and the instant are parameters.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final
from uuid import uuid4

from registry.submission.facts import Facts
from xds.metadata import vocabulary as v
from xds.metadata.identifier import is_entry_uuid
from xds.metadata.rim import RimObject, VersionInfo
from xds.metadata.views import is_marked

NewUuid = Callable[[], str]
"""Returns `urn:uuid:` and a fresh UUID in lower case."""

REFERENCES: Final = ("classifiedObject", "registryObject", "sourceObject", "targetObject")
FIRST_VERSION: Final = VersionInfo(version_name="1")
PARTS: Final = {
    "Classification": ("classifiedObject", v.OBJECT_TYPE_CLASSIFICATION),
    "ExternalIdentifier": ("registryObject", v.OBJECT_TYPE_EXTERNAL_IDENTIFIER),
}
"""How a part names its owner, and its objectType."""


def new_uuid() -> str:
    """Return a fresh entryUUID. Spec: ITI TF-3 §4.2.3.1.5 (lower case)."""
    return f"urn:uuid:{uuid4()}"


class Naming:
    """UUIDs for symbolic ids: the same for the same id wherever it stands (§3.42.4.1.3.7)."""

    def __init__(self, facts: Facts, new_uuid: NewUuid) -> None:
        self._new_uuid = new_uuid
        self._names: dict[str, str] = {}
        for rim in facts.submission.objects:
            if rim.id:
                self.of(rim.id)

    def of(self, identifier: str) -> str:
        """Return the UUID for an id of the message; a UUID is its own."""
        if not v.is_symbolic(identifier):
            return identifier
        if identifier not in self._names:
            self._names[identifier] = self._new_uuid()
        return self._names[identifier]

    def fresh(self) -> str:
        """Return a UUID for an object that the Registry itself adds."""
        return self._new_uuid()

    def finished(self, rim: RimObject, instant: str) -> RimObject:
        """Return an object as it is registered."""
        own_id = self.of(rim.id) if rim.id else self._new_uuid()
        finished = self._renamed(rim, own_id)
        finished = finished.with_attribute("lid", own_id).with_attribute("status", v.APPROVED)
        if rim.tag == "Association":
            named = v.full_association_type(rim.attribute("associationType") or "")
            finished = finished.with_attribute("associationType", named)
        if is_marked(rim, v.FOLDER_NODE):
            finished = finished.with_slot("lastUpdateTime", instant)
        return replace(finished, version_info=FIRST_VERSION)

    def _renamed(self, rim: RimObject, own_id: str) -> RimObject:
        """Return the object and what it holds with UUIDs for ids."""
        attributes = tuple(
            (name, self.of(value) if name in REFERENCES else value)
            for name, value in rim.attributes
            if name != "id"
        )
        return replace(
            rim,
            attributes=(("id", own_id), *attributes),
            classifications=tuple(self._part(c, own_id) for c in rim.classifications),
            external_identifiers=tuple(self._part(e, own_id) for e in rim.external_identifiers),
        )

    def _part(self, rim: RimObject, owner: str) -> RimObject:
        """Return a Classification or ExternalIdentifier of an object, which it names as its owner.

        Its own id is the Registry's to give unless it is a valid UUID, which does not change
        (§3.42.4.1.3.7): templates of vendors send the same symbolic one every time, or a UUID
        with something behind it.
        Its objectType may be absent in a submission and is required in an answer
        (TF-3 Tables 4.2.3.1.2-1, 4.2.3.1.3-1).
        """
        part_id = rim.id if is_entry_uuid(rim.id) else self._new_uuid()
        reference, object_type = PARTS[rim.tag]
        named = self._renamed(rim, part_id).with_attribute(reference, owner)
        return named.with_attribute("objectType", object_type)
