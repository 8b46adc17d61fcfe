"""ITI-92: a document's metadata changes, and what may not is refused; nothing changes then."""

import pytest

from registry.iti57_update import handle as iti57
from registry.iti92_restricted_update import handle as iti92
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    ROOT,
    a_folder,
    a_submission,
    with_identifier,
    without_slot,
)
from tests.build.update import UNKNOWN, a_status, a_submit, a_version, titled, together
from tests.registry.build import START, a_call, run
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v

LATER = START.replace(hour=18)


def send(registry, *objects, transaction=iti92):
    room = transaction.room(ledger=registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
    return run(room, a_call(write_submit_objects(objects), instant=LATER))


def updated(registry, *objects, transaction=iti92):
    answer = send(registry, *objects, transaction=transaction)
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def versions(registry):
    found = registry.everything().of("ExtrinsicObject")
    return {o.version_info.version_name: o for o in found}


@pytest.fixture
def entry(registry):
    """The one registered document."""
    registry.registered(*a_submission())
    (found,) = registry.everything().of("ExtrinsicObject")
    return found


@pytest.mark.parametrize(
    "change",
    [
        titled,
        lambda rim: rim.with_attribute("mimeType", "application/pdf"),
        lambda rim: rim.with_slot("size", "7"),
        lambda rim: rim.with_slot("urn:greffe:note", "seen"),
        lambda rim: without_slot(rim, "serviceStopTime"),
    ],
)
def test_what_may_change_becomes_a_new_version(registry, entry, change):
    updated(registry, *a_version(entry, change=change))
    both = versions(registry)
    assert [both[n].attribute("status") for n in ("1", "2")] == [v.DEPRECATED, v.APPROVED]
    assert both["2"].attribute("lid") == entry.id
    assert both["2"].slots == change(entry).slots
    assert both["2"].name == change(entry).name


def test_a_deprecated_document_stays_deprecated(registry, entry):
    updated(registry, *a_status(entry.id, v.APPROVED, v.DEPRECATED), transaction=iti57)
    deprecated = versions(registry)["1"]
    updated(registry, *a_version(deprecated, change=titled))
    both = versions(registry)
    assert {o.attribute("status") for o in both.values()} == {v.DEPRECATED}
    assert both["2"].name != entry.name


def test_what_is_online_already_need_not_say_so(registry, entry):
    online = "urn:ihe:iti:2010:DocumentAvailability:Online"
    updated(
        registry,
        *a_version(entry, change=lambda rim: rim.with_slot("documentAvailability", online)),
    )


OFFLINE = "urn:ihe:iti:2010:DocumentAvailability:Offline"
OTHER_SOURCE = "OTHER^^^&1.3.6.1.4.1.21367.2003.3.9&ISO"
FIXED = {
    "uniqueId": (
        "XDSMetadataIdentifierError",
        lambda e: a_version(
            e, change=lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.99")
        ),
    ),
    "patientId": (
        "XDSPatientIDReconciliationError",
        lambda e: a_version(
            e,
            change=lambda o: with_identifier(o, v.DOCUMENT_ENTRY_PATIENT_ID, OTHER_PATIENT),
            patient=OTHER_PATIENT,
        ),
    ),
    "objectType": (
        "UnmodifiableMetadataError",
        lambda e: a_version(e, change=lambda o: o.with_attribute("objectType", v.ON_DEMAND)),
    ),
    "repositoryUniqueId": (
        "UnmodifiableMetadataError",
        lambda e: a_version(e, change=lambda o: o.with_slot("repositoryUniqueId", "1.2.3.4")),
    ),
    "sourcePatientId": (
        "UnmodifiableMetadataError",
        lambda e: a_version(e, change=lambda o: o.with_slot("sourcePatientId", OTHER_SOURCE)),
    ),
    "documentAvailability": (
        "UnmodifiableMetadataError",
        lambda e: a_version(e, change=lambda o: o.with_slot("documentAvailability", OFFLINE)),
    ),
    "availabilityStatus": (
        "UnmodifiableMetadataError",
        lambda e: a_version(e, change=lambda o: o.with_attribute("status", v.DEPRECATED)),
    ),
    "homeCommunityId": (
        "UnmodifiableMetadataError",
        lambda e: a_version(e, change=lambda o: o.with_attribute("home", "urn:oid:1.2.3")),
    ),
    "a status": (
        "UnmodifiableMetadataError",
        lambda e: a_status(e.id, v.APPROVED, v.DEPRECATED),
    ),
    "an Association": (
        "XDSMetadataUpdateOperationError",
        lambda e: a_submit(v.APPEND, e.id, e.id),
    ),
    "a Folder": (
        "XDSMetadataUpdateOperationError",
        lambda _: a_version(a_folder().with_attribute("lid", UNKNOWN)),
    ),
    "an unknown lid": (
        "XDSMetadataVersionError",
        lambda e: a_version(e.with_attribute("lid", UNKNOWN)),
    ),
    "another version": ("XDSMetadataVersionError", lambda e: a_version(e, "3")),
    "no PreviousVersion": (
        "XDSMetadataUpdateOperationError",
        lambda e: tuple(
            without_slot(o, v.PREVIOUS_VERSION) if o.tag == "Association" else o
            for o in a_version(e)
        ),
    ),
    "one object twice": (
        "XDSMetadataUpdateOperationError",
        lambda e: together(a_version(e), a_version(e, identifier="New02")),
    ),
    "a first version": (
        "XDSMetadataUpdateError",
        lambda _: a_submission(),
    ),
    "an entry without its required attributes": (
        "XDSRegistryMetadataError",
        lambda e: a_version(e, change=lambda o: without_slot(o, "creationTime")),
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_refused_with_the_right_code_and_nothing_changes(registry, entry, name):
    code, build = FIXED[name]
    before = registry.everything().body, registry.everything(OTHER_PATIENT).body
    answer = send(registry, *build(entry))
    assert answer.status == "Failure"
    assert code in answer.codes
    assert (registry.everything().body, registry.everything(OTHER_PATIENT).body) == before


def test_every_attribute_that_stays_is_told_at_once(registry, entry):
    answer = send(
        registry,
        *a_version(
            entry,
            change=lambda o: o.with_slot("repositoryUniqueId", "1.2.3.4").with_slot(
                "sourcePatientId", OTHER_SOURCE
            ),
        ),
    )
    assert answer.codes == ("UnmodifiableMetadataError",) * 2
