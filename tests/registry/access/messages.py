"""Steps as messages: a number becomes a registered object."""

from dataclasses import replace

from tests.build.submission import (
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
from tests.build.update import a_status, a_submit, a_version, titled
from tests.registry.access.steps import Relate, Remove, Status, Submit, Version
from tests.registry.access.test_admission import a_deposit, with_id
from xds.metadata import vocabulary as v
from xds.metadata.code import Code
from xds.metadata.confidentiality import with_code, without_code

MARK_SCHEME = "1.2.250.1.213.1.1.4.13"


def message_of(step, objects):
    """What a step sends; None where there is nothing yet that it could be about."""
    entries = [o for o in objects if o.tag == "ExtrinsicObject"]
    folders = [o for o in objects if o.identifiers(v.FOLDER_UNIQUE_ID)]
    match step:
        case Submit():
            return a_submit_of(step, entries, folders)
        case Version():
            return a_version_of(step, [*entries, *folders])
        case Status() if objects:
            return a_status(objects[step.of % len(objects)].id, step.old, step.new)
        case Relate():
            return a_relation_of(step, entries, folders)
        case Remove() if objects:
            return a_removal_of(step, objects)
    return None


def a_relation_of(step, entries, folders):
    sources = folders if step.kind == v.HAS_MEMBER else entries
    if not sources or not entries:
        return None
    source = sources[step.source % len(sources)]
    return a_submit(step.kind, source.id, entries[step.target % len(entries)].id)


def a_removal_of(step, objects):
    target = objects[step.of % len(objects)]
    links = [
        o.id
        for o in objects
        if o.tag == "Association"
        and target.id in (o.attribute("sourceObject"), o.attribute("targetObject"))
    ]
    return [target.id, *(links if step.with_links else ())]


def a_submit_of(step, entries, folders):
    made = a_deposit(step.unique, marks=step.marks, patient=step.patient)
    author = an_author(
        "Document01", v.DOCUMENT_ENTRY_AUTHOR, authorPerson=(f"{step.author}^DUPONT^Jean",)
    )
    made = changing(
        made,
        "Document01",
        lambda o: with_classification(without_scheme(o, v.DOCUMENT_ENTRY_AUTHOR), author),
    )
    # A set of its own each time; the documents may meet.
    made = changing(
        made,
        SUBMISSION_SET_ID,
        lambda o: with_identifier(o, v.SUBMISSION_SET_UNIQUE_ID, f"{ROOT}.8.{len(entries)}"),
    )
    made = list(made)
    if step.relation and entries:
        kind, index = step.relation
        target = entries[index % len(entries)].id
        made.append(an_association("Relationship01", kind, "Document01", target))
    if step.folder and not step.relation:
        made = list(in_folders(tuple(made), patient=step.patient))
        made = [
            with_identifier(o, v.FOLDER_UNIQUE_ID, f"{ROOT}.9.{len(folders)}")
            if o.id == "Folder01"
            else o
            for o in made
        ]
    if step.joins is not None and folders:
        folder = folders[step.joins % len(folders)].id
        made += [an_association("Joining01", v.HAS_MEMBER, folder, "Document01")]
        made += [has_member(SUBMISSION_SET_ID, made[-1].id)]
    if step.refers is not None and entries:
        target = entries[step.refers % len(entries)].id
        made.append(has_member(SUBMISSION_SET_ID, target, status=v.REFERENCE))
    if step.takes_id is not None and entries and not step.folder and not step.relation:
        made = list(with_id(entries[step.takes_id % len(entries)].id))
    return made


def a_version_of(step, versioned):
    if not versioned:
        return None
    registered = versioned[step.of % len(versioned)]
    mask = Code(code="MASQUE_PS", scheme=MARK_SCHEME, display="x")
    hide = Code(code="INVISIBLE_PATIENT", scheme=MARK_SCHEME, display="x")
    is_document = registered.tag == "ExtrinsicObject"
    change = {
        "title": titled,
        "mask": lambda o: with_code(o, mask, "Mark01") if is_document else titled(o),
        "unmask": lambda o: without_code(o, mask) if is_document else titled(o),
        "hide": lambda o: with_code(o, hide, "Mark01") if is_document else titled(o),
        "nothing": lambda o: o,
        "move": lambda o: moved(o, step.patient),
    }[step.change]
    patient = step.patient if step.change == "move" else patient_of(registered)
    previous = registered.version_info.version_name if registered.version_info else "1"
    slots = {} if step.propagates else {"AssociationPropagation": "no"}
    return a_version(registered, previous, change=change, patient=patient, **slots)


SCHEMES = (v.DOCUMENT_ENTRY_PATIENT_ID, v.FOLDER_PATIENT_ID)


def patient_of(rim):
    return next(i.attribute("value") for s in SCHEMES for i in rim.identifiers(s))


def moved(rim, patient):
    return replace(
        rim,
        external_identifiers=tuple(
            e.with_attribute("value", patient)
            if e.attribute("identificationScheme") in SCHEMES
            else e
            for e in rim.external_identifiers
        ),
    )
