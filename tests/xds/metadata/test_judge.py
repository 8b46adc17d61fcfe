"""xds.metadata.judge: one object against the attribute table, one thing wrong at a time."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from tests.build.submission import (
    OPEN_DOMAIN,
    PATIENT,
    a_code,
    a_document_entry,
    a_folder,
    a_label,
    a_submission_set,
    an_association,
    an_author,
    an_identifier,
    changing_classification,
    with_classification,
    with_identifier,
    without_attribute,
    without_scheme,
    without_slot,
)
from xds.domain import Code, ValueSet
from xds.errors import ErrorCode
from xds.metadata import vocabulary as v
from xds.metadata.attributes import (
    ATTRIBUTES,
    BY_SUBJECT,
    IDENTIFICATION_SCHEMES,
    SCHEMES,
    Datatype,
    Subject,
)
from xds.metadata.checks import CHECKS
from xds.metadata.departures import Departure
from xds.metadata.judge import Judge
from xds.metadata.rim import LocalizedString, Slot

ENTRY, SET, FOLDER, ASSOCIATION = Subject
AT_REGISTRY = Judge(actor="registry", domain=OPEN_DOMAIN)
AT_REPOSITORY = Judge(actor="repository", domain=OPEN_DOMAIN)


def complaints(rim, subject=ENTRY, judge=AT_REGISTRY):
    return list(judge.judge(subject, rim))


def the_only(rim, subject=ENTRY, judge=AT_REGISTRY):
    (complaint,) = complaints(rim, subject, judge)
    return complaint


# -- the table itself ----------------------------------------------------------------------------


def test_each_attribute_of_a_subject_has_one_row_and_each_type_a_check():
    labels = [row.label for row in ATTRIBUTES]
    assert len(labels) == len(set(labels))
    assert set(CHECKS) == set(Datatype)
    assert sum(map(len, BY_SUBJECT.values())) == len(ATTRIBUTES)


def test_each_scheme_belongs_to_one_attribute():
    assert len(SCHEMES) == 12
    assert len(IDENTIFICATION_SCHEMES) == 7


# -- presence (ITI TF-3 Table 4.3.1-3), written down from the standard, not from our table -------

BOTH = [
    (ENTRY, "classCode", lambda o: without_scheme(o, v.CLASS_CODE)),
    (ENTRY, "confidentialityCode", lambda o: without_scheme(o, v.CONFIDENTIALITY_CODE)),
    (ENTRY, "creationTime", lambda o: without_slot(o, "creationTime")),
    (ENTRY, "entryUUID", lambda o: without_attribute(o, "id")),
    (ENTRY, "formatCode", lambda o: without_scheme(o, v.FORMAT_CODE)),
    (
        ENTRY,
        "healthcareFacilityTypeCode",
        lambda o: without_scheme(o, v.HEALTHCARE_FACILITY_TYPE_CODE),
    ),
    (ENTRY, "languageCode", lambda o: without_slot(o, "languageCode")),
    (ENTRY, "mimeType", lambda o: without_attribute(o, "mimeType")),
    (ENTRY, "objectType", lambda o: without_attribute(o, "objectType")),
    (ENTRY, "patientId", lambda o: without_scheme(o, v.DOCUMENT_ENTRY_PATIENT_ID)),
    (ENTRY, "practiceSettingCode", lambda o: without_scheme(o, v.PRACTICE_SETTING_CODE)),
    (ENTRY, "sourcePatientId", lambda o: without_slot(o, "sourcePatientId")),
    (ENTRY, "typeCode", lambda o: without_scheme(o, v.TYPE_CODE)),
    (ENTRY, "uniqueId", lambda o: without_scheme(o, v.DOCUMENT_ENTRY_UNIQUE_ID)),
    (SET, "contentTypeCode", lambda o: without_scheme(o, v.CONTENT_TYPE_CODE)),
    (SET, "entryUUID", lambda o: without_attribute(o, "id")),
    (SET, "patientId", lambda o: without_scheme(o, v.SUBMISSION_SET_PATIENT_ID)),
    (SET, "sourceId", lambda o: without_scheme(o, v.SUBMISSION_SET_SOURCE_ID)),
    (SET, "submissionTime", lambda o: without_slot(o, "submissionTime")),
    (SET, "uniqueId", lambda o: without_scheme(o, v.SUBMISSION_SET_UNIQUE_ID)),
    (FOLDER, "codeList", lambda o: without_scheme(o, v.FOLDER_CODE_LIST)),
    (FOLDER, "entryUUID", lambda o: without_attribute(o, "id")),
    (FOLDER, "patientId", lambda o: without_scheme(o, v.FOLDER_PATIENT_ID)),
    (FOLDER, "title", lambda o: replace(o, name=None)),
    (FOLDER, "uniqueId", lambda o: without_scheme(o, v.FOLDER_UNIQUE_ID)),
    (ASSOCIATION, "associationType", lambda o: without_attribute(o, "associationType")),
    (ASSOCIATION, "sourceObject", lambda o: without_attribute(o, "sourceObject")),
    (ASSOCIATION, "targetObject", lambda o: without_attribute(o, "targetObject")),
]
REGISTRY_ONLY = [
    (ENTRY, "hash", lambda o: without_slot(o, "hash")),
    (ENTRY, "size", lambda o: without_slot(o, "size")),
    (ENTRY, "repositoryUniqueId", lambda o: without_slot(o, "repositoryUniqueId")),
]
OPTIONAL = [
    (ENTRY, lambda o: without_scheme(o, v.DOCUMENT_ENTRY_AUTHOR)),
    (ENTRY, lambda o: without_scheme(o, v.EVENT_CODE_LIST)),
    (ENTRY, lambda o: without_slot(o, "legalAuthenticator")),
    (ENTRY, lambda o: without_slot(o, "serviceStartTime")),
    (ENTRY, lambda o: without_slot(o, "serviceStopTime")),
    (ENTRY, lambda o: without_slot(o, "sourcePatientInfo")),
    (ENTRY, lambda o: without_slot(o, "URI")),
    (ENTRY, lambda o: without_slot(o, v.REFERENCE_ID_LIST)),
    (ENTRY, lambda o: replace(o, name=None, description=None)),
    (SET, lambda o: without_scheme(o, v.SUBMISSION_SET_AUTHOR)),
    (SET, lambda o: without_slot(o, "intendedRecipient")),
    (SET, lambda o: replace(o, name=None, description=None)),
    (FOLDER, lambda o: without_slot(o, "lastUpdateTime")),
    (ASSOCIATION, lambda o: without_attribute(o, "id")),
]
VALID = {
    ENTRY: a_document_entry,
    SET: a_submission_set,
    FOLDER: a_folder,
    ASSOCIATION: lambda: an_association("a", v.HAS_MEMBER, "s", "t"),
}


@pytest.mark.parametrize("subject", list(Subject))
@pytest.mark.parametrize("judge", [AT_REGISTRY, AT_REPOSITORY])
def test_the_valid_objects_are_valid(subject, judge):
    assert complaints(VALID[subject](), subject, judge) == []


@pytest.mark.parametrize(("subject", "name", "change"), BOTH)
@pytest.mark.parametrize(
    ("judge", "code"),
    [
        (AT_REGISTRY, ErrorCode.XDS_REGISTRY_METADATA_ERROR),
        (AT_REPOSITORY, ErrorCode.XDS_REPOSITORY_METADATA_ERROR),
    ],
)
def test_a_missing_required_attribute_is_a_metadata_error_of_the_actor(
    subject, name, change, judge, code
):
    complaint = the_only(change(VALID[subject]()), subject, judge)
    assert complaint.code == code
    assert f"{subject}.{name} is required (ITI TF-3 §4.2." in complaint.rule


@pytest.mark.parametrize(("subject", "name", "change"), REGISTRY_ONLY)
def test_what_the_repository_adds_is_required_by_the_registry_only(subject, name, change):
    assert f".{name} is required" in the_only(change(VALID[subject]()), subject).rule
    assert complaints(change(VALID[subject]()), subject, AT_REPOSITORY) == []


@pytest.mark.parametrize(("subject", "change"), OPTIONAL)
def test_what_is_optional_may_be_absent(subject, change):
    assert complaints(change(VALID[subject]()), subject) == []


@pytest.mark.parametrize("values", [(), ("",), ("  \n",)])
def test_an_empty_slot_is_an_absent_attribute(values):
    assert complaints(a_document_entry().with_slot("URI", *values)) == []
    assert "required" in the_only(a_document_entry().with_slot("creationTime", *values)).rule


@pytest.mark.parametrize(
    ("subject", "node"),
    [
        (ENTRY, v.DOCUMENT_ENTRY_LIMITED_NODE),
        (SET, v.SUBMISSION_SET_LIMITED_NODE),
        (FOLDER, v.FOLDER_LIMITED_NODE),
    ],
)
def test_limited_metadata_is_prohibited_in_xds(subject, node):
    rim = VALID[subject]()
    assert (
        "Metadata-Limited"
        in the_only(with_classification(rim, a_label(rim.id, node)), subject).rule
    )


# -- number ----------------------------------------------------------------------------------------

SINGLE_SLOTS = [
    "creationTime",
    "hash",
    "languageCode",
    "legalAuthenticator",
    "repositoryUniqueId",
    "serviceStartTime",
    "serviceStopTime",
    "size",
    "sourcePatientId",
]


@pytest.mark.parametrize("name", SINGLE_SLOTS)
def test_a_single_valued_slot_with_two_values_is_refused(name):
    value = a_document_entry().slot(name).values[0]
    complaint = the_only(a_document_entry().with_slot(name, value, value))
    assert "has one value" in complaint.rule
    assert complaint.location.endswith("rim:ValueList/rim:Value[2]")


@pytest.mark.parametrize(
    ("subject", "scheme"),
    [
        (ENTRY, v.CLASS_CODE),
        (ENTRY, v.FORMAT_CODE),
        (ENTRY, v.HEALTHCARE_FACILITY_TYPE_CODE),
        (ENTRY, v.PRACTICE_SETTING_CODE),
        (ENTRY, v.TYPE_CODE),
        (SET, v.CONTENT_TYPE_CODE),
    ],
)
def test_a_single_code_given_twice_is_refused(subject, scheme):
    rim = VALID[subject]()
    twice = with_classification(rim, a_code(rim.id, scheme, "x", "y", "z"))
    assert "has one value" in the_only(twice, subject).rule


@pytest.mark.parametrize(
    ("subject", "scheme"),
    [
        (ENTRY, v.CONFIDENTIALITY_CODE),
        (ENTRY, v.EVENT_CODE_LIST),
        (FOLDER, v.FOLDER_CODE_LIST),
    ],
)
def test_a_list_of_codes_may_have_several(subject, scheme):
    rim = VALID[subject]()
    twice = with_classification(rim, a_code(rim.id, scheme, "x", "y", "z"))
    assert complaints(twice, subject) == []


def test_two_patient_ids_are_refused():
    entry = a_document_entry()
    more = an_identifier(entry.id, v.DOCUMENT_ENTRY_PATIENT_ID, PATIENT, "again")
    twice = replace(entry, external_identifiers=(*entry.external_identifiers, more))
    assert "DocumentEntry.patientId has one value" in the_only(twice).rule


def test_a_date_of_birth_comes_once():
    info = ("PID-3|a^^^&1.2&ISO", "PID-3|b^^^&1.3&ISO", "PID-7|1950", "PID-7|1951")
    complaint = the_only(a_document_entry().with_slot("sourcePatientInfo", *info))
    assert "at most one PID-7" in complaint.rule


# -- data types ------------------------------------------------------------------------------------

WRONG_SLOTS = [
    (ENTRY, "creationTime", "20170222110000+0200", "time zone"),
    (ENTRY, "creationTime", "20050230", "real date"),
    (ENTRY, "serviceStartTime", "2005-01-01", "ISO 8601"),
    (ENTRY, "serviceStopTime", "noon", "digits"),
    (ENTRY, "hash", "abc", "SHA-1"),
    (ENTRY, "size", "3 KB", "octets"),
    (ENTRY, "languageCode", "fr_FR", "RFC 5646"),
    (ENTRY, "legalAuthenticator", "^^Claire", "XCN"),
    (ENTRY, "repositoryUniqueId", "my repository", "OID"),
    (ENTRY, "repositoryUniqueId", "1." + "1" * 64, "at most 64"),
    (ENTRY, "sourcePatientId", "ST-1000", "CX"),
    (ENTRY, "sourcePatientId", "a^^^&amp;1.2&amp;ISO", "escaped twice"),
    (ENTRY, "sourcePatientInfo", "Doe^John", "PID"),
    (ENTRY, v.REFERENCE_ID_LIST, "2013001", "CXi.5"),
    (ENTRY, "URI", "a&amp;b", "escaped twice"),
    (SET, "submissionTime", "20041225235050Z", "time zone"),
    (SET, "intendedRecipient", "||", "organisation"),
    (FOLDER, "lastUpdateTime", "yesterday", "digits"),
]


@pytest.mark.parametrize(("subject", "name", "value", "word"), WRONG_SLOTS)
def test_a_value_of_another_type_is_refused_with_the_value_and_its_place(
    subject, name, value, word
):
    found = complaints(VALID[subject]().with_slot(name, value), subject)
    assert any(word in c.rule for c in found)
    for complaint in found:
        assert value[:20] in complaint.came
        assert complaint.location.endswith("rim:Value[1]")
        assert "§" in complaint.rule


WRONG_IDENTIFIERS = [
    (ENTRY, v.DOCUMENT_ENTRY_PATIENT_ID, "SELF-5", "CX"),
    (ENTRY, v.DOCUMENT_ENTRY_PATIENT_ID, PATIENT + "^NH", "no component after"),
    (ENTRY, v.DOCUMENT_ENTRY_UNIQUE_ID, "1" * 257, "at most 256"),
    (SET, v.SUBMISSION_SET_PATIENT_ID, "a&amp;b", "twice"),
    (SET, v.SUBMISSION_SET_UNIQUE_ID, "not an oid", "OID"),
    (SET, v.SUBMISSION_SET_SOURCE_ID, "Clinic", "OID"),
    (FOLDER, v.FOLDER_PATIENT_ID, "x^^^&1.2", "CX"),
    (FOLDER, v.FOLDER_UNIQUE_ID, "urn:uuid:x", "OID"),
]


@pytest.mark.parametrize(("subject", "scheme", "value", "word"), WRONG_IDENTIFIERS)
def test_an_identifier_of_another_type_is_refused(subject, scheme, value, word):
    complaint = the_only(with_identifier(VALID[subject](), scheme, value), subject)
    assert word in complaint.rule
    assert complaint.location.endswith("/@value")


@pytest.mark.parametrize(
    "unique_id",
    ["urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3", "1.2.3^ext", "http://x.org/1", "x" * 256],
)
def test_a_document_s_unique_id_is_an_opaque_string(unique_id):
    assert (
        complaints(with_identifier(a_document_entry(), v.DOCUMENT_ENTRY_UNIQUE_ID, unique_id)) == []
    )


WRONG_ATTRIBUTES = [
    (ENTRY, "id", "urn:uuid:NOT-A-UUID", "RFC 4122"),
    (ENTRY, "home", "1.2.3", "OID URN"),
    (ENTRY, "mimeType", "pdf", "type/subtype"),
    (ENTRY, "objectType", "urn:x", "stable"),
    (ENTRY, "objectType", v.ON_DEMAND, "ITI-61"),
    (ASSOCIATION, "id", "urn:uuid:X", "RFC 4122"),
    (ASSOCIATION, "targetObject", "urn:uuid:ABC", "RFC 4122"),
]


@pytest.mark.parametrize(("subject", "name", "value", "word"), WRONG_ATTRIBUTES)
def test_an_xml_attribute_of_another_type_is_refused(subject, name, value, word):
    rim = VALID[subject]().with_attribute(name, value)
    own = [c for c in complaints(rim, subject) if c.location.endswith(f"/@{name}")]
    assert len(own) == 1
    assert word in own[0].rule


TOLERATED = [
    (ENTRY, lambda o: o.with_slot("languageCode", "en-us")),
    (ENTRY, lambda o: o.with_slot("hash", o.slot("hash").values[0].upper())),
    (ENTRY, lambda o: o.with_attribute("mimeType", "text/goofy")),
    (ENTRY, lambda o: o.with_attribute("lid", "urn:uuid:whatever").with_attribute("status", "x")),
    (ENTRY, lambda o: o.with_attribute("home", "urn:oid:1.2.3")),
    (ENTRY, lambda o: o.with_attribute("home", "")),
    (ENTRY, lambda o: o.with_slot("sourcePatientInfo", "PID-7|1950-10-07", "PID-3|ST-1000")),
    (ENTRY, lambda o: o.with_slot("creationTime", "\n      20051224\n   ")),
    (ENTRY, lambda o: o.with_slot("URI", "1|http://example.org/", "2|doc.xml")),
    (ENTRY, lambda o: o.with_slot("documentAvailability", "urn:ihe:iti:2010:Online")),
    (ENTRY, lambda o: o.with_slot("urn:example:extra", "kept", "and kept")),
    (ENTRY, lambda o: o.with_slot("legalAuthenticator", "Gerald Smitty")),
    (SET, lambda o: o.with_slot("urn:example:extra", "kept")),
    (ASSOCIATION, lambda o: o.with_slot("urn:example:extra", "kept")),
    (SET, lambda o: o.with_attribute("objectType", "urn:other")),
]


@pytest.mark.parametrize(("subject", "change"), TOLERATED)
def test_what_the_field_sends_is_tolerated(subject, change):
    assert complaints(change(VALID[subject]()), subject) == []


@pytest.mark.parametrize(("subject", "most"), [(ENTRY, 127), (SET, 255), (FOLDER, 256)], ids=str)
def test_a_title_has_the_standard_s_length(subject, most):
    def titled(length):
        return replace(VALID[subject](), name=(LocalizedString(value="x" * length),))

    assert complaints(titled(most), subject) == []
    assert f"at most {most} characters" in the_only(titled(most + 1), subject).rule


def test_comments_have_any_length():
    assert (
        complaints(replace(a_document_entry(), description=(LocalizedString(value="x" * 5000),)))
        == []
    )


def test_no_slot_value_is_longer_than_ebrim_allows():
    long = "x" * 257
    for rim in (
        a_document_entry().with_slot("urn:example:extra", long),
        a_document_entry().with_slot("URI", long),
        with_classification(
            a_document_entry(),
            a_code("Document01", v.EVENT_CODE_LIST, "c", long, "d"),
        ),
    ):
        assert "at most 256 characters" in the_only(rim).rule


# -- codes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda c: without_attribute(c, "nodeRepresentation"), "nodeRepresentation"),
        (lambda c: c.with_attribute("nodeRepresentation", " "), "nodeRepresentation"),
        (lambda c: without_slot(c, "codingScheme"), "coding scheme"),
        (lambda c: c.with_slot("codingScheme", "a", "b"), "coding scheme"),
        (lambda c: replace(c, name=None), "display name"),
        (lambda c: replace(c, name=()), "display name"),
        (lambda c: replace(c, name=(LocalizedString(value=""),)), "display name"),
    ],
)
def test_a_code_without_one_of_its_three_parts_is_refused(change, expected):
    complaint = the_only(changing_classification(a_document_entry(), v.CLASS_CODE, change))
    assert expected in complaint.expected
    assert "DocumentEntry.classCode" in complaint.rule


def a_domain(**value_sets):
    return replace(
        OPEN_DOMAIN,
        value_sets=MappingProxyType(
            {
                name: ValueSet(
                    attribute=name,
                    codes={(c, s): Code(code=c, scheme=s) for c, s in codes},
                )
                for name, codes in value_sets.items()
            }
        ),
    )


@pytest.mark.parametrize(
    ("codes", "is_admitted"),
    [
        ([("34108-1", "2.16.840.1.113883.6.1")], True),
        ([("34108-1", "1.2.3"), ("other", "2.16.840.1.113883.6.1")], False),
        ([], False),
    ],
)
def test_code_and_scheme_together_must_be_in_the_domain_s_value_set(codes, is_admitted):
    judge = Judge(actor="registry", domain=a_domain(typeCode=codes))
    found = complaints(a_document_entry(), judge=judge)
    assert len(found) == (0 if is_admitted else 1)
    for complaint in found:
        assert "'34108-1' of scheme '2.16.840.1.113883.6.1'" in complaint.came


def test_a_mime_type_may_be_restricted_by_the_domain():
    judge = Judge(actor="registry", domain=a_domain(mimeType=[("application/pdf", "")]))
    assert "affinity domain allows" in the_only(a_document_entry(), judge=judge).rule


@pytest.mark.parametrize(
    ("departures", "further", "is_right"),
    [
        ((), "^NH", False),
        ((Departure.CX_IDENTIFIER_TYPE,), "^NH", True),
        ((Departure.CX_IDENTIFIER_TYPE,), "^NH^^20210101", False),
        ((Departure.CX_EFFECTIVE_DATE,), "^NH", False),
        ((Departure.CX_EFFECTIVE_DATE,), "^^^20210101", True),
        (Departure, "^NH^^20210101", True),
        (Departure, "^NH^^2021010112+0100", True),
        (Departure, "^NH^^Monday", False),
        (Departure, "^NH^facility", False),
        (Departure, "^NH^^20210101^20220101", False),
        ((), "^^^", True),
    ],
)
def test_a_component_after_the_authority_is_the_domains_to_permit(departures, further, is_right):
    """Each in every attribute that is a CX, authorities listed or not."""
    domain = replace(OPEN_DOMAIN, departures=frozenset(departures))
    judge = Judge(actor="registry", domain=domain)
    patient = with_identifier(a_document_entry(), v.DOCUMENT_ENTRY_PATIENT_ID, PATIENT + further)
    source = a_document_entry().with_slot("sourcePatientId", PATIENT + further)
    for rim in (patient, source):
        assert [c.code for c in complaints(rim, judge=judge)] == (
            [] if is_right else [ErrorCode.XDS_REGISTRY_METADATA_ERROR]
        )


# -- authors ---------------------------------------------------------------------------------------


def authored(**slots):
    rim = without_scheme(a_document_entry(), v.DOCUMENT_ENTRY_AUTHOR)
    return with_classification(rim, an_author(rim.id, v.DOCUMENT_ENTRY_AUTHOR, **slots))


@pytest.mark.parametrize(
    "slots",
    [
        {"authorPerson": ("Gerald Smitty",)},
        {"authorInstitution": ("Cleveland Clinic", "Parma Community")},
        {"authorTelecommunication": ("^^Internet^a@example.org",)},
    ],
)
def test_one_of_person_institution_and_address_makes_an_author(slots):
    assert complaints(authored(**slots, authorRole=("Attending",))) == []


@pytest.mark.parametrize(
    ("slots", "word"),
    [
        ({"authorRole": ("Attending",)}, "names a person"),
        ({"authorPerson": ("^Welby", "^Kildare")}, "one value"),
        ({"authorPerson": ("^^Marcus",)}, "XCN"),
        ({"authorInstitution": ("^^^",)}, "XON"),
        ({"authorPerson": ("^W",), "authorTelecommunication": ("mail",)}, "XTN"),
        ({"authorPerson": ("^W",), "authorSpecialty": ("Ear &amp; Throat",)}, "twice"),
    ],
)
def test_what_makes_no_author_is_refused(slots, word):
    assert word in the_only(authored(**slots)).rule


def test_several_authors_are_several_classifications():
    rim = with_classification(
        authored(authorPerson=("^A",)),
        an_author("Document01", v.DOCUMENT_ENTRY_AUTHOR, authorPerson=("^B",)),
    )
    assert complaints(rim) == []


@pytest.mark.parametrize(
    ("text", "is_admitted"),
    [
        ("G15_10/SM26^Médecine générale^1.2.250.1.213.1.1.4.5", True),
        ("G15_10/SM26^^^&1.2.250.1.213.1.1.4.5&ISO", True),
        ("SM99^Inconnue^1.2.250.1.213.1.1.4.5", False),
        ("SM26^^^&1.2.3&ISO", False),
        ("Cardiology", True),
    ],
)
def test_a_coded_specialty_is_of_the_domain_s_value_set_and_plain_text_is_free(text, is_admitted):
    domain = a_domain(authorSpecialty=[("G15_10/SM26", "1.2.250.1.213.1.1.4.5")])
    judge = Judge(actor="registry", domain=domain)
    rim = authored(authorPerson=("^W",), authorSpecialty=(text,))
    assert (complaints(rim, judge=judge) == []) is is_admitted


# -- strangers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["creationtime", "previousversion", "urn:ihe:iti:made-up", "urn:"])
@pytest.mark.parametrize("subject", list(Subject))
def test_extra_metadata_is_named_by_a_urn_of_its_own(subject, name):
    complaint = the_only(VALID[subject]().with_slot(name, "x"), subject)
    assert "4.2.3.1.6" in complaint.rule


def test_a_slot_given_twice_names_both_lines():
    entry = a_document_entry()
    twice = replace(entry, slots=(*entry.slots, Slot(name="size", values=("0",))))
    assert "unique" in the_only(twice).rule


@pytest.mark.parametrize(
    ("scheme", "word"),
    [
        (v.CONTENT_TYPE_CODE, "SubmissionSet's"),
        (v.FOLDER_CODE_LIST, "Folder's"),
        (v.ASSOCIATION_DOCUMENTATION, "Association's"),
        ("urn:uuid:00000000-0000-0000-0000-000000000000", "does not know"),
    ],
)
def test_a_classification_of_another_object_s_scheme_is_refused(scheme, word):
    rim = with_classification(a_document_entry(), a_code("Document01", scheme, "a", "b", "c"))
    assert word in the_only(rim).came


@pytest.mark.parametrize("node", [v.FOLDER_NODE, v.SUBMISSION_SET_NODE, "urn:uuid:x", ""])
def test_a_label_on_a_document_entry_is_refused(node):
    rim = with_classification(a_document_entry(), a_label("Document01", node))
    assert "scheme or node" in the_only(rim).rule


def test_an_external_identifier_of_another_object_is_refused():
    entry = a_document_entry()
    stranger = an_identifier(entry.id, v.FOLDER_UNIQUE_ID, "1.2.3", "stranger")
    rim = replace(entry, external_identifiers=(*entry.external_identifiers, stranger))
    assert "Folder's" in the_only(rim).came


@pytest.mark.parametrize(
    "change",
    [
        lambda o: changing_classification(
            o, v.CLASS_CODE, lambda c: c.with_attribute("classifiedObject", "Other")
        ),
        lambda o: changing_classification(
            o, v.DOCUMENT_ENTRY_AUTHOR, lambda c: c.with_attribute("classifiedObject", "Other")
        ),
        lambda o: with_classification(
            o, a_label("Other", v.DOCUMENT_ENTRY_LIMITED_NODE).with_attribute("id", "l")
        ),
        lambda o: replace(
            o,
            external_identifiers=(
                o.external_identifiers[0].with_attribute("registryObject", "Other"),
                *o.external_identifiers[1:],
            ),
        ),
    ],
)
def test_what_stands_in_one_object_and_names_another_is_refused(change):
    (complaint,) = (c for c in complaints(change(a_document_entry())) if "around it" in c.rule)
    assert (complaint.came, complaint.expected) == ("'Other'", "'Document01'")


def test_all_complaints_of_an_object_come_at_once():
    rim = without_slot(a_document_entry(), "creationTime").with_slot("size", "x")
    rim = without_scheme(rim, v.CLASS_CODE)
    assert len(complaints(rim)) == 3


# -- what a part says of itself --------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["Classification", "ExternalIdentifier"])
@pytest.mark.parametrize(
    ("written", "is_right"),
    [
        ("{fixed}", True),
        ("urn:oasis:names:tc:ebXML-regrep:ObjectType:RegistryObject:{tag}", True),
        ("", True),
        (v.OBJECT_TYPE_PACKAGE, False),
        ("{tag}", False),
    ],
)
def test_the_object_type_of_a_part_is_fixed_if_it_is_set(tag, written, is_right):
    text = written.format(fixed=f"{v.OBJECT_TYPE}:{tag}", tag=tag)
    rim = a_document_entry()
    field = "classifications" if tag == "Classification" else "external_identifiers"
    first, *others = getattr(rim, field)
    rim = replace(rim, **{field: (first.with_attribute("objectType", text), *others)})
    assert ["objectType" in c.rule for c in complaints(rim)] == ([] if is_right else [True])


@pytest.mark.parametrize(
    ("subject", "scheme"),
    [(ENTRY, v.DOCUMENT_ENTRY_AUTHOR), (SET, v.SUBMISSION_SET_AUTHOR)],
)
@pytest.mark.parametrize(
    ("code", "is_right"), [(None, True), ("", True), (" ", True), ("x", False)]
)
def test_an_author_has_no_code(subject, scheme, code, is_right):
    def coded(author):
        author = without_attribute(author, "nodeRepresentation")
        return author if code is None else author.with_attribute("nodeRepresentation", code)

    found = complaints(changing_classification(VALID[subject](), scheme, coded), subject)
    assert ["nodeRepresentation" in c.rule for c in found] == ([] if is_right else [True])


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        (lambda c, text: c.with_attribute("nodeRepresentation", text), 256),
        (lambda c, text: c.with_slot("codingScheme", text), 256),
        (lambda c, text: replace(c, name=(LocalizedString(value=text),)), 1024),
    ],
)
def test_the_parts_of_a_code_have_the_lengths_of_ebrim(change, limit):
    def of(length):
        return changing_classification(
            a_document_entry(), v.CLASS_CODE, lambda c: change(c, "x" * length)
        )

    assert complaints(of(limit)) == []
    assert f"at most {limit} characters" in the_only(of(limit + 1)).rule


def test_the_name_of_a_slot_has_the_length_of_ebrim():
    name = "urn:example:".ljust(256, "x")
    assert complaints(a_document_entry().with_slot(name, "a")) == []
    assert "at most 256" in the_only(a_document_entry().with_slot(name + "x", "a")).rule
