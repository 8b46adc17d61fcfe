"""A question of the strategies as the Registry is asked, and as the naive one answers it."""

from tests.registry.build import text, texts
from tests.registry.naive import asking
from tests.registry.naive.asking import Wish
from tests.registry.naive.things import Thing, Things
from tests.registry.sent import NOBODY
from tests.strategies.questions import CODED, TIMED, Question
from xds.metadata import vocabulary as v

FOR_ONE_PATIENT = {
    *("GetDocuments", "GetFolders", "GetDocumentsAndAssociations", "GetSubmissionSets"),
    *("GetSubmissionSetAndContents", "GetFolderAndContents"),
}
"""ITI TF-2 §3.18.4.1.2.3.7.5, .6, .8 to .11."""
NEED_SOME = {
    "FindDocumentsForMultiplePatients": (
        "ClassCode",
        "EventCodeList",
        "HealthcareFacilityTypeCode",
    ),
    "FindFoldersForMultiplePatients": ("FolderCodeList",),
}
"""Codes of which one is needed where no patient is named (ITI TF-2 §3.51.4.1.2.1.1, .2)."""
OF_FOLDERS = {
    *("FindFolders", "FindFoldersForMultiplePatients", "GetFolders", "GetFolderAndContents"),
}
IDS = {"EntryUUID": "id", "UniqueId": "unique_id", "LogicalID": "lid"}


def refusal_of(question: Question, expected: list[Thing], returns: str) -> set[str]:
    """The codes with which the question is refused."""
    if question.by == "LogicalID" and question.level != "2":
        return {"XDSRegistryError"}
    needed = NEED_SOME.get(question.query)
    has_one = question.patients or any(n.endswith(needed or "") for n, _ in question.codes)
    if needed and not has_one:
        return {"XDSStoredQueryMissingParam"}
    patients = {t.patient for t in expected if t.kind != "association"}
    is_narrow = question.query in FOR_ONE_PATIENT and returns == "LeafClass"
    return {"XDSResultNotSinglePatient"} if is_narrow and len(patients) > 1 else set()


def slots_of(question: Question, held: Things) -> list[tuple[str, str | list[str]]]:
    """The question as the Registry is asked."""

    def many(values) -> str | list[str]:
        return [texts(value) for value in values] if question.is_split else texts(*values)

    about = _about(question)
    stem = f"$XDS{about}"
    found: list[tuple[str, str | list[str]]] = []
    if question.patients:
        name = "$patientId" if question.query == "GetAll" else f"{stem}PatientId"
        is_one = len(question.patients) == 1
        found.append((name, text(question.patients[0]) if is_one else many(question.patients)))
    if question.level:
        found.append(("$MetadataLevel", question.level))
    if question.link_status:
        found.append(("$XDSAssociationStatus", many(question.link_status)))
    kinds = (about,) if len(question.status) == 1 else ("DocumentEntry", "SubmissionSet", "Folder")
    for kind, status in zip(kinds, question.status, strict=False):
        found.append((f"$XDS{kind}Status", many(status)))
    if question.types:
        found.append(("$XDSDocumentEntryType", many(question.types)))
    for name, codes in question.codes:
        found.append((name, many(f"{code}^^{CODED[name][1]}" for code in codes)))
    for name, low, high in question.times:
        found += [(f"{name}{side}", at) for side, at in (("From", low), ("To", high)) if at]
    if question.persons:
        found.append((f"{stem}AuthorPerson", many(question.persons)))
    for one_of in question.references:
        found.append((f"{stem}ReferenceIdList", many(one_of)))
    if question.sources:
        found.append((f"{stem}SourceId", many(question.sources)))
    if question.relations:
        found.append(("$AssociationTypes", many(question.relations)))
    if question.which:
        name = f"{stem}{question.by}"
        if question.query in ("GetAssociations", "GetSubmissionSets"):
            name = "$uuid"
        is_one = len(question.which) == 1 and question.query.startswith("Get")
        keys = _keys(question, held)
        found.append((name, text(keys[0]) if is_one and name != "$uuid" else many(keys)))
    return found


def answer_to(question: Question, held: Things) -> list[Thing]:  # noqa: PLR0911 - one for each
    """The naive registry's answer."""
    keys = set(_keys(question, held))
    held = held.seen(int(question.level or 1), frozenset(question.link_status))
    entries = _wish(question, 0, "$XDSDocumentEntry")
    kind = {"DocumentEntry": "entry", "SubmissionSet": "set", "Folder": "folder"}[_about(question)]
    asked = [t for t in held.of(kind) if getattr(t, IDS[question.by]) in keys]
    match question.query:
        case "FindDocuments" | "FindDocumentsByReferenceId" | "FindDocumentsForMultiplePatients":
            return asking.found(held, "entry", entries)
        case "FindSubmissionSets":
            return asking.found(held, "set", _wish(question, 0, "$XDSSubmissionSet"))
        case "FindFolders" | "FindFoldersForMultiplePatients":
            return asking.found(held, "folder", _wish(question, 0, "$XDSFolder"))
        case "GetAll":
            sets = _wish(question, 1, "$XDSSubmissionSet")
            return asking.everything(held, sets, entries, _wish(question, 2, "$XDSFolder"))
        case "GetDocuments" | "GetFolders":
            return asked
        case "GetAssociations":
            return asking.touching(held, keys)
        case "GetDocumentsAndAssociations":
            return asking.with_associations(held, asked)
        case "GetSubmissionSets":
            return asking.sets_of(held, keys)
        case "GetSubmissionSetAndContents":
            return asking.contents_of_set(held, asked, entries)
        case "GetFolderAndContents":
            return asking.contents_of_folder(held, asked, entries)
        case "GetFoldersForDocument":
            return asking.folders_of(held, asked)
        case "GetRelatedDocuments":
            return asking.related(held, asked, question.relations, entries)
    raise AssertionError(question.query)


def _about(question: Question) -> str:
    if question.query in ("FindSubmissionSets", "GetSubmissionSetAndContents"):
        return "SubmissionSet"
    if question.query in OF_FOLDERS:
        return "Folder"
    return "DocumentEntry"


def _keys(question: Question, held: Things) -> list[str]:
    """The ids that the question's numbers stand for; sometimes of an object of another kind."""
    kind = {"DocumentEntry": "entry", "SubmissionSet": "set", "Folder": "folder"}[_about(question)]
    among = held.of(kind) if question.query != "GetAssociations" else held.all
    if question.query == "GetSubmissionSets":
        among = [t for t in held.all if t.kind in ("entry", "folder")]
    chosen = [among[n % len(among)] for n in question.which] if among else []
    keys = [getattr(t, IDS[question.by]) for t in chosen]
    return list(dict.fromkeys(keys)) or [NOBODY]


def _wish(question: Question, number: int, stem: str) -> Wish:
    """What the question asks of objects of one kind."""
    has_types = stem == "$XDSDocumentEntry"
    return Wish(
        patients=frozenset(question.patients),
        status=frozenset(question.status[number] if question.status else ()),
        types=frozenset(question.types or (v.STABLE,)) if has_types else frozenset(),
        codes=tuple(
            (CODED[name][0], frozenset((code, CODED[name][1]) for code in codes))
            for name, codes in question.codes
            if name.startswith(stem)
        ),
        times=tuple((TIMED[name], low, high) for name, low, high in question.times),
        persons=question.persons,
        references=question.references,
        sources=question.sources,
    )
