"""What was tried to write past the rules: each was possible once, or might have been."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from dmp.visibility import MASKED
from tests.build.submission import (
    OTHER_PATIENT,
    PATIENT,
    ROOT,
    SUBMISSION_SET_ID,
    an_association,
    an_author,
    changing,
    has_member,
    in_folders,
    with_classification,
    with_identifier,
    without_scheme,
)
from tests.build.update import UNKNOWN, a_status, a_submit, a_version, titled, together
from tests.registry.access.test_admission import (
    AUTHOR,
    DOCTOR,
    Node,
    a_deposit,
    held,
    succeeded,
)
from tests.registry.build import BOTH, text, texts
from tests.xds.access.build import ME, OTHER
from xds.access.model import Mark, RecordState, Standing
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.confidentiality import with_code, without_code
from xds.metadata.hl7v2 import cx_key

EVERY = {
    "XDSDocumentEntryStatus": BOTH,
    "XDSSubmissionSetStatus": BOTH,
    "XDSFolderStatus": BOTH,
    "XDSAssociationStatus": BOTH,
    "MetadataLevel": "2",
}
BOTH_IN = [(Standing.AUTHORISED, OTHER), (Standing.AUTHORISED, ME)]


@pytest.fixture
def node(sqlite_registry):
    return Node(sqlite_registry)


@pytest.fixture
def shown(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    return node.entry()


def by_doctor(objects):
    def change(rim):
        author = an_author(rim.id, v.DOCUMENT_ENTRY_AUTHOR, authorPerson=(f"{OTHER}^D^E",))
        return with_classification(without_scheme(rim, v.DOCUMENT_ENTRY_AUTHOR), author)

    return changing(objects, "Document01", change)


def refused(node, answer, before):
    assert answer.status == "Failure", "it was done"
    assert held(node) == before


def test_a_version_that_changes_nothing_is_a_change_too(node, shown):
    before = held(node)
    refused(node, node.update(DOCTOR, *a_version(shown)), before)


def test_a_version_by_somebody_of_no_kind(node, shown):
    before = held(node)
    refused(node, node.update(replace(DOCTOR, roles=()), *a_version(shown)), before)


def test_another_scheme_of_a_mark_is_a_change(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *a_deposit(1, marks=[Mark.HIDDEN_FROM_PATIENT])))
    other = Code(code=str(Mark.HIDDEN_FROM_PATIENT), scheme="1.2.3", display="x")

    def change(rim):
        mark = Code(code=other.code, scheme=MASKED.scheme)
        return with_code(without_code(rim, mark), other, "Mark01")

    before = held(node)
    refused(node, node.update(DOCTOR, *a_version(node.entry(), change=change)), before)


def moved(rim, patient):
    scheme = v.DOCUMENT_ENTRY_PATIENT_ID
    return replace(
        rim,
        external_identifiers=tuple(
            e.with_attribute("value", patient)
            if e.attribute("identificationScheme") == scheme
            else e
            for e in rim.external_identifiers
        ),
    )


def test_no_document_is_moved_into_a_closed_record(node, shown):
    node.choose(OTHER_PATIENT, state=RecordState.CLOSED)
    before = held(node)
    update = a_version(shown, change=lambda o: moved(o, OTHER_PATIENT), patient=OTHER_PATIENT)
    refused(node, node.update(AUTHOR, *update), before)


def test_no_document_is_moved_by_an_assertion_for_one_patient(node, shown):
    before = held(node)
    caller = replace(AUTHOR, patient_concerned=cx_key(shown_patient(shown)))
    update = a_version(shown, change=lambda o: moved(o, OTHER_PATIENT), patient=OTHER_PATIENT)
    refused(node, node.update(caller, *update), before)


def shown_patient(rim):
    return rim.identifiers(v.DOCUMENT_ENTRY_PATIENT_ID)[0].attribute("value")


def test_nobody_deprecates_anothers_document_by_appending_it_to_an_own_one(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    theirs = node.entry()
    mine = by_doctor(a_deposit(2))
    succeeded(node.submit(DOCTOR, *mine))
    own = node.registry.entry(f"{ROOT}.7.2")
    before = held(node)
    refused(node, node.update(DOCTOR, *a_submit(v.APPEND, theirs.id, own.id)), before)


def test_nobody_empties_a_folder_of_anothers_documents_by_a_new_version(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *in_folders(a_deposit(1))))
    folder = next(
        o for o in node.registry.everything().objects if o.identifiers(v.FOLDER_UNIQUE_ID)
    )
    before = held(node)
    update = a_version(folder, change=titled, AssociationPropagation="no")
    refused(node, node.update(DOCTOR, *update), before)


def test_nobody_relates_two_registered_documents_by_a_submission(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    theirs = node.entry()
    succeeded(node.submit(DOCTOR, *by_doctor(a_deposit(2))))
    own = node.registry.entry(f"{ROOT}.7.2")
    before = held(node)
    relating = an_association("Relationship01", v.APPEND, theirs.id, own.id)
    refused(node, node.submit(DOCTOR, *by_doctor(a_deposit(3)), relating), before)


def test_the_author_makes_a_new_version_and_archives_it_at_once(node, shown):
    update = together(a_version(shown, change=titled), a_status("New01", v.APPROVED, v.ARCHIVED))
    succeeded(node.update(AUTHOR, *update))


@pytest.mark.parametrize("patient", [PATIENT, OTHER_PATIENT])
@pytest.mark.parametrize("standing", [Standing.BLOCKED, Standing.AUTHORISED])
def test_nobody_takes_a_document_from_others_by_registering_it_again(node, standing, patient):
    succeeded(node.submit(AUTHOR, *a_deposit(1)))
    node.choose(people=[(standing, OTHER), (Standing.AUTHORISED, ME)])
    before = held(node), node.registry.everything(OTHER_PATIENT).body
    again = changing(
        a_deposit(1, marks=[Mark.MASKED], patient=patient),
        SUBMISSION_SET_ID,
        lambda o: with_identifier(o, v.SUBMISSION_SET_UNIQUE_ID, f"{ROOT}.7.99"),
    )
    answer = node.submit(DOCTOR, *again)
    assert answer.codes == ("XDSRegistryError",)
    assert (held(node), node.registry.everything(OTHER_PATIENT).body) == before
    succeeded(node.submit(AUTHOR, *again))


@pytest.mark.parametrize(
    ("table", "column"),
    [("records", "state"), ("record_people", "standing"), ("record_people", "until")],
)
def test_a_record_that_cannot_be_read_opens_nothing(node, shown, table, column):
    with node.ledger._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {table} SET {column} = 'garbage'")  # noqa: S608
    with pytest.raises(ValueError, match="garbage"):
        node.seen(DOCTOR)
    with pytest.raises(ValueError, match="garbage"):
        node.update(AUTHOR, *a_version(shown, change=titled))


def test_an_entry_without_facts_is_hidden_from_everybody(node, shown):
    with node.ledger._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE document_entries SET access = ''")
    assert node.seen(DOCTOR) == node.seen(AUTHOR) == set()


def test_a_folder_does_not_tell_that_a_hidden_document_came_changed_or_went(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *in_folders(a_deposit(1))))
    folder = next(
        o for o in node.registry.everything().objects if o.identifiers(v.FOLDER_UNIQUE_ID)
    )

    def shown():
        return node.ask(DOCTOR, "GetAll", patientId=text(PATIENT), **EVERY).body

    before = shown()
    joining = an_association("Joining01", v.HAS_MEMBER, folder.id, "Document01")
    members = (joining, has_member(SUBMISSION_SET_ID, joining.id))
    succeeded(node.submit(AUTHOR, *a_deposit(2, marks=[Mark.MASKED]), *members))
    assert shown() == before
    hidden = node.registry.entry(f"{ROOT}.7.2")
    succeeded(node.update(AUTHOR, *a_version(hidden, change=titled)))
    assert shown() == before
    latest = node.registry.entry(f"{ROOT}.7.2")
    relation = an_association("Relationship01", v.REPLACE, "Document01", latest.id)
    succeeded(node.submit(AUTHOR, *a_deposit(3), relation))
    assert shown() == before
    gone = {o.id for o in node.registry.everything().objects} - {
        o.id for o in node.ask(DOCTOR, "GetAll", patientId=text(PATIENT), **EVERY).objects
    }
    succeeded(node.remove(AUTHOR, *gone))
    assert shown() == before


def test_a_folder_tells_that_a_document_is_not_hidden_any_more(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *in_folders(a_deposit(1))))
    objects = node.registry.everything().objects
    folder = next(o for o in objects if o.identifiers(v.FOLDER_UNIQUE_ID))
    joining = an_association("Joining01", v.HAS_MEMBER, folder.id, "Document01")
    members = (joining, has_member(SUBMISSION_SET_ID, joining.id))
    succeeded(node.submit(AUTHOR, *a_deposit(2, marks=[Mark.MASKED]), *members))
    hidden = node.registry.entry(f"{ROOT}.7.2")
    unmasking = a_version(hidden, change=lambda o: without_code(o, MASKED))
    succeeded(node.update(AUTHOR, *unmasking))
    objects = node.registry.everything().objects
    now = next(o for o in objects if o.identifiers(v.FOLDER_UNIQUE_ID))
    assert now.slot("lastUpdateTime") != folder.slot("lastUpdateTime")


def test_what_comes_by_an_update_into_a_record_that_masks_what_is_new_is_masked(node, shown):
    node.choose(OTHER_PATIENT, masks_new=True, people=BOTH_IN)
    update = a_version(shown, change=lambda o: moved(o, OTHER_PATIENT), patient=OTHER_PATIENT)
    succeeded(node.update(AUTHOR, *update))
    assert node.seen(AUTHOR, OTHER_PATIENT) == {f"{ROOT}.7.1"}
    assert node.seen(DOCTOR, OTHER_PATIENT) == set()


def test_a_record_that_masks_what_is_new_lets_what_was_there_be(node, shown):
    node.choose(masks_new=True, people=BOTH_IN)
    succeeded(node.update(AUTHOR, *a_version(shown, change=titled)))
    assert node.seen(DOCTOR) == {f"{ROOT}.7.1"}


def test_what_is_hidden_costs_as_much_as_what_there_is_not(node):
    node.choose(people=BOTH_IN)
    succeeded(node.submit(AUTHOR, *a_deposit(1, marks=[Mark.MASKED])))
    caller = replace(DOCTOR, patient_concerned=PATIENT)
    statements = []
    sa.event.listen(
        node.ledger._engine, "before_cursor_execute", lambda *a: statements.append(a[2])
    )

    def work(**asked):
        statements.clear()
        succeeded(node.ask(caller, "GetDocuments", **asked))
        return list(statements)

    nothing = f"{ROOT}.404"
    for name, hidden, unknown in (
        ("XDSDocumentEntryEntryUUID", node.entry().id, UNKNOWN),
        ("XDSDocumentEntryUniqueId", f"{ROOT}.7.1", nothing),
    ):
        assert work(**{name: texts(hidden)}) == work(**{name: texts(unknown)})
