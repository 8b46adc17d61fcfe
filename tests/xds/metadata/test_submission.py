"""xds.metadata.submission: the rules between the objects of one message, one broken at a time."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    SUBMISSION_SET_ID,
    a_code,
    a_document_entry,
    a_folder,
    a_label,
    a_replacement,
    a_submission,
    a_submission_set,
    an_association,
    changing,
    changing_classification,
    has_member,
    with_classification,
    with_identifier,
    without,
    without_attribute,
    without_slot,
)
from tests.strategies.metadata import rim_objects
from xds.ebrim.submit import read_submission_request, write_submit_objects
from xds.errors import ErrorCode, Where
from xds.metadata import vocabulary as v
from xds.metadata.departures import Departure
from xds.metadata.rim import RimObject
from xds.metadata.submission import MAX_COMPLAINTS, read_submission
from xds.namespaces import LCM

EXAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "examples" / "XDS.b"
REGISTERED = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"
ALSO_REGISTERED = "urn:uuid:20b545ea-725c-446d-9b95-8aeb444eddf3"
METADATA = ErrorCode.XDS_REGISTRY_METADATA_ERROR


def read(objects, actor="registry", domain=OPEN_DOMAIN, **more):
    return read_submission(tuple(objects), actor=actor, domain=domain, **more)


def complaints(objects, **how):
    return read(objects, **how)[1]


def test_a_submission_without_objects_is_placed_at_its_request():
    place = Where("lcm:SubmitObjectsRequest", 7)
    (complaint,) = complaints([], where=place)
    assert complaint.location == "/lcm:SubmitObjectsRequest (line 7)"


def the_only(objects, code=METADATA, **how):
    (complaint,) = complaints(objects, **how)
    assert complaint.code == code
    assert complaint.is_error
    return complaint


# -- what is valid ---------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", ["registry", "repository"])
@pytest.mark.parametrize(
    "objects",
    [
        a_submission(),
        a_submission(entries=3, folders=2),
        a_submission(entries=0, folders=1),
        *(
            a_replacement(REGISTERED, kind)
            for kind in (v.REPLACE, v.APPEND, v.TRANSFORM, v.TRANSFORM_AND_REPLACE, v.SIGNS)
        ),
        (a_submission_set(), has_member(SUBMISSION_SET_ID, REGISTERED, status=v.REFERENCE)),
        (*a_submission(), RimObject(tag="ObjectRef", attributes=(("id", REGISTERED),))),
    ],
)
def test_a_valid_submission_has_no_complaint(objects, actor):
    submission, found = read(objects, actor=actor)
    assert found == ()
    assert submission is not None
    assert submission.objects == tuple(o for o in objects if o.tag != "ObjectRef")


def test_a_submission_is_sorted_by_kind():
    objects = a_submission(entries=2, folders=1)
    submission, _ = read((*objects, RimObject(tag="ObjectRef", attributes=(("id", REGISTERED),))))
    assert submission.submission_set.entry_uuid == SUBMISSION_SET_ID
    assert [e.entry_uuid for e in submission.document_entries] == ["Document01", "Document02"]
    assert [f.entry_uuid for f in submission.folders] == ["Folder01"]
    assert len(submission.associations) == 7
    assert submission.object_refs == (REGISTERED,)


def test_an_existing_document_goes_into_an_existing_folder():
    member = an_association("member", v.HAS_MEMBER, REGISTERED, ALSO_REGISTERED)
    objects = (a_submission_set(), member, has_member(SUBMISSION_SET_ID, "member"))
    assert complaints(objects) == ()


def test_a_transformation_may_be_of_a_document_of_the_same_message():
    objects = (
        *a_submission(entries=2),
        an_association("x", v.TRANSFORM, "Document02", "Document01"),
    )
    assert complaints(objects) == ()


def outer_label():
    """The label of the SubmissionSet beside it, as in the official examples."""
    inside = a_submission()
    (label,) = [
        c
        for o in inside
        for c in o.classifications
        if c.attribute("classificationNode") == v.SUBMISSION_SET_NODE
    ]
    bare = changing(
        inside,
        SUBMISSION_SET_ID,
        lambda o: replace(o, classifications=tuple(c for c in o.classifications if c is not label)),
    )
    return bare, label


def test_a_label_beside_its_package_moves_into_it():
    bare, label = outer_label()
    submission, found = read((*bare, label))
    assert found == ()
    assert submission.objects == a_submission()


def test_a_label_both_inside_and_beside_is_one_label():
    _, label = outer_label()
    submission, found = read((*a_submission(), label.with_attribute("id", "again")))
    assert found == ()
    assert submission.objects == a_submission()


def test_the_short_association_types_of_the_official_examples_are_spelled_out():
    objects = changing(
        a_submission(),
        f"{SUBMISSION_SET_ID}-Document01",
        lambda o: o.with_attribute("associationType", "HasMember"),
    )
    submission, found = read(objects)
    assert found == ()
    assert submission.associations[0].association_type == v.HAS_MEMBER
    assert submission.objects[-1].attribute("associationType") == v.HAS_MEMBER


@pytest.mark.parametrize("tag", ["Classification", "ExternalIdentifier"])
def test_ids_of_inner_objects_may_be_absent(tag):
    def bare(o):
        return replace(
            o,
            classifications=tuple(without_attribute(c, "id") for c in o.classifications),
            external_identifiers=tuple(without_attribute(e, "id") for e in o.external_identifiers),
        )

    assert complaints(bare(o) for o in a_submission(entries=2, folders=1)) == ()


def test_an_association_without_an_id_is_tolerated():
    objects = tuple(
        without_attribute(o, "id") if o.tag == "Association" else o for o in a_submission(entries=2)
    )
    assert complaints(objects) == ()


# -- one submission set ----------------------------------------------------------------------------


def test_no_submission_set_is_no_submission():
    submission, found = read(without(a_submission(), SUBMISSION_SET_ID))
    assert submission is None
    assert any("exactly one SubmissionSet" in c.rule for c in found)


def test_nothing_at_all_is_one_complaint():
    assert "exactly one SubmissionSet" in the_only(()).rule


def test_two_submission_sets_are_no_submission():
    second = a_submission_set("SubmissionSet02", unique_id="1.2.3.4")
    submission, found = read((*a_submission(), second))
    assert submission is None
    assert ["exactly one SubmissionSet" in c.rule for c in found] == [True]


def test_an_empty_submission_is_refused():
    assert "at least one HasMember" in the_only((a_submission_set(),)).rule


# -- labels ----------------------------------------------------------------------------------------


def test_a_package_without_a_label_is_refused():
    bare, _ = outer_label()
    found = complaints(bare)
    assert any("neither label" in c.came for c in found)


def test_a_package_with_both_labels_is_refused():
    objects = changing(
        a_submission(),
        SUBMISSION_SET_ID,
        lambda o: with_classification(
            o, a_label(o.id, v.FOLDER_NODE).with_attribute("id", "folder-label")
        ),
    )
    assert any("both labels" in c.came for c in complaints(objects))


def test_a_label_of_nothing_is_refused():
    label = a_label("Nothing", v.FOLDER_NODE)
    assert "classifiedObject 'Nothing'" in the_only((*a_submission(), label)).came


def test_a_code_beside_its_object_is_refused():
    code = a_code("Document01", v.EVENT_CODE_LIST, "beside", "b", "c")
    assert "Classification beside the objects" in the_only((*a_submission(), code)).rule


# -- ids -------------------------------------------------------------------------------------------


def test_an_id_used_twice_names_both_elements_and_both_lines():
    xml = write_submit_objects(
        changing(
            a_submission(),
            "Document01",
            lambda o: changing_classification(
                o, v.CLASS_CODE, lambda c: c.with_attribute("id", "Document01")
            ),
        )
    ).replace(b"<rim:Classification", b"\n<rim:Classification")
    _, (complaint,) = read_submission_request(
        etree.fromstring(xml), Where("x"), actor="registry", domain=OPEN_DOMAIN
    )
    assert complaint.came == (
        "id 'Document01' of Classification (line 3) and of ExtrinsicObject (line 1)"
    )


@pytest.mark.parametrize("identifier", ["symbolic", "urn:uuid:XYZ"])
def test_a_reference_to_a_registered_object_is_a_uuid(identifier):
    ref = RimObject(tag="ObjectRef", attributes=(("id", identifier),))
    assert "by its UUID" in the_only((*a_submission(), ref)).rule


# -- members ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "member"),
    [
        (a_submission(entries=2), "Document02"),
        (a_submission(entries=0, folders=2), "Folder02"),
    ],
)
def test_what_the_submission_set_does_not_hold_is_refused(objects, member):
    complaint = the_only(without(objects, f"{SUBMISSION_SET_ID}-{member}"))
    assert member in complaint.subject
    assert "HasMember" in complaint.rule


def test_a_document_in_a_folder_is_recorded_by_the_submission_set():
    objects = a_submission(folders=1)
    kept = without(objects, f"{SUBMISSION_SET_ID}-Folder01-Document01")
    assert "accompanied by a HasMember" in the_only(kept).rule


@pytest.mark.parametrize(
    ("status", "target"),
    [("", "Document01"), (v.REFERENCE, "Document01"), (v.ORIGINAL, REGISTERED), ("x", REGISTERED)],
)
def test_original_is_for_new_documents_and_reference_for_registered_ones(status, target):
    membership = f"{SUBMISSION_SET_ID}-Document01"
    objects = a_submission()
    if target == REGISTERED:
        objects = (*objects, has_member(SUBMISSION_SET_ID, REGISTERED, status=status))
    elif status:
        objects = changing(
            objects, membership, lambda o: o.with_slot(v.SUBMISSION_SET_STATUS, status)
        )
    else:
        objects = changing(objects, membership, lambda o: without_slot(o, v.SUBMISSION_SET_STATUS))
    assert "SubmissionSetStatus is Original" in the_only(objects).rule


@pytest.mark.parametrize("status", [v.ORIGINAL, ""])
def test_the_status_means_nothing_for_folders(status):
    objects = (
        a_submission_set(),
        a_folder(),
        has_member(SUBMISSION_SET_ID, "Folder01", status=status),
    )
    assert complaints(objects) == ()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("Document01", "Folder01"),
        ("Folder01", "Folder02"),
        ("Folder01", SUBMISSION_SET_ID),
        ("Folder01", f"{SUBMISSION_SET_ID}-Document01"),
        (f"{SUBMISSION_SET_ID}-Document01", "Document01"),
    ],
)
def test_membership_has_one_of_its_four_forms(source, target):
    objects = (
        *a_submission(folders=2),
        an_association("wrong", v.HAS_MEMBER, source, target),
        has_member(SUBMISSION_SET_ID, "wrong"),
    )
    assert "four variants" in the_only(objects).expected


@pytest.mark.parametrize("end", ["sourceObject", "targetObject"])
def test_a_symbolic_id_that_names_nothing_is_unresolved(end):
    objects = changing(
        a_submission(folders=1),
        "Folder01-Document01",
        lambda o: o.with_attribute(end, "Nobody"),
    )
    unresolved = [
        c for c in complaints(objects) if c.code == ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION
    ]
    assert [c.location.endswith(f"/@{end}") for c in unresolved] == [True]
    assert "'Nobody', which is no object of this message" in unresolved[0].came


# -- relationships ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["urn:x", "RPLC2", "urn:oasis:names:tc:ebxml-regrep:HasMember"])
def test_an_unknown_association_type_is_refused(kind):
    objects = (*a_submission(), an_association("x", kind, "Document01", REGISTERED))
    assert "Table 4.2.2-1" in the_only(objects).rule


@pytest.mark.parametrize("kind", sorted(v.UPDATE_ASSOCIATION_TYPES))
def test_an_update_is_told_where_it_belongs(kind):
    objects = (*a_submission(), an_association("x", kind, SUBMISSION_SET_ID, REGISTERED))
    assert "ITI-57" in the_only(objects).rule


@pytest.mark.parametrize("kind", sorted(v.RELATIONSHIPS))
@pytest.mark.parametrize("source", [REGISTERED, "Nobody", SUBMISSION_SET_ID])
def test_a_relationship_starts_at_a_new_document(kind, source):
    objects = (*a_submission(), an_association("x", kind, source, ALSO_REGISTERED))
    complaint = the_only(objects, ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION)
    assert complaint.location.endswith("/@sourceObject")


@pytest.mark.parametrize("kind", sorted(v.NEEDS_REGISTERED_TARGET))
def test_what_is_replaced_is_already_registered(kind):
    objects = (*a_submission(entries=2), an_association("x", kind, "Document01", "Document02"))
    complaint = the_only(objects, ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION)
    assert complaint.location.endswith("/@targetObject")


@pytest.mark.parametrize("target", ["Nobody", SUBMISSION_SET_ID])
def test_a_relationship_ends_at_a_document(target):
    objects = (*a_submission(), an_association("x", v.APPEND, "Document01", target))
    the_only(objects, ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION)


def test_a_signature_may_sign_its_whole_submission_where_the_domain_departs_so():
    objects = (*a_submission(), an_association("x", v.SIGNS, "Document01", SUBMISSION_SET_ID))
    departing = replace(OPEN_DOMAIN, departures=frozenset({Departure.SIGNS_SUBMISSION_SET}))
    assert complaints(objects, domain=departing) == ()
    the_only(objects, ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION)
    folder = (*a_submission(folders=1), an_association("x", v.SIGNS, "Document01", "Folder01"))
    (found,) = complaints(folder, domain=departing)
    assert found.code is ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION


def documented(kind, source, target):
    return with_classification(
        an_association("documented", kind, source, target),
        a_code("documented", v.ASSOCIATION_DOCUMENTATION, "fr", "langs", "Translation"),
    )


def test_association_documentation_is_kept_on_a_relationship():
    objects = (*a_submission(), documented(v.TRANSFORM, "Document01", REGISTERED))
    submission, found = read(objects)
    assert found == ()
    assert submission.objects[-1] == objects[-1]


def test_association_documentation_is_refused_on_membership():
    objects = (
        *without(a_submission(), f"{SUBMISSION_SET_ID}-Document01"),
        documented(v.HAS_MEMBER, SUBMISSION_SET_ID, "Document01").with_slot(
            v.SUBMISSION_SET_STATUS, v.ORIGINAL
        ),
    )
    assert "document relationships only" in the_only(objects).rule


# -- patients and unique ids -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "scheme"),
    [("Document01", v.DOCUMENT_ENTRY_PATIENT_ID), ("Folder01", v.FOLDER_PATIENT_ID)],
)
def test_another_patient_is_xds_patient_id_does_not_match(identifier, scheme):
    objects = changing(
        a_submission(folders=1),
        identifier,
        lambda o: with_identifier(o, scheme, OTHER_PATIENT),
    )
    complaint = the_only(objects, ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH)
    assert OTHER_PATIENT in complaint.came
    assert PATIENT in complaint.expected


def test_the_type_of_identifier_makes_no_other_patient():
    domain = replace(OPEN_DOMAIN, departures=frozenset(Departure))
    objects = changing(
        a_submission(),
        "Document01",
        lambda o: with_identifier(o, v.DOCUMENT_ENTRY_PATIENT_ID, PATIENT + "^NH"),
    )
    assert complaints(objects, domain=domain) == ()


def test_a_patient_of_an_authority_that_the_domain_does_not_know_is_unknown():
    domain = replace(OPEN_DOMAIN, authorities=MappingProxyType({"1.2.250.1.213.1.4.10": object()}))
    found = complaints(a_submission(), domain=domain)
    assert {c.code for c in found} == {ErrorCode.XDS_UNKNOWN_PATIENT_ID}
    assert all("1.2.250.1.213.1.4.10" in c.expected for c in found)


@pytest.mark.parametrize("warns", [False, True])
@pytest.mark.parametrize("fault", ["", "its key does not fit"])
def test_an_authority_may_name_a_check_of_its_identifiers(fault, warns):
    ins = SimpleNamespace(check="ins", check_warns=warns)
    domain = replace(OPEN_DOMAIN, authorities=MappingProxyType({"1.3.6.1.4.1.21367.2005.3.7": ins}))
    seen = []
    found = complaints(
        a_submission(),
        domain=domain,
        identifier_checks={"ins": lambda text: seen.append(text) or fault},
    )
    assert set(seen) == {"SELF-5"}
    assert [fault in c.came for c in found] == ([True, True] if fault else [])
    assert all(c.is_error is not warns for c in found)


@pytest.mark.parametrize(
    ("actor", "code"),
    [
        ("registry", ErrorCode.XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE),
        ("repository", ErrorCode.XDS_REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE),
    ],
)
def test_a_unique_id_used_twice_is_the_actor_s_own_code(actor, code):
    objects = changing(
        a_submission(entries=2),
        "Document02",
        lambda _: a_document_entry("Document02", unique_id="1.3.6.1.4.1.21367.2005.3.9999.33"),
    )
    complaint = the_only(objects, code, actor=actor)
    assert SUBMISSION_SET_ID in complaint.came


# -- times -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop", "is_right"),
    [
        ("2005", "2004", False),
        ("20050102", "20050101", False),
        ("200501020304", "200501020304", True),
        ("20050102", "2005", True),
        ("2005", "20050102", True),
    ],
)
def test_a_service_starts_before_it_stops_as_far_as_can_be_told(start, stop, is_right):
    objects = changing(
        a_submission(),
        "Document01",
        lambda o: o.with_slot("serviceStartTime", start).with_slot("serviceStopTime", stop),
    )
    assert (complaints(objects) == ()) is is_right


@pytest.mark.parametrize(
    ("values", "is_right"),
    [
        (("DOC001.XML",), True),
        (("http://example.org/a%20b?c=d#e",), True),
        (("1|http://example.org/", "2|doc.xml"), True),
        (("2|doc.xml", "1|http://example.org/"), True),
        (("http://example.org/", "doc.xml"), False),
        (("1|http://example.org/", "3|doc.xml"), False),
        (("1|http://example.org/", "1|doc.xml"), False),
        (("http://example.org/a b",), False),
        (("http://example.org/a%2",), False),
        (("résumé.xml",), False),
    ],
)
def test_a_uri_is_one_value_and_a_uri(values, is_right):
    """TF-3 §4.2.3.2.27; the pieces of a long one are of texts before revision 10."""
    objects = changing(a_submission(), "Document01", lambda o: o.with_slot("URI", *values))
    assert ["4.2.3.2.27" in c.rule for c in complaints(objects)] == ([] if is_right else [True])


@pytest.mark.parametrize("length", [81, 256])
def test_an_identifier_is_told_whole(length):
    """TF-3 Table 4.2.4.1-2: codeContext has the uniqueId, the value of patientId."""
    unique_id = "urn:example:".ljust(length, "x")
    objects = tuple(
        with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, unique_id)
        if o.tag == "ExtrinsicObject"
        else o
        for o in a_submission(entries=2)
    )
    code = ErrorCode.XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE
    assert f"'{unique_id}'" in the_only(objects, code).code_context
    patient = f"{'1' * (length - 13)}^^^&1.2.3&ISO"
    objects = changing(
        a_submission(),
        "Document01",
        lambda o: with_identifier(o, v.DOCUMENT_ENTRY_PATIENT_ID, patient),
    )
    complaint = the_only(objects, ErrorCode.XDS_PATIENT_ID_DOES_NOT_MATCH)
    assert f"'{patient}'" in complaint.code_context


# -- all at once -----------------------------------------------------------------------------------


def test_all_complaints_come_at_once_in_the_order_of_the_message():
    objects = changing(a_submission(), "Document01", lambda o: without_slot(o, "creationTime"))
    objects = changing(
        objects, SUBMISSION_SET_ID, lambda o: o.with_slot("submissionTime", "yesterday")
    )
    xml = write_submit_objects(objects).replace(b"<rim:", b"\n<rim:") + b"\n"
    bad = xml.replace(b"\n<rim:RegistryObjectList>", b"\n<rim:RegistryObjectList><rim:Person/>", 1)
    request = etree.fromstring(bad)
    _, found = read_submission_request(request, Where("x"), actor="registry", domain=OPEN_DOMAIN)
    assert len(found) == 3
    lines = [c.where.line for c in found]
    assert lines == sorted(lines)
    assert all(line > 1 for line in lines)


@given(st.lists(rim_objects, max_size=4), st.sampled_from(("registry", "repository")))
def test_any_objects_whatever_are_judged_without_an_exception(objects, actor):
    _, found = read(objects, actor=actor)
    for complaint in found:
        assert complaint.code_context.count("Fix: ") == 1
        assert complaint.location


def test_a_hostile_message_gets_a_bounded_answer():
    entry = replace(a_document_entry(), slots=())
    objects = (
        a_submission_set(),
        *(replace(entry, attributes=(("id", f"d{n}"),)) for n in range(200)),
    )
    found = complaints(objects)
    assert len(found) == MAX_COMPLAINTS + 1
    assert all(c.is_error for c in found)


@pytest.mark.skipif(not EXAMPLES.exists(), reason="needs ../shared/reference/examples")
@pytest.mark.parametrize(
    "name",
    [
        "ProvideAndRegisterDocumentSet-bRequest.xml",
        "ProvideAndRegisterDocumentSet-bRequest_SOAP.xml",
        "RegisterDocumentSet-bRequest.xml",
        "RegisterDocumentSet-bRequest_SOAP.xml",
    ],
)
def test_the_official_examples_are_accepted_as_a_document_source_sends_them(name):
    (request,) = etree.parse(EXAMPLES / name).iter(f"{{{LCM}}}SubmitObjectsRequest")
    submission, found = read_submission_request(
        request, Where("x"), actor="repository", domain=OPEN_DOMAIN
    )
    assert found == ()
    assert submission is not None
    # As ITI-42 the example lacks what the Repository has to add (ITI TF-3 Table 4.3.1-3).
    _, found = read_submission_request(request, Where("x"), actor="registry", domain=OPEN_DOMAIN)
    assert sorted(c.fix for c in found) == ["add hash", "add repositoryUniqueId", "add size"]
