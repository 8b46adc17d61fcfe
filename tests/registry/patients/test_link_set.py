"""The SubmissionSet that records a link change, and memberships by Reference.

Spec: ITI TF-2 §3.64.4.1.3.1.1, §3.64.4.1.3.1.4.
"""

from dataclasses import replace

from registry.ledger.api import Wanted
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_submission_set,
    has_member,
)
from tests.registry.build import STRANGER
from tests.registry.patients.link_build import (
    SOURCE_ID,
    WHEN,
    a_document,
    a_registered_document,
    associations,
    ends,
    latest,
    link,
    number,
    status,
    submit_in_folder,
    the_set,
)
from xds.domain import LINK_CHANGE
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.views import read_submission_set


def test_a_submission_set_records_the_change(registry):
    a_registered_document(registry)
    changed = link(registry)
    rim = the_set(registry, changed)
    read = read_submission_set(rim)
    assert rim.id == rim.attribute("lid") == changed.submission_set_uuid
    assert (status(rim), number(rim), rim.attribute("home")) == (v.APPROVED, 1, None)
    assert (read.patient_id, read.source_id, read.submission_time) == (
        OTHER_PATIENT,
        SOURCE_ID,
        WHEN,
    )
    assert read.content_type_code == LINK_CHANGE
    assert read.authors == ()
    assert rim.slot("intendedRecipient") is None
    assert read.unique_id.startswith("2.25.")


def test_the_domain_says_which_code_the_submission_set_has(registry):
    a_registered_document(registry)
    code = Code(code="LC", scheme="1.2.3", display="Changement de lien")
    changed = link(registry, domain=replace(OPEN_DOMAIN, link_change=code))
    assert read_submission_set(the_set(registry, changed)).content_type_code == code


def test_the_submission_set_is_as_a_submitted_one_must_be(registry):
    """Resubmitting what the Registry made, under other ids, passes every rule of a submission."""
    a_registered_document(registry)
    rim = the_set(registry, link(registry))
    renamed = a_submission_set(unique_id=f"{ROOT}.99", patient=OTHER_PATIENT)
    own = replace(
        rim,
        attributes=(("id", SUBMISSION_SET_ID),),
        version_info=None,
        classifications=tuple(
            c.with_attribute("classifiedObject", SUBMISSION_SET_ID) for c in rim.classifications
        ),
        external_identifiers=tuple(
            (
                e.with_attribute("value", f"{ROOT}.99")
                if e.attribute("identificationScheme") == v.SUBMISSION_SET_UNIQUE_ID
                else e
            ).with_attribute("registryObject", SUBMISSION_SET_ID)
            for e in rim.external_identifiers
        ),
    )
    assert renamed.id == own.id
    document = a_document(patient=OTHER_PATIENT)
    member = has_member(SUBMISSION_SET_ID, document.id, status=v.ORIGINAL)
    registry.registered(own, document, member)


def test_the_submission_set_holds_every_new_version_with_the_number_of_the_one_before(registry):
    document, _, folder = submit_in_folder(registry)
    changed = link(registry)
    members = {
        ends(a)[1]: a
        for a in associations(registry, v.HAS_MEMBER)
        if ends(a)[0] == changed.submission_set_uuid
    }
    of_document = members[latest(registry, document).id]
    of_folder = members[latest(registry, folder).id]
    assert of_document.slot("PreviousVersion").values == ("1",)
    assert of_document.slot("SubmissionSetStatus").values == ("Original",)
    assert of_folder.slot("PreviousVersion").values == ("1",)
    places = [
        a.id
        for a in associations(registry, v.HAS_MEMBER)
        if ends(a)[0] == latest(registry, folder).id
    ]
    assert len(places) == 2
    assert set(places) <= set(members)
    contents = registry.ask(
        "GetSubmissionSetAndContents", XDSSubmissionSetEntryUUID=f"'{changed.submission_set_uuid}'"
    )
    assert len(contents.of("ExtrinsicObject")) == 2
    assert len(contents.of("RegistryPackage")) == 2


def test_a_membership_by_reference_follows_the_document(registry):
    document = a_registered_document(registry)
    other = a_submission_set(unique_id=f"{ROOT}.88", patient=OTHER_PATIENT)
    registry.registered(other, has_member(SUBMISSION_SET_ID, document.id, status=v.REFERENCE))
    changed = link(registry)
    new = latest(registry, document)
    references = [
        a
        for a in associations(registry, v.HAS_MEMBER)
        if a.slot("SubmissionSetStatus") and a.slot("SubmissionSetStatus").values == ("Reference",)
    ]
    by_target = {ends(a)[1]: a for a in references}
    assert set(by_target) == {document.id, new.id}
    assert status(by_target[document.id]) == v.DEPRECATED
    assert status(by_target[new.id]) == v.APPROVED
    assert by_target[new.id].attribute("sourceObject") == by_target[document.id].attribute(
        "sourceObject"
    )
    linked = {
        ends(a)[1] for a in associations(registry) if ends(a)[0] == changed.submission_set_uuid
    }
    assert {by_target[new.id].id, by_target[document.id].id} <= linked


def test_a_membership_by_reference_stays_its_patient_s(registry):
    """A third patient's set refers to the document: the Association is still that patient's."""
    registry.ledger.add_patient(STRANGER, "20260101000000")
    document = a_registered_document(registry)
    other = a_submission_set(unique_id=f"{ROOT}.88", patient=STRANGER)
    registry.registered(other, has_member(SUBMISSION_SET_ID, document.id, status=v.REFERENCE))
    link(registry)
    new = latest(registry, document)
    (reference,) = [
        a for a in associations(registry, v.HAS_MEMBER, STRANGER) if ends(a)[1] == new.id
    ]
    known = registry.ledger.write(
        Wanted(), lambda unit: unit.look_up(Wanted(entry_uuids=frozenset({new.id})))
    )
    (owner,) = [a.patient_id for a in known.associations if a.entry_uuid == reference.id]
    assert owner == STRANGER
