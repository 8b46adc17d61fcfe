"""Update Document Set [ITI-57], as a Document Administrator: what to send, and sending it.

Spec: XDS Metadata Update (MU) supplement §3.57.4.1.2, §3.57.4.1.3.3. A new version is what the
Registry gave, whole, with what changes changed; a status is one Association.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from greffe.client.exchange import Exchange, Message, expect
from greffe.client.metadata import Facts, new_oid, new_uuid, write_association, write_facts
from xds.ebrim.response import RegistryAnswer, read_registry_response
from xds.ebrim.writer import write_submit_objects
from xds.metadata import vocabulary as v
from xds.metadata.attributes import Subject
from xds.metadata.code import Code
from xds.metadata.confidentiality import with_code
from xds.metadata.rim import RimObject
from xds.namespaces import RS

ACTION: Final = "urn:ihe:iti:2010:UpdateDocumentSet"


def send_update(url: str, security: bytes, objects: Sequence[RimObject]) -> RegistryAnswer:
    """Send an update. Errors: FaultError; UnreachableError."""
    message = Message(url=url, action=ACTION, security=security, body=write_submit_objects(objects))
    payload = Exchange().send(message)
    return read_registry_response(expect(payload, f"{{{RS}}}RegistryResponse", url))


def a_submission_set(facts: Facts) -> RimObject:
    """Return the SubmissionSet of an update, under ids of its own."""
    return write_facts(
        Subject.SUBMISSION_SET, {"entryUUID": new_uuid(), "uniqueId": new_oid(), **facts}
    )


def new_version(submission_set: RimObject, entry: RimObject) -> tuple[RimObject, ...]:
    """Return the update that makes an entry, changed after it was queried, a new version.

    `entry` still has the id, lid and version under which it was queried.
    """
    version = (entry.version_info.version_name if entry.version_info else "") or "1"
    own_id = new_uuid()
    fresh = replace(
        entry.with_attribute("id", own_id).with_attribute(
            "lid", entry.attribute("lid") or entry.id
        ),
        version_info=None,
        classifications=_owned(entry.classifications, "classifiedObject", own_id),
        external_identifiers=_owned(entry.external_identifiers, "registryObject", own_id),
    )
    fresh = replace(fresh, attributes=tuple(p for p in fresh.attributes if p[0] != "status"))
    membership = write_association(v.HAS_MEMBER, submission_set.id, own_id)
    return submission_set, fresh, membership.with_slot(v.PREVIOUS_VERSION, version)


def new_status(
    submission_set: RimObject, entry_uuid: str, original: str, new: str
) -> tuple[RimObject, ...]:
    """Return the update that changes an object's availabilityStatus."""
    change = write_association(v.UPDATE_AVAILABILITY_STATUS, submission_set.id, entry_uuid)
    change = change.with_slot(v.ORIGINAL_STATUS, original).with_slot(v.NEW_STATUS, new)
    return submission_set, change


def with_confidentiality(entry: RimObject, code: Code) -> RimObject:
    """Return the entry with one more confidentiality code."""
    return with_code(entry, code, new_uuid())


def _owned(parts: Iterable[RimObject], owner: str, own_id: str) -> tuple[RimObject, ...]:
    """Return what stands inside an object under ids of its own, without a version of its own."""
    owned = []
    for part in parts:
        kept = tuple(p for p in part.attributes if p[0] not in {"lid", "status"})
        bare = replace(part, attributes=kept, version_info=None)
        owned.append(bare.with_attribute("id", new_uuid()).with_attribute(owner, own_id))
    return tuple(owned)
