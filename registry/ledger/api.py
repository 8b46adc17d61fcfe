"""What the rooms ask of the ledger, as values and protocols.

Spec: ITI TF-2 §3.42.4.1.3 (what a submission is checked against), §3.18.4.1.2.3 (what queries
filter by). Pure: no SQL here, so that rules and plans can be written and tested without a
database.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from registry.access.facts import Depositor
from registry.records.model import Record
from xds.access.model import Standing
from xds.metadata.rim import RimObject

T = TypeVar("T")


class Kind(StrEnum):
    """What an object of the Registry is."""

    SUBMISSION_SET = "SubmissionSet"
    DOCUMENT_ENTRY = "DocumentEntry"
    FOLDER = "Folder"
    ASSOCIATION = "Association"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownObject:
    """What the rules need to know of a registered object. Absent attributes are ''."""

    kind: Kind
    entry_uuid: str
    patient_id: str
    status: str
    unique_id: str = ""
    hash: str = ""
    size: int = 0
    object_type: str = ""
    logical_id: str = ""
    version: int = 1
    repository_unique_id: str = ""
    source_patient_id: str = ""
    fingerprint: str = ""
    """SubmissionSet: digest of the whole submission as it came, to tell a resubmission."""
    message_id: str = ""
    """SubmissionSet: wsa:MessageID of the message that registered it, to tell a retry."""
    access: str = ""
    """DocumentEntry: what an access decision needs (`registry.access.facts`); all versions have
    what the latest has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAssociation:
    """A registered Association."""

    entry_uuid: str
    association_type: str
    source: str
    target: str
    patient_id: str
    status: str
    logical_id: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a submission refers to."""

    patient_ids: frozenset[str] = frozenset()
    """All whom the write concerns: PostgreSQL lets one write at a time touch a patient."""
    entry_uuids: frozenset[str] = frozenset()
    """Ids that it refers to, and ids that it wants to register."""
    unique_ids: frozenset[str] = frozenset()
    """Of SubmissionSet, DocumentEntries and Folders alike."""
    logical_ids: frozenset[str] = frozenset()
    """Every version of these objects."""
    touching: frozenset[str] = frozenset()
    """entryUUIDs whose Associations are wanted on both sides. Of others only those that point at
    them are: a Folder may hold thousands of documents that a new member has nothing to do with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows of it."""

    patient_ids: frozenset[str] = frozenset()
    by_uuid: dict[str, KnownObject] = field(default_factory=dict)
    by_unique_id: dict[str, tuple[KnownObject, ...]] = field(default_factory=dict)
    by_logical_id: dict[str, tuple[KnownObject, ...]] = field(default_factory=dict)
    """Versions in ascending order."""
    merged: dict[str, str] = field(default_factory=dict)
    """Subsumed patient identifier to the one that it was merged into; no such patient is among
    `patient_ids`."""
    associations: tuple[KnownAssociation, ...] = ()
    """All that point at a wanted uuid or touch one of `touching`, and those that lead on from a
    document by APND or XFRM (children of a replaced document)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one submission changes. Applied whole or not at all."""

    add: tuple[RimObject, ...]
    """Finished objects: ids, lid, version and status set."""
    statuses: Mapping[str, str] = field(default_factory=dict)
    """New status of registered objects, by entryUUID."""
    remove: frozenset[str] = frozenset()
    """entryUUIDs of registered objects that are to be no more, nor anything kept of them."""
    touch_folders: frozenset[str] = frozenset()
    """entryUUIDs of registered folders whose lastUpdateTime becomes `instant`."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Whose the added Associations are that are not the SubmissionSet's patient's, by entryUUID."""
    instant: str = ""
    """DTM, 14 digits."""
    fingerprint: str = ""
    message_id: str = ""
    depositors: Mapping[str, Depositor] = field(default_factory=dict)
    """Who submitted each DocumentEntry of `add`, by entryUUID; under '' who did all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The column is one of these values."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """A time lies in [lower, upper); both 14 digits, '' leaves a side open.

    An object without that time meets the condition (ITI TF-2 §3.18.4.1.2.3.3.1).
    """

    column: str
    lower: str = ""
    upper: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HasCode:
    """The object has one of these (code, scheme) under the attribute."""

    attribute: str
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HasAuthor:
    """An authorPerson is LIKE one of these patterns: `%` any text, `_` one character."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HasReference:
    """A value of referenceIdList is LIKE one of these patterns."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touches:
    """Associations only: source or target (or either) is one of these."""

    side: str
    """`source`, `target` or `either`."""
    entry_uuids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """No later version of the object is registered."""


AccessClass = tuple[str, str, str]
"""patient_id, access and status: all DocumentEntries of a class are decided alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessIs:
    """DocumentEntries only: the object is of one of these classes."""

    classes: tuple[AccessClass, ...]


Condition = Columns | TimeRange | HasCode | HasAuthor | HasReference | Touches | Latest | AccessIs


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """Objects of one kind that meet all conditions."""

    kind: Kind
    where: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A registered object in an answer."""

    kind: Kind
    entry_uuid: str
    patient_id: str
    unique_id: str
    home: str
    fragment: bytes
    source: str = ""
    """Associations only, as are `target` and `association_type`."""
    target: str = ""
    status: str = ""
    access: str = ""
    """DocumentEntries only: what an access decision needs (`registry.access.facts`)."""
    association_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a registered object stands: what its being seen depends on."""

    kind: Kind
    patient_id: str
    status: str
    access: str = ""
    """DocumentEntries only."""
    source: str = ""
    """Associations only, as is `target`."""
    target: str = ""


class Selecting(Protocol):
    """What queries are made of."""

    def select(self, wanted: Select, limit: int | None = None) -> list[Found]:
        """Return the objects in the order in which they were registered, at most `limit`.

        Which are left out when there are more is not said.
        """
        ...


class Reader(Selecting, Protocol):
    """Reads one consistent state of the ledger."""

    def access_classes(self, wanted: Select) -> list[AccessClass]:
        """Return the different classes among the DocumentEntries that meet the conditions.

        Where the patient is among the conditions, it is the only one that counts: then an index
        alone tells, and a class too many does no harm.
        """
        ...

    def records(self, patient_ids: Iterable[str]) -> dict[str, Record]:
        """Return the records in which something was chosen, by patient."""
        ...

    def known_patients(self, patient_ids: Iterable[str]) -> frozenset[str]:
        """Return which of these patients are known, and not merged into another one."""
        ...

    def patients_of(self, identities: Iterable[str], standing: Standing) -> list[str]:
        """Return the patients in whose record one of these people has this standing."""
        ...

    def places(self, entry_uuids: Iterable[str]) -> dict[str, Place]:
        """Return where objects stand; one that is not registered is left out."""
        ...

    def members(self, packages: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return what SubmissionSets and Folders hold by HasMember, by entryUUID."""
        ...


class Unit(Protocol):
    """One submission's work inside the ledger's transaction."""

    @property
    def reader(self) -> Reader:
        """Reads what this transaction sees."""
        ...

    def look_up(self, wanted: Wanted) -> Known:
        """Return what is known; nobody else can change it before this unit ends."""
        ...

    def objects(self, entry_uuids: Iterable[str]) -> dict[str, RimObject]:
        """Return registered objects whole, by entryUUID; one that is unknown is left out."""
        ...

    def documents_of(
        self, patient_ids: frozenset[str], source_patient_ids: frozenset[str]
    ) -> tuple[KnownObject, ...]:
        """Return all versions of the DocumentEntries of these patients and sourcePatientIds."""
        ...

    def apply(self, plan: Plan) -> None:
        """Do what the plan says."""
        ...

    def add_patient(self, patient_id: str, instant: str) -> None:
        """Make a patient known who is not. `patient_id` is `cx_key`'s form."""
        ...

    def save_record(self, record: Record) -> None:
        """Keep a record in place of what was kept of it; the patient is one that is held."""
        ...

    def merge_patient(self, subsumed: str, survivor: str) -> None:
        """Merge two known patients, both active; both are in `cx_key`'s form.

        From now on every object of the subsumed one is the survivor's, in column and fragment:
        queries and rules need not know that there was a merge. The subsumed one's record is no
        more; what becomes of the survivor's is the caller's to say.
        """
        ...


class Ledger(Protocol):
    """The Registry's memory."""

    def read(self, work: Callable[[Reader], T]) -> T:
        """Run a query on one consistent state."""
        ...

    def write(self, wanted: Wanted, work: Callable[[Unit], T]) -> T:
        """Run the work in a transaction; return when it is durable. An exception rolls it back."""
        ...

    def add_patient(self, patient_id: str, instant: str) -> bool:
        """Make a patient known; return whether it was not yet."""
        ...


class LedgerBusyError(Exception):
    """The database did not let us in within its time-out; the caller may try again."""


class LedgerFullError(Exception):
    """The database has no room left."""
