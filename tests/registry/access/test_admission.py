"""What a caller may write; a refusal tells nothing of what is hidden: on both databases."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from dmp.visibility import HIDDEN_FROM_REPRESENTATIVES, MASKED
from registry.iti18_stored_query import handle as iti18
from registry.iti42_register import handle as iti42
from registry.iti57_update import handle as iti57
from registry.iti62_remove import handle as iti62
from registry.ledger.api import Wanted
from registry.records.model import Person, Record
from tests.build.submission import (
    OPEN_DOMAIN,
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    a_document_entry,
    a_submission,
    an_association,
    an_author,
    changing,
    has_member,
    with_classification,
    with_identifier,
    without_scheme,
)
from tests.build.update import a_status, a_version, titled
from tests.registry.build import BOTH, START, a_call, a_query, run, text, texts
from tests.xds.access.build import ME, OTHER, POLICY, a_caller
from xds.access.model import Mark, RecordState, Standing
from xds.access.silence import FORBIDDEN
from xds.domain import load_domain
from xds.ebrim.submit import write_submit_objects
from xds.ebrim.writer import escape_attribute
from xds.limits import Limits
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.confidentiality import codes_of, with_code, without_code
from xds.metadata.hl7v2 import cx_key
from xds.namespaces import LCM, RIM

FRENCH = replace(OPEN_DOMAIN, departures=load_domain("dmp").departures)
AUTHOR = a_caller(identity=ME, patient_concerned="", structure="499900063480001")
DOCTOR = a_caller(identity=OTHER, patient_concerned="", structure="10B0127189")
PATIENT_HERSELF = a_caller("patient", identity=cx_key(PATIENT), patient_concerned="", structure="")
OTHER_BYTES = "a9993e364706816aba3e25717850c26c9cd0d89d"


@dataclass
class Node:
    """The rooms of a French Registry."""

    registry: object
    count: int = 0

    @property
    def ledger(self):
        return self.registry.ledger

    def send(self, room, body, caller):
        self.count += 1
        return run(room, a_call(body, caller=caller, instant=START + timedelta(minutes=self.count)))

    def submit(self, caller, *objects):
        room = iti42.room(
            ledger=self.ledger, domain=FRENCH, identifier_checks={}, policy=POLICY, mask=MASKED
        )
        return self.send(room, write_submit_objects(objects), caller)

    def update(self, caller, *objects):
        room = iti57.room(
            ledger=self.ledger, domain=FRENCH, identifier_checks={}, policy=POLICY, mask=MASKED
        )
        return self.send(room, write_submit_objects(objects), caller)

    def remove(self, caller, *uuids):
        refs = "".join(f'<rim:ObjectRef id="{escape_attribute(u)}"/>' for u in uuids)
        body = (
            f'<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}">'
            f"<rim:ObjectRefList>{refs}</rim:ObjectRefList></lcm:RemoveObjectsRequest>"
        )
        return self.send(iti62.room(ledger=self.ledger, policy=POLICY), body.encode(), caller)

    def ask(self, caller, query, *, returns="LeafClass", **named):
        room = iti18.room(
            ledger=self.ledger,
            limits=Limits(),
            statuses=frozenset({v.APPROVED, v.DEPRECATED, v.ARCHIVED, v.DELETED}),
            policy=POLICY,
        )
        body = a_query(query, [(f"${n}", value) for n, value in named.items()], returns=returns)
        return self.send(room, body, caller)

    def seen(self, caller, patient=PATIENT, **named):
        """The uniqueIds that a caller finds."""
        answer = self.ask(
            caller,
            "FindDocuments",
            XDSDocumentEntryPatientId=text(patient),
            XDSDocumentEntryStatus=BOTH,
            **named,
        )
        assert answer.status == "Success", [c.code_context for c in answer.complaints]
        return {
            o.identifiers(v.DOCUMENT_ENTRY_UNIQUE_ID)[0].attribute("value") for o in answer.objects
        }

    def choose(self, patient=PATIENT, **chosen):
        people = tuple(
            Person(identity=identity, standing=standing, since="20260101000000")
            for standing, identity in chosen.pop("people", ())
        )
        record = Record(
            patient_id=cx_key(patient),
            state=chosen.pop("state", RecordState.OPEN),
            since="20260101000000",
            people=people,
            **chosen,
        )
        wanted = Wanted(patient_ids=frozenset({record.patient_id}))
        self.ledger.write(wanted, lambda unit: unit.save_record(record))

    def entry(self, number=0):
        """A registered entry, as nobody's eyes restrict."""
        found = self.registry.everything().of("ExtrinsicObject")
        return found[number]


@pytest.fixture
def node(registry):
    return Node(registry)


def a_deposit(number=1, *, marks=(), patient=PATIENT, **changes):
    """A submission of one document of AUTHOR's, with ids of its own."""
    objects = changing(a_submission(patient=patient), "Document01", _of_the_author)
    unique = f"{ROOT}.7.{number}"
    for mark in marks:
        code = Code(code=str(mark), scheme=MASKED.scheme, display=str(mark))
        objects = changing(
            objects, "Document01", lambda o, c=code: with_code(o, c, f"Mark-{c.code}")
        )
    objects = changing(
        objects, "Document01", lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, unique)
    )
    objects = changing(
        objects,
        SUBMISSION_SET_ID,
        lambda o: with_identifier(o, v.SUBMISSION_SET_UNIQUE_ID, f"{unique}.9"),
    )
    for name, value in changes.items():
        objects = changing(objects, "Document01", lambda o, n=name, x=value: o.with_slot(n, x))
    return objects


def _of_the_author(rim):
    author = an_author(rim.id, v.DOCUMENT_ENTRY_AUTHOR, authorPerson=(f"{ME}^BERNARD^Claire",))
    return with_classification(without_scheme(rim, v.DOCUMENT_ENTRY_AUTHOR), author)


def held(node):
    return node.registry.everything().body


def succeeded(answer):
    assert answer.status == "Success", [c.code_context for c in answer.complaints]


def refused_without_a_word(node, answer, before):
    """One constant text, and nothing changed."""
    assert answer.status == "Failure"
    assert answer.codes == ("XDSRegistryError",)
    (complaint,) = answer.complaints
    assert FORBIDDEN.rule in complaint.code_context
    assert held(node) == before


def refused_and_told(node, answer, before, word):
    assert answer.status == "Failure"
    assert answer.codes == ("XDSRegistryError",)
    assert word in answer.complaints[0].code_context
    assert held(node) == before


# -- depositing ------------------------------------------------------------------------------------


def test_whoever_is_not_authorised_may_deposit_and_sees_the_own_document_only(node):
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    succeeded(node.submit(DOCTOR, *a_deposit(2)))
    assert node.seen(DOCTOR) == {f"{ROOT}.7.2"}
    assert node.seen(AUTHOR) == {f"{ROOT}.7.1", f"{ROOT}.7.2"}, "of both the author, of one both"


def test_a_blocked_professional_may_deposit_and_sees_nothing(node):
    node.choose(people=[(Standing.BLOCKED, ME)])
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    assert node.seen(AUTHOR) == set()


def test_a_closed_record_takes_nothing(node):
    node.choose(state=RecordState.CLOSED)
    refused_without_a_word(node, node.submit(AUTHOR, *a_deposit(1)), held(node))


@pytest.mark.parametrize(
    ("caller", "word"),
    [
        (replace(AUTHOR, roles=()), "role"),
        (a_caller("occupational_doctor", "bris_de_glace", emergency_reason=""), "reason"),
        (replace(AUTHOR, patient_concerned=OTHER_PATIENT), "another patient"),
        (a_caller(how="indirect_renforcee", patient_concerned=""), "submit"),
    ],
)
def test_what_follows_from_the_message_alone_is_told(node, caller, word):
    refused_and_told(node, node.submit(caller, *a_deposit(1)), held(node), word)


def test_a_secretary_deposits(node):
    secretary = a_caller("secretary", patient_concerned="")
    succeeded(node.submit(secretary, *a_deposit(1)))


# -- what is hidden is not told --------------------------------------------------------------------


@pytest.fixture
def hidden(node):
    """A masked document of the author's; DOCTOR is authorised and does not see it."""
    node.choose(people=[(Standing.AUTHORISED, OTHER)])
    succeeded(node.submit(AUTHOR, *a_deposit(1, marks=[Mark.MASKED])))
    assert node.seen(DOCTOR) == set()
    return node.entry()


@pytest.fixture
def shown(node):
    """The same, not masked: DOCTOR sees it."""
    node.choose(people=[(Standing.AUTHORISED, OTHER)])
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    assert node.seen(DOCTOR) == {f"{ROOT}.7.1"}
    return node.entry()


def a_relationship(kind, target):
    relationship = an_association("Relationship01", kind, "Document01", target)
    return (*a_deposit(2), relationship)


def by_reference(target):
    return (*a_deposit(2), has_member(SUBMISSION_SET_ID, target, status=v.REFERENCE))


def with_id(target):
    objects = a_deposit(2)
    renamed = [o.with_attribute("id", target) if o.id == "Document01" else o for o in objects]
    return [
        o.with_attribute("targetObject", target)
        if o.attribute("targetObject") == "Document01"
        else o
        for o in (_owned(o, target) for o in renamed)
    ]


def _owned(rim, target):
    if rim.id != target:
        return rim
    return replace(
        rim,
        classifications=tuple(
            c.with_attribute("classifiedObject", target) for c in rim.classifications
        ),
        external_identifiers=tuple(
            e.with_attribute("registryObject", target) for e in rim.external_identifiers
        ),
    )


MEETINGS = {
    "other bytes under its uniqueId": lambda target: (
        *changing(
            a_deposit(2, hash=OTHER_BYTES),
            "Document01",
            lambda o: with_identifier(o, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.7.1"),
        ),
    ),
    "its entryUUID": with_id,
    "a replacement": lambda target: a_relationship(v.REPLACE, target),
    "a transformation that replaces": lambda target: a_relationship(
        v.TRANSFORM_AND_REPLACE, target
    ),
    "an addendum": lambda target: a_relationship(v.APPEND, target),
    "a transformation": lambda target: a_relationship(v.TRANSFORM, target),
    "a reference": by_reference,
}


@pytest.mark.parametrize("meeting", MEETINGS)
def test_a_submission_that_meets_a_hidden_document_is_refused_without_a_word(node, hidden, meeting):
    before = held(node)
    refused_without_a_word(node, node.submit(DOCTOR, *MEETINGS[meeting](hidden.id)), before)


def test_each_refusal_without_a_word_is_the_same(node, hidden):
    told = {
        complaint.code_context
        for meeting in MEETINGS.values()
        for complaint in node.submit(DOCTOR, *meeting(hidden.id)).complaints
    }
    assert len(told) == 1


@pytest.mark.parametrize(
    ("meeting", "codes"),
    [
        ("other bytes under its uniqueId", ("XDSNonIdenticalHash",)),
        ("its entryUUID", ("XDSRegistryMetadataError",)),
        ("an addendum", ()),
        ("a transformation", ()),
        ("a reference", ()),
    ],
)
def test_a_submission_that_meets_a_document_that_is_seen_gets_the_standards_answer(
    node, shown, meeting, codes
):
    assert node.submit(DOCTOR, *MEETINGS[meeting](shown.id)).codes == codes


def test_only_the_author_replaces_and_others_are_told_so(node, shown):
    answer = node.submit(DOCTOR, *a_relationship(v.REPLACE, shown.id))
    refused_and_told(node, answer, held(node), "author")
    succeeded(node.submit(AUTHOR, *a_relationship(v.REPLACE, shown.id)))


UPDATES = {
    "a new title": lambda entry: a_version(entry, change=titled),
    "masking": lambda entry: a_version(entry, change=lambda o: with_code(o, MASKED, "Mark01")),
    "unmasking": lambda entry: a_version(entry, change=lambda o: without_code(o, MASKED)),
    "archiving": lambda entry: a_status(entry.id, v.APPROVED, v.ARCHIVED),
    "deleting": lambda entry: a_status(entry.id, v.APPROVED, v.DELETED),
    "deprecating": lambda entry: a_status(entry.id, v.APPROVED, v.DEPRECATED),
}


@pytest.mark.parametrize("kind", UPDATES)
def test_an_update_of_a_hidden_document_is_refused_without_a_word(node, hidden, kind):
    before = held(node)
    refused_without_a_word(node, node.update(DOCTOR, *UPDATES[kind](hidden)), before)


def test_a_removal_of_a_hidden_document_is_refused_without_a_word(node, hidden):
    before = held(node)
    everything = [o.id for o in node.registry.everything().objects]
    refused_without_a_word(node, node.remove(DOCTOR, *everything), before)


# -- changing what is seen -------------------------------------------------------------------------


def test_an_authorised_doctor_masks_and_only_the_author_unmasks(node, shown):
    succeeded(node.update(DOCTOR, *UPDATES["masking"](shown)))
    assert node.seen(DOCTOR) == set()
    assert node.seen(AUTHOR) == {f"{ROOT}.7.1"}
    latest = node.entry(1)
    before = held(node)
    unmasking = a_version(latest, "2", change=lambda o: without_code(o, MASKED))
    refused_without_a_word(node, node.update(DOCTOR, *unmasking), before)
    node.choose(people=[(Standing.AUTHORISED, OTHER), (Standing.AUTHORISED, ME)])
    succeeded(node.update(AUTHOR, *unmasking))
    assert node.seen(DOCTOR) == {f"{ROOT}.7.1"}


@pytest.mark.parametrize("kind", ["a new title", "archiving", "deleting", "deprecating"])
def test_what_is_the_authors_to_do_is_refused_to_others_and_told(node, shown, kind):
    before = held(node)
    refused_and_told(node, node.update(DOCTOR, *UPDATES[kind](shown)), before, "author")
    node.choose(people=[(Standing.AUTHORISED, ME)])
    succeeded(node.update(AUTHOR, *UPDATES[kind](shown)))


def test_a_masked_version_hides_those_before_it_too(node, shown):
    succeeded(node.update(DOCTOR, *UPDATES["masking"](shown)))
    answer = node.ask(
        DOCTOR, "GetDocuments", XDSDocumentEntryEntryUUID=texts(shown.id), MetadataLevel="2"
    )
    assert (answer.status, answer.ids) == ("Success", [])


def test_the_metadata_of_a_document_are_the_authors_to_remove(node, shown):
    everything = [o.id for o in node.registry.everything().objects]
    refused_and_told(node, node.remove(DOCTOR, *everything), held(node), "author")
    succeeded(node.remove(AUTHOR, *everything))
    assert not node.registry.everything().objects


def test_what_representatives_saw_is_not_hidden_from_them_again(node, shown):
    node.choose(people=[(Standing.AUTHORISED, ME)])
    before = held(node)
    hiding = a_version(shown, change=lambda o: with_code(o, HIDDEN_FROM_REPRESENTATIVES, "Mark01"))
    answer = node.update(AUTHOR, *hiding)
    assert answer.codes == ("XDSMetadataUpdateError",)
    assert held(node) == before


# -- documents that arrive masked ------------------------------------------------------------------


def test_a_patient_who_masks_all_that_is_new_gets_it_masked(node):
    node.choose(people=[(Standing.AUTHORISED, OTHER)], masks_new=True)
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    assert (MASKED.code, MASKED.scheme) in codes_of(node.entry())
    assert node.seen(DOCTOR) == set()
    assert node.seen(AUTHOR) == node.seen(PATIENT_HERSELF) == {f"{ROOT}.7.1"}


@pytest.mark.parametrize("kind", v.REPLACING)
def test_a_masked_document_that_is_replaced_stays_masked(node, hidden, kind):
    succeeded(node.submit(AUTHOR, *a_relationship(kind, hidden.id)))
    new = node.registry.entry(f"{ROOT}.7.2")
    assert (MASKED.code, MASKED.scheme) in codes_of(new)
    assert node.seen(DOCTOR) == set()


def test_what_is_not_masked_is_registered_as_it_came(node):
    node.choose(masks_new=False)
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    assert codes_of(node.entry()) == codes_of(a_document_entry())


# -- seeing ----------------------------------------------------------------------------------------


def test_somebody_elses_document_asked_for_by_uuid_is_not_there(node, hidden):
    for query, name in (
        ("GetDocuments", "XDSDocumentEntryEntryUUID"),
        ("GetAssociations", "uuid"),
        ("GetSubmissionSets", "uuid"),
    ):
        answer = node.ask(DOCTOR, query, **{name: texts(hidden.id)})
        assert (answer.status, answer.ids) == ("Success", []), query


def test_a_choice_counts_from_the_next_query_on(node, shown):
    assert node.seen(DOCTOR)
    node.choose(people=[(Standing.BLOCKED, OTHER)])
    assert node.seen(DOCTOR) == set()
    node.choose(people=[(Standing.AUTHORISED, OTHER)])
    assert node.seen(DOCTOR)
    node.choose(people=[(Standing.AUTHORISED, OTHER)], state=RecordState.CLOSED)
    assert node.seen(DOCTOR) == set()


def test_a_patient_sees_the_own_record_but_not_what_is_to_be_announced(node):
    succeeded(node.submit(AUTHOR, *a_deposit(1, marks=[Mark.HIDDEN_FROM_PATIENT])))
    succeeded(node.submit(AUTHOR, *a_deposit(2, marks=[Mark.MASKED])))
    assert node.seen(PATIENT_HERSELF) == {f"{ROOT}.7.2"}
    assert node.seen(PATIENT_HERSELF, OTHER_PATIENT) == set()


def test_an_assertion_for_another_patient_than_the_querys_is_told(node):
    caller = replace(DOCTOR, patient_concerned=OTHER_PATIENT)
    answer = node.ask(
        caller,
        "FindDocuments",
        XDSDocumentEntryPatientId=text(PATIENT),
        XDSDocumentEntryStatus=BOTH,
    )
    assert answer.codes == ("XDSRegistryError",)
    assert "another patient" in answer.complaints[0].code_context


def test_an_emergency_opens_what_the_patient_restricts_but_not_what_was_opposed(node, shown):
    urgent = replace(
        a_caller(identity="899900099999", mode="bris_de_glace", patient_concerned=""),
        structure="X1",
    )
    node.choose()
    assert node.seen(replace(urgent, purpose_of_use=DOCTOR.purpose_of_use)) == set()
    assert node.seen(urgent) == {f"{ROOT}.7.1"}
    node.choose(break_glass=False)
    assert node.seen(urgent) == set()
    node.choose(people=[(Standing.BLOCKED, urgent.identity)])
    assert node.seen(urgent) == set()
    node.choose(state=RecordState.CLOSED)
    assert node.seen(urgent) == set()


def test_a_structure_finds_references_of_its_own_and_no_metadata(node):
    structure = a_caller("structure", patient_concerned="")
    succeeded(node.submit(structure, *a_deposit(1)))
    succeeded(node.submit(DOCTOR, *a_deposit(2)))
    asked = {"XDSDocumentEntryPatientId": text(PATIENT), "XDSDocumentEntryStatus": BOTH}
    told = node.ask(structure, "FindDocuments", **asked)
    assert told.codes == ("XDSRegistryError",)
    assert "find" in told.complaints[0].code_context
    found = node.ask(structure, "FindDocuments", returns="ObjectRef", **asked)
    assert len(found.ids) == 1
