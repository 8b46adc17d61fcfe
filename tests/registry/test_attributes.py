"""TF-3 §4.2.3 as the rooms apply it: a value is judged alike by ITI-42, ITI-61, ITI-57."""

import pytest

from registry.iti57_update import handle as iti57
from tests.build.on_demand import an_on_demand_submission
from tests.build.submission import (
    OPEN_DOMAIN,
    a_submission,
    changing,
    changing_classification,
    with_identifier,
)
from tests.build.update import a_version
from tests.registry.build import START, a_call, run
from xds.ebrim.submit import write_submit_objects
from xds.metadata import vocabulary as v

LATER = START.replace(hour=18)


def slot(name, *values):
    return lambda rim: rim.with_slot(name, *values)


def author(name, value):
    return lambda rim: changing_classification(
        rim, v.DOCUMENT_ENTRY_AUTHOR, lambda c: c.with_slot(name, value)
    )


CHANGES = {
    "a DTM with a zone": (slot("serviceStartTime", "200412230800+0100"), False),
    "a DTM of a year": (slot("serviceStartTime", "2004"), True),
    "a language with an underscore": (slot("languageCode", "fr_FR"), False),
    "a language in lower case": (slot("languageCode", "fr-fr"), True),
    "a legalAuthenticator without name and id": (slot("legalAuthenticator", "^^Claire"), False),
    "a PID field of no segment": (slot("sourcePatientInfo", "PID-40|x"), False),
    "a URI of two values": (slot("URI", "a.xml", "b.xml"), False),
    "a URI in ordered pieces": (slot("URI", "2|b.xml", "1|a/"), True),
    "a workflow with an authority": (
        slot(v.REFERENCE_ID_LIST, "1.2^^^&1.2&ISO^urn:ihe:iti:xdw:2013:workflowInstanceId"),
        False,
    ),
    "a workflow": (
        slot(v.REFERENCE_ID_LIST, "1.2^^^^urn:ihe:iti:xdw:2013:workflowInstanceId"),
        True,
    ),
    "a slot value too long": (slot("urn:example:extra", "x" * 257), False),
    "extra metadata": (slot("urn:example:extra", "x" * 256, "y"), True),
    "extra metadata of IHE's": (slot("urn:ihe:extra", "x"), False),
    "a community that is no OID URN": (lambda rim: rim.with_attribute("home", "1.2.3"), False),
    "a community": (lambda rim: rim.with_attribute("home", "urn:oid:1.2.3"), True),
    "a structure without an authority": (author("authorInstitution", "A^^^^^^^^^45"), False),
    "an e-mail address that is a telephone": (
        author("authorTelecommunication", "^PRN^Internet^a@example.org"),
        False,
    ),
    "a formatting escape": (author("authorPerson", "^Ber\\H\\nard^Claire"), False),
    "a source patient of two parts": (slot("sourcePatientId", "1&2^^^&1.2.3&ISO"), False),
}


@pytest.mark.parametrize("transaction", ["ITI-42", "ITI-61", "ITI-57"])
@pytest.mark.parametrize(("change", "is_right"), CHANGES.values(), ids=CHANGES)
def test_a_value_is_judged_alike_in_each_transaction(
    sqlite_registry, transaction, change, is_right
):
    registry = sqlite_registry
    if transaction == "ITI-42":
        answer = registry.register(*changing(a_submission(), "Document01", change))
    elif transaction == "ITI-61":
        objects = changing(an_on_demand_submission(), "Document01", change)
        answer = registry.register(*objects, on_demand=True)
    else:
        registry.registered(*a_submission())
        [entry] = registry.find().objects
        room = iti57.room(ledger=registry.ledger, domain=OPEN_DOMAIN, identifier_checks={})
        body = write_submit_objects(a_version(entry, change=change))
        answer = run(room, a_call(body, instant=LATER))
    expected = ("Success", ()) if is_right else ("Failure", ("XDSRegistryMetadataError",))
    assert (answer.status, answer.codes) == expected
    if is_right:
        found = registry.everything().of("ExtrinsicObject")[-1]
        wanted = change(found)
        assert found.slots == wanted.slots
        assert found.attribute("home") == wanted.attribute("home")


def test_a_hash_in_either_case_is_the_same_hash(sqlite_registry):
    """TF-3 §4.2.3.2.10: a case-insensitive value; it comes back as it was written."""
    registry = sqlite_registry
    registry.registered(*changing(a_submission(), "Document01", slot("hash", "ab" * 20)))
    again = (
        with_identifier(o, v.SUBMISSION_SET_UNIQUE_ID, "1.2.3.4")
        if o.tag == "RegistryPackage"
        else o
        for o in changing(a_submission(), "Document01", slot("hash", "AB" * 20))
    )
    registry.registered(*again)
    hashes = [o.slot("hash").values for o in registry.find().objects]
    assert sorted(hashes) == [("AB" * 20,), ("ab" * 20,)]
