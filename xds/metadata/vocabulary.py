"""The fixed identifiers of Document Sharing metadata: UUIDs, URNs, object types, statuses.

Spec: ITI TF-3 §4.2.2 (association types), §4.2.3 (attributes), §4.2.5 (UUIDs). Stored query ids are
no metadata and live with the room that answers them.
"""

from typing import Final

REGREP: Final = "urn:oasis:names:tc:ebxml-regrep"

# -- what marks a RegistryPackage (§4.2.1.2.1, §4.2.1.3.1) --
SUBMISSION_SET_NODE: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER_NODE: Final = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"

# -- limitedMetadata flags (§4.2.3.2.29, §4.2.3.3.13, §4.2.3.4.10) --
DOCUMENT_ENTRY_LIMITED_NODE: Final = "urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85"
SUBMISSION_SET_LIMITED_NODE: Final = "urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707"
FOLDER_LIMITED_NODE: Final = "urn:uuid:2c144a76-29a9-4b7c-af54-b25409fe7d03"

# -- objectType of a DocumentEntry (§4.2.5.2) --
STABLE: Final = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
ON_DEMAND: Final = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"

# -- classification schemes of a DocumentEntry (§4.2.5.2) --
DOCUMENT_ENTRY_AUTHOR: Final = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
CLASS_CODE: Final = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
CONFIDENTIALITY_CODE: Final = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
EVENT_CODE_LIST: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
FORMAT_CODE: Final = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
HEALTHCARE_FACILITY_TYPE_CODE: Final = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
PRACTICE_SETTING_CODE: Final = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
TYPE_CODE: Final = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"

# -- external identifiers of a DocumentEntry (§4.2.5.2) --
DOCUMENT_ENTRY_PATIENT_ID: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
DOCUMENT_ENTRY_UNIQUE_ID: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"

# -- SubmissionSet (§4.2.5.1) --
SUBMISSION_SET_AUTHOR: Final = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
CONTENT_TYPE_CODE: Final = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SUBMISSION_SET_PATIENT_ID: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SUBMISSION_SET_SOURCE_ID: Final = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SUBMISSION_SET_UNIQUE_ID: Final = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"

# -- Folder (§4.2.5.3) --
FOLDER_CODE_LIST: Final = "urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5"
FOLDER_PATIENT_ID: Final = "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a"
FOLDER_UNIQUE_ID: Final = "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a"

# -- Association (§4.2.5.4, Table 4.2.2-1) --
ASSOCIATION_DOCUMENTATION: Final = "urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3"

HAS_MEMBER: Final = f"{REGREP}:AssociationType:HasMember"
REPLACE: Final = "urn:ihe:iti:2007:AssociationType:RPLC"
TRANSFORM: Final = "urn:ihe:iti:2007:AssociationType:XFRM"
APPEND: Final = "urn:ihe:iti:2007:AssociationType:APND"
TRANSFORM_AND_REPLACE: Final = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC"
SIGNS: Final = "urn:ihe:iti:2007:AssociationType:signs"
IS_SNAPSHOT_OF: Final = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"

RELATIONSHIPS: Final = frozenset(
    {REPLACE, TRANSFORM, APPEND, TRANSFORM_AND_REPLACE, SIGNS, IS_SNAPSHOT_OF}
)
"""Associations between two DocumentEntries (§4.2.2.2)."""
REPLACING: Final = frozenset({REPLACE, TRANSFORM_AND_REPLACE})
"""Relationships that deprecate their target."""
NEEDS_REGISTERED_TARGET: Final = frozenset({REPLACE, TRANSFORM_AND_REPLACE, IS_SNAPSHOT_OF})
"""Relationships whose target cannot be in the same submission (ITI TF-2 §3.42.4.1.3.5)."""
UPDATE_AVAILABILITY_STATUS: Final = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
SUBMIT_ASSOCIATION: Final = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"
PREVIOUS_VERSION: Final = "PreviousVersion"
ASSOCIATION_PROPAGATION: Final = "AssociationPropagation"
ORIGINAL_STATUS: Final = "OriginalStatus"
NEW_STATUS: Final = "NewStatus"
UPDATE_SLOTS: Final = (PREVIOUS_VERSION, ASSOCIATION_PROPAGATION, ORIGINAL_STATUS, NEW_STATUS)
"""Slots of Associations by which Update Document Set (ITI-57) is told what to do."""
UPDATE_ASSOCIATION_TYPES: Final = frozenset({UPDATE_AVAILABILITY_STATUS, SUBMIT_ASSOCIATION})
"""Of Update Document Set (ITI-57); known, in order to be refused elsewhere by name."""
ASSOCIATION_TYPES: Final = RELATIONSHIPS | {HAS_MEMBER}

BARE_ASSOCIATION_TYPES: Final = {urn.rpartition(":")[2]: urn for urn in sorted(ASSOCIATION_TYPES)}
"""The short names of texts before 2009, still in the official examples: `HasMember`, `RPLC`, …"""

# -- availabilityStatus (§4.2.3.2.2) --
APPROVED: Final = f"{REGREP}:StatusType:Approved"
DEPRECATED: Final = f"{REGREP}:StatusType:Deprecated"
ARCHIVED: Final = "urn:asip:ci-sis:2010:StatusType:Archived"
"""France's; only in a domain that declares it (`departures`)."""
DELETED: Final = "urn:asip:ci-sis:2010:StatusType:Deleted"
"""France's too; logical: nothing is removed."""

# -- SubmissionSetStatus (§4.2.2.1.1) --
SUBMISSION_SET_STATUS: Final = "SubmissionSetStatus"
ORIGINAL: Final = "Original"
REFERENCE: Final = "Reference"

# -- ebRIM's own objectTypes (§4.2.1, §4.2.3.1) --
OBJECT_TYPE: Final = f"{REGREP}:ObjectType:RegistryObject"
OBJECT_TYPE_PACKAGE: Final = f"{OBJECT_TYPE}:RegistryPackage"
OBJECT_TYPE_ASSOCIATION: Final = f"{OBJECT_TYPE}:Association"
OBJECT_TYPE_CLASSIFICATION: Final = f"{OBJECT_TYPE}:Classification"
OBJECT_TYPE_EXTERNAL_IDENTIFIER: Final = f"{OBJECT_TYPE}:ExternalIdentifier"

REFERENCE_ID_LIST: Final = "urn:ihe:iti:xds:2013:referenceIdList"
"""Name of the slot (§4.2.3.2.28)."""

UUID_URN: Final = "urn:uuid:"
OID_URN: Final = "urn:oid:"


def is_symbolic(identifier: str) -> bool:
    """Return whether an id is symbolic: anything without the prefix `urn:uuid:` (§4.2.3.1.5)."""
    return not identifier.startswith(UUID_URN)


def full_association_type(written: str) -> str:
    """Return the full URN of an association type; any other text is returned as it is."""
    return BARE_ASSOCIATION_TYPES.get(written, written)
