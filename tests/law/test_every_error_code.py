"""Each code that the error table gives to an actor is provoked by a test that is named here.

Spec: ITI TF-3 Table 4.2.4.1-2. A new code, or an actor that begins to answer with one, fails here
until its room claims it: add the test that provokes it and shows that nothing changed.
"""

import ast
from pathlib import Path
from typing import Final

import pytest

from xds.error_codes import ERROR_TABLE, ErrorCode

TESTS: Final = Path(__file__).parents[1]
REFUSED: Final = (
    "registry/iti42_register/test_room.py::"
    "test_refused_with_the_right_code_and_nothing_of_it_is_registered"
)
ASKED: Final = "registry/iti18_stored_query/test_answers.py::"
PROVIDED: Final = "repository/iti41_provide/test_handle.py::"
UPDATED: Final = (
    "registry/iti57_update/test_room.py::test_refused_with_the_right_code_and_nothing_changes"
)
RESTRICTED: Final = (
    "registry/iti92_restricted_update/test_room.py::"
    "test_refused_with_the_right_code_and_nothing_changes"
)
REMOVED: Final = "registry/iti62_remove/test_room.py::"
RETRIEVED: Final = "repository/iti43_retrieve/test_message.py::"
TOLD: Final = "xds/metadata/test_submission.py::"
"""What both actors' reader says; the rooms refuse before anything is kept."""
C = ErrorCode

CLAIMS: Final[dict[tuple[str, str], str]] = {
    # -- the Registry --
    (C.UNRESOLVED_REFERENCE_EXCEPTION, "registry"): REFUSED,
    (C.XDS_DUPLICATE_UNIQUE_ID_IN_REGISTRY, "registry"): REFUSED,
    (C.XDS_NON_IDENTICAL_HASH, "registry"): REFUSED,
    (C.XDS_NON_IDENTICAL_SIZE, "registry"): REFUSED,
    (C.XDS_PATIENT_ID_DOES_NOT_MATCH, "registry"): REFUSED,
    (C.XDS_REGISTRY_DEPRECATED_DOCUMENT_ERROR, "registry"): REFUSED,
    (C.XDS_REGISTRY_DUPLICATE_UNIQUE_ID_IN_MESSAGE, "registry"): REFUSED,
    (C.XDS_REGISTRY_METADATA_ERROR, "registry"): REFUSED,
    (C.XDS_UNKNOWN_PATIENT_ID, "registry"): REFUSED,
    (
        C.XDS_REGISTRY_BUSY,
        "registry",
    ): "registry/test_failures.py::test_trouble_of_the_ledger_has_its_code",
    (
        C.XDS_REGISTRY_OUT_OF_RESOURCES,
        "registry",
    ): "registry/test_failures.py::test_trouble_of_the_ledger_has_its_code",
    (C.XDS_METADATA_UPDATE_ERROR, "registry"): UPDATED,
    (C.XDS_METADATA_UPDATE_OPERATION_ERROR, "registry"): UPDATED,
    (C.XDS_METADATA_VERSION_ERROR, "registry"): UPDATED,
    (C.XDS_METADATA_IDENTIFIER_ERROR, "registry"): RESTRICTED,
    (C.XDS_PATIENT_ID_RECONCILIATION_ERROR, "registry"): RESTRICTED,
    (C.UNMODIFIABLE_METADATA_ERROR, "registry"): RESTRICTED,
    (C.REFERENCES_EXIST_EXCEPTION, "registry"): REMOVED
    + "test_what_an_association_names_is_not_removed_without_it",
    (C.XDS_UNREFERENCED_OBJECT_EXCEPTION, "registry"): REMOVED
    + "test_nothing_is_left_without_an_association",
    (C.XDS_REGISTRY_ERROR, "registry"): ASKED + "{}",
    (C.XDS_RESULT_NOT_SINGLE_PATIENT, "registry"): ASKED
    + "test_several_patients_are_refused_as_leaf_class_only",
    (C.XDS_STORED_QUERY_MISSING_PARAM, "registry"): ASKED + "{}",
    (C.XDS_STORED_QUERY_PARAM_NUMBER, "registry"): ASKED + "{}",
    (C.XDS_TOO_MANY_RESULTS, "registry"): ASKED + "{}",
    (C.XDS_UNKNOWN_STORED_QUERY, "registry"): ASKED + "{}",
    # -- the Repository --
    (C.UNRESOLVED_REFERENCE_EXCEPTION, "repository"): TOLD
    + "test_a_symbolic_id_that_names_nothing_is_unresolved",
    (C.XDS_PATIENT_ID_DOES_NOT_MATCH, "repository"): TOLD
    + "test_another_patient_is_xds_patient_id_does_not_match",
    (C.XDS_UNKNOWN_PATIENT_ID, "repository"): TOLD
    + "test_a_patient_of_an_authority_that_the_domain_does_not_know_is_unknown",
    (C.XDS_REPOSITORY_DUPLICATE_UNIQUE_ID_IN_MESSAGE, "repository"): TOLD
    + "test_a_unique_id_used_twice_is_the_actor_s_own_code",
    (C.XDS_MISSING_DOCUMENT, "repository"): PROVIDED
    + "test_missing_and_extra_documents_are_all_named_before_a_byte_is_read",
    (C.XDS_MISSING_DOCUMENT_METADATA, "repository"): PROVIDED
    + "test_missing_and_extra_documents_are_all_named_before_a_byte_is_read",
    (C.XDS_NON_IDENTICAL_HASH, "repository"): PROVIDED
    + "test_the_same_bytes_again_are_legal_and_other_bytes_are_not",
    (C.XDS_REPOSITORY_METADATA_ERROR, "repository"): PROVIDED
    + "test_a_wrong_hash_of_one_of_two_refuses_both_and_leaves_nothing",
    (C.XDS_REGISTRY_NOT_AVAILABLE, "repository"): PROVIDED
    + "test_a_registry_that_is_down_is_XDSRegistryNotAvailable_and_nothing_stays",
    (C.XDS_REPOSITORY_ERROR, "repository"): PROVIDED
    + "test_a_fault_of_the_registry_is_the_repositorys_error",
    (C.XDS_REPOSITORY_OUT_OF_RESOURCES, "repository"): PROVIDED
    + "test_a_full_disk_is_XDSRepositoryOutOfResources_and_nothing_is_registered",
    (C.XDS_DOCUMENT_UNIQUE_ID_ERROR, "repository"): RETRIEVED
    + "test_an_error_has_the_document_unique_id_as_its_location",
    (C.XDS_UNKNOWN_REPOSITORY_ID, "repository"): "repository/test_node.py::{}",
}
"""`{}`: the code stands in the module's tables; any of its tests."""

GIVEN: Final = [(row.code, actor) for row in ERROR_TABLE for actor in row.actors]


def test_every_code_that_an_actor_answers_with_is_claimed_and_no_other():
    assert set(CLAIMS) == set(GIVEN)


@pytest.mark.parametrize(("code", "actor"), GIVEN)
def test_the_test_that_claims_a_code_is_there_and_its_module_names_the_code(code, actor):
    path, _, name = CLAIMS[code, actor].partition("::")
    text = (TESTS / path).read_text(encoding="utf-8")
    functions = {n.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)}
    assert name == "{}" or name in functions
    assert code.value in text or f"ErrorCode.{code.name}" in text
