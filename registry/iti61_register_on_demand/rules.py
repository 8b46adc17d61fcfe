"""The rules of a submission of On-Demand DocumentEntries, as rows of a table.

Spec: ITI TF-2 §3.61.4.1.2, §3.61.4.1.3 (all of §3.42.4.1.3.1 to .7 but for DocumentEntry.uniqueId).
Pure.
"""

from collections.abc import Iterator
from typing import Final

from registry.ledger.api import Kind
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
)
from registry.submission.membership_rules import (
    members_of_the_submission_set,
    no_addendum_to_a_transformation,
    no_version_of_a_registered_object,
    one_successor,
)
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata import vocabulary as v
from xds.metadata.judge import name_of


def at_least_one_entry(facts: Facts) -> Iterator[Complaint]:
    """Check that something is registered on demand (§3.61.4.1.2)."""
    if not facts.submission.document_entries:
        submission_set = facts.submission.submission_set
        yield Complaint(
            code=ErrorCode.XDS_REGISTRY_METADATA_ERROR,
            subject=name_of("SubmissionSet", submission_set.rim),
            rule="the submission includes at least one On-Demand DocumentEntry "
            "(ITI TF-2 §3.61.4.1.2)",
            came="no DocumentEntry",
            expected=f"an ExtrinsicObject whose objectType is {v.ON_DEMAND}",
            fix="add the entry, or send folders and Associations with ITI-42",
            where=submission_set.where,
        )


def unique_id_is_no_stable_document(facts: Facts) -> Iterator[Complaint]:
    """Check DocumentEntry.uniqueId: free, or that of On-Demand entries (§3.61.4.1.3)."""
    for entry in facts.submission.document_entries:
        for known in facts.known.by_unique_id.get(entry.unique_id, ()):
            if known.kind is Kind.DOCUMENT_ENTRY and known.object_type == v.ON_DEMAND:
                continue
            yield Complaint(
                code=ErrorCode.XDS_DUPLICATE_UNIQUE_ID_IN_REGISTRY,
                subject=name_of("DocumentEntry", entry.rim),
                rule="the uniqueId of an On-Demand DocumentEntry is not the uniqueId of a stable "
                "one, nor of another object (ITI TF-2 §3.61.4.1.3)",
                came=f"{quote(entry.unique_id)}, which a "
                + ("stable DocumentEntry" if known.kind is Kind.DOCUMENT_ENTRY else known.kind)
                + " has",
                expected="a uniqueId that was never registered, or that of an On-Demand "
                "DocumentEntry",
                fix="give the entry a uniqueId of its own",
                where=entry.where,
            )
            break


RULES: Final[tuple[Rule, ...]] = (
    at_least_one_entry,
    known_patients,
    new_ids,
    new_unique_ids_of_packages,
    unique_id_is_no_stable_document,
    references_are_registered,
    relationships,
    folder_memberships,
    members_of_the_submission_set,
    one_successor,
    no_addendum_to_a_transformation,
    no_version_of_a_registered_object,
)
