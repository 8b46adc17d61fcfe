"""A step of a history as what is sent: objects under UUIDs, or the ids of what is to go."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.build.submission import (
    ROOT,
    a_code,
    a_document_entry,
    a_folder,
    a_submission_set,
    an_association,
    an_author,
    has_member,
    with_classification,
    with_identifier,
    without_scheme,
    without_slot,
)
from tests.build.update import renewed
from tests.registry.naive.removing import closure
from tests.registry.naive.things import NAME, Thing, Things, marked
from tests.strategies.changes import Removal, Status, Submit, Update, Version
from tests.strategies.histories import PATIENTS, Document, Folder, Submission
from tests.strategies.questions import CODED
from xds.metadata import vocabulary as v
from xds.metadata.rim import LocalizedString, RimObject

HASHES = ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d")
NOBODY = f"urn:uuid:{uuid.UUID(int=2**128 - 1)}"
LISTS = ("FormatCode", "EventCodeList", "ConfidentialityCode")


class Numbers:
    """UUIDs that follow from the history alone."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return f"urn:uuid:{uuid.UUID(int=self.count)}"


@dataclass
class Sender:
    """Makes messages of steps; knows what is registered, as a client that has queried it."""

    held: Things
    new_id: Numbers = field(default_factory=Numbers)

    def submission(self, step: Submission) -> list[RimObject] | None:
        """A submission, or None when there is nothing in it."""
        entries, folders = _in_use_first(self.held.of("entry")), self.held.of("folder")
        folders = _in_use_first(folders)
        own = self._set(step.patient, step.unique, step.source)
        own = _authored(own.with_slot("submissionTime", step.time), SET_AUTHOR, step.persons)
        objects: list[RimObject] = []
        members: list[tuple[str, str]] = []
        for folder in step.folders:
            made = _folder_of(folder, self.new_id(), step.patient)
            objects.append(made)
            members.append((made.id, ""))
        for number, document in enumerate(step.documents):
            repeats = step.repeats_id and entries and not step.is_symbolic and not number
            identifier = entries[0].lid if repeats else self.new_id()
            entry = _entry_of(document, identifier, step.patient, self.new_id.count)
            objects.append(_on_demand(entry, document.unique) if step.on_demand else entry)
            members.append((identifier, v.ORIGINAL))
            if document.relation and self.held.all:
                kind, which = document.relation
                targets = entries or self.held.all if which else self.held.all
                target = targets[which % len(targets)].id
                objects.append(an_association(self.new_id(), kind, identifier, target))
            for which in document.joins:
                if folders:
                    holder = folders[which % len(folders)].id
                    link = an_association(self.new_id(), v.HAS_MEMBER, holder, identifier)
                    objects.append(link)
                    members.append((link.id, ""))
        members += [(entries[n % len(entries)].id, v.REFERENCE) for n in step.refers if entries]
        if not members:
            return None
        objects += [
            has_member(own.id, target, status=status).with_attribute("id", self.new_id())
            for target, status in members
        ]
        return [marked(o) for o in (own, *objects)]

    def update(self, step: Update) -> list[RimObject] | None:
        """An update, or None when there is nothing that it could change."""
        originals = _in_use_first(self.held.of("entry") + self.held.of("folder"))
        links = [t for t in self.held.of("association") if self._is_of_content(t)]
        changeable = originals[:4] + _in_use_first(links) + originals[4:] + self.held.of("set")
        if not originals:
            return None
        first = step.operations[0]
        patient = (originals[getattr(first, "which", 0) % len(originals)]).patient
        if step.moves:
            patient = PATIENTS[12] if patient == PATIENTS[0] else PATIENTS[0]
        own = self._set(patient, step.unique, step.source)
        objects: list[RimObject] = [own]
        brought: list[str] = []
        for operation in step.operations:
            match operation:
                case Version():
                    old = originals[operation.which % len(originals)]
                    made = self._version(operation, old, patient, own.id)
                    brought.append(made[0].id)
                case Status():
                    target = changeable[operation.which % len(changeable)]
                    made = self._status(operation, target, own.id, brought)
                case Submit():
                    made = self._submit(operation, originals, own.id, brought)
                    brought.append(made[0].id)
            objects += made
        return [marked(o) for o in objects]

    def removal(self, step: Removal) -> list[str] | None:
        """Ids of what is to go, or None when there is nothing."""
        if not self.held.all:
            return None
        ids = [self.held.all[n % len(self.held.all)].id for n in step.which]
        if step.is_closed:
            ids = closure(self.held, ids)
        ids = ids[: max(1, len(ids) - step.leaves)]
        return list(dict.fromkeys([*ids, NOBODY] if step.invents else ids))

    def _is_of_content(self, link: Thing) -> bool:
        source = self.held.named(link.source)
        return source is not None and source.kind != "set"

    def _set(self, patient: str, unique: int, source: str) -> RimObject:
        own = self.new_id()
        unique_id = f"{ROOT}.2.{self.new_id.count}" if unique > 4 else f"{ROOT}.1.{unique}"
        if unique > 57:  # a set of an id that folders have too
            unique_id = f"{ROOT}.3.{unique - 57}"
        made = a_submission_set(own, patient=patient, unique_id=unique_id)
        return with_identifier(made, v.SUBMISSION_SET_SOURCE_ID, source)

    def _version(
        self, operation: Version, old: Thing, patient: str, own_set: str
    ) -> list[RimObject]:
        """A new version, and what asks for it."""
        new_id = old.id if operation.wrong == "id" else self.new_id()
        shown = without_slot(old.expected(), NAME) if old.name else old.expected()
        made = renewed(shown.with_attribute("id", new_id))
        made = replace(made, name=(LocalizedString(value=operation.title),))
        scheme, unique = v.DOCUMENT_ENTRY_PATIENT_ID, v.DOCUMENT_ENTRY_UNIQUE_ID
        parameter = "$XDSDocumentEntryConfidentialityCode"
        if old.kind == "folder":
            scheme, unique = v.FOLDER_PATIENT_ID, v.FOLDER_UNIQUE_ID
            parameter = "$XDSFolderCodeList"
        made = _coded(made, [(parameter, code) for code in operation.codes], (parameter,))
        made = with_identifier(made, scheme, patient)
        if operation.wrong == "unique":
            made = with_identifier(made, unique, f"{ROOT}.9.{self.new_id.count}")
        if operation.wrong == "lid":
            made = made.with_attribute("lid", NOBODY)
        if operation.wrong == "kind":
            others = [t.lid for t in self.held.all if t.kind not in (old.kind, "association")]
            made = made.with_attribute("lid", [*others, NOBODY][0])
        previous = old.version + (operation.wrong == "previous")
        asks = an_association(self.new_id(), v.HAS_MEMBER, own_set, new_id)
        asks = asks.with_slot(v.SUBMISSION_SET_STATUS, v.ORIGINAL)
        asks = asks.with_slot(v.PREVIOUS_VERSION, str(previous))
        if operation.propagation:
            asks = asks.with_slot(v.ASSOCIATION_PROPAGATION, operation.propagation)
        return [made, asks]

    def _status(
        self, operation: Status, target: Thing, own_set: str, brought: list[str]
    ) -> list[RimObject]:
        identifier = brought[0] if operation.is_own and brought else target.id
        asks = an_association(
            self.new_id(), v.UPDATE_AVAILABILITY_STATUS, own_set, identifier
        ).with_slot(v.ORIGINAL_STATUS, operation.original or target.status)
        return [asks.with_slot(v.NEW_STATUS, operation.new)]

    def _submit(
        self, operation: Submit, originals: list[Thing], own_set: str, brought: list[str]
    ) -> list[RimObject]:
        entries = [t.id for t in originals if t.kind == "entry"]
        folders = [t.id for t in originals if t.kind == "folder"]
        sources = folders if operation.kind == v.HAS_MEMBER and folders else entries
        ends = []
        for among, which, is_own in (
            (sources or folders, operation.source, operation.own_source),
            (entries or folders, operation.target, operation.own_target),
        ):
            ends.append(brought[0] if is_own and brought else among[which % len(among)])
        link = an_association(self.new_id(), operation.kind, ends[0], ends[1])
        asks = an_association(self.new_id(), v.SUBMIT_ASSOCIATION, own_set, link.id)
        return [link, asks]


SET_AUTHOR = v.SUBMISSION_SET_AUTHOR


def _in_use_first(things: Iterable[Thing]) -> list[Thing]:
    return sorted(things, key=lambda t: t.status != v.APPROVED)


# -- objects ---------------------------------------------------------------------------------------


def _on_demand(entry: RimObject, number: int) -> RimObject:
    """The entry without what is known only of bytes."""
    unasked = ("creationTime", "hash", "size", "legalAuthenticator")
    made = replace(entry, slots=tuple(s for s in entry.slots if s.name not in unasked))
    made = made.with_attribute("objectType", v.ON_DEMAND)
    if number > 1:  # some have a uniqueId that a stable document may have
        made = with_identifier(made, v.DOCUMENT_ENTRY_UNIQUE_ID, f"{ROOT}.6.{number}")
    return made


def _entry_of(document: Document, identifier: str, patient: str, number: int) -> RimObject:
    unique = document.unique if document.unique < 8 else number + 100
    made = a_document_entry(identifier, patient=patient, unique_id=f"{ROOT}.1.{unique}")
    made = replace(made, name=(LocalizedString(value=document.title, lang="fr"),))
    made = made.with_slot("hash", HASHES[document.variant % 2])
    made = made.with_slot("size", str(document.variant))
    names = ("creationTime", "serviceStartTime", "serviceStopTime")
    for name, value in zip(names, document.times, strict=True):
        made = made.with_slot(name, value)
    made = made.with_slot(v.REFERENCE_ID_LIST, *document.references)
    made = replace(made, slots=tuple(s for s in made.slots if any(s.values)))
    schemes = (
        *("$XDSDocumentEntryClassCode", "$XDSDocumentEntryTypeCode"),
        *(
            "$XDSDocumentEntryPracticeSettingCode",
            "$XDSDocumentEntryHealthcareFacilityTypeCode",
        ),
    )
    single = zip(schemes, document.codes, strict=True)
    coded = [
        *single,
        ("$XDSDocumentEntryFormatCode", document.format),
        *(("$XDSDocumentEntryEventCodeList", code) for code in document.events),
        *(("$XDSDocumentEntryConfidentialityCode", code) for code in document.confidentiality),
    ]
    made = _coded(made, coded, (*schemes, *("$XDSDocumentEntry" + n for n in LISTS)))
    return _authored(made, v.DOCUMENT_ENTRY_AUTHOR, document.persons)


def _folder_of(folder: Folder, identifier: str, patient: str) -> RimObject:
    made = a_folder(identifier, patient=patient, unique_id=f"{ROOT}.3.{folder.unique}")
    made = replace(made, name=(LocalizedString(value=folder.title),))
    name = "$XDSFolderCodeList"
    return _coded(made, [(name, code) for code in folder.codes], (name,))


def _coded(rim: RimObject, coded, parameters) -> RimObject:
    """The object with these codes instead of what the builder gave it."""
    for parameter in parameters:
        rim = without_scheme(rim, CODED[parameter][0])
    for parameter, code in coded:
        scheme, coding_scheme = CODED[parameter]
        rim = with_classification(rim, a_code(rim.id, scheme, code, coding_scheme, code))
    return rim


def _authored(rim: RimObject, scheme: str, persons) -> RimObject:
    rim = without_scheme(rim, scheme)
    for number, person in enumerate(persons):
        author = an_author(rim.id, scheme, authorPerson=(person,))
        rim = with_classification(rim, author.with_attribute("id", f"{rim.id}-{number}"))
    return rim
