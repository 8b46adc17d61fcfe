"""The rules of a submission that depend on what is registered, as rows of a table.

Spec: ITI TF-2 §3.42.4.1.3.3 to §3.42.4.1.3.5. What the message alone can tell is in
`xds.metadata.rules`. Pure: a rule sees values and yields complaints; all rules run, all
complaints are answered.
"""

from typing import Final

from registry.submission.association_rules import (
    folder_memberships,
    references_are_registered,
    relationships,
)
from registry.submission.facts import Facts, Rule
from registry.submission.identity_rules import (
    known_patients,
    new_ids,
    new_unique_ids_of_packages,
    same_document_under_same_unique_id,
)
from registry.submission.membership_rules import (
    members_of_the_submission_set,
    no_addendum_to_a_transformation,
    no_version_of_a_registered_object,
    one_successor,
)
from xds.errors import Complaint

RULES: Final[tuple[Rule, ...]] = (
    known_patients,
    new_ids,
    new_unique_ids_of_packages,
    same_document_under_same_unique_id,
    references_are_registered,
    relationships,
    folder_memberships,
    members_of_the_submission_set,
    one_successor,
    no_addendum_to_a_transformation,
    no_version_of_a_registered_object,
)


def check(facts: Facts) -> list[Complaint]:
    """Return every complaint of every rule."""
    return [complaint for rule in RULES for complaint in rule(facts)]
