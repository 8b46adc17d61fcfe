"""The simple bodies around a record: a few elements of text, and one output.

    read_fields      XML to the texts of a body's elements, and every complaint
    write_answer     a response with its output, status and context
    operation_room   the room of an operation with such bodies

Spec: the DMP's public messages of its services habilitations and patientsSpecific.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

from registry.records.words import Word, invalid
from xds.ebrim.writer import escape_text
from xds.errors import Complaint, Where, quote
from xds.namespaces import local
from xds.soap.xml import elements, line, own_text
from xds.story import Call, Outcome, Room

Handle = Callable[[Call], Outcome]
MAX_CONTEXT_COMPLAINTS = 20
"""Of one answer: a message full of faults is not answered in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """What an element may say."""

    name: str
    values: tuple[str, ...] = ()
    """Empty for any text."""
    is_required: bool = False


def read_fields(
    body: etree._Element, where: Where, fields: Iterable[Field], *, spec: str
) -> tuple[dict[str, str], tuple[Complaint, ...]]:
    """Return the texts by name, '' for what is absent, and every complaint."""
    known = {field.name: field for field in fields}
    texts: dict[str, str] = {}
    complaints: list[Complaint] = []
    namespace = str(body.tag).partition("}")[0].removeprefix("{")
    for element in elements(body):
        name = local(str(element.tag))
        place = where.child(name, line(element))
        if element.tag != f"{{{namespace}}}{name}" or name not in known:
            complaints.append(_stranger(name, known, place, namespace, spec))
        elif name in texts:
            complaints.append(_repeated(name, place, spec))
        else:
            texts[name] = own_text(element)
            complaints.extend(_judge(known[name], texts[name], place, spec))
    complaints.extend(
        _missing(field, where, spec)
        for field in known.values()
        if field.is_required and field.name not in texts
    )
    return {name: texts.get(name, "") for name in known}, tuple(complaints)


def _judge(field: Field, text: str, place: Where, spec: str) -> Iterable[Complaint]:
    if field.values and text not in field.values:
        yield invalid(
            subject=field.name,
            rule=f"{field.name} is one of its values ({spec})",
            came=quote(text),
            expected=" or ".join(field.values),
            fix="correct it, or leave the element out" if not field.is_required else "correct it",
            where=place,
        )


def _stranger(
    name: str, known: Mapping[str, Field], place: Where, namespace: str, spec: str
) -> Complaint:
    return invalid(
        subject=quote(name),
        rule=f"a body has the elements of its contract ({spec})",
        came=f"an element {quote(name)}",
        expected=f"{' or '.join(known)}, in namespace {namespace}",
        fix="generate the client from this service's ?wsdl",
        where=place,
    )


def _repeated(name: str, place: Where, spec: str) -> Complaint:
    return invalid(
        subject=name,
        rule=f"{name} is said once ({spec})",
        came=f"another {name}",
        expected=f"one {name}",
        fix="leave one",
        where=place,
    )


def _missing(field: Field, where: Where, spec: str) -> Complaint:
    return invalid(
        subject=field.name,
        rule=f"{field.name} is needed ({spec})",
        came=f"no {field.name}",
        expected=" or ".join(field.values) or "a text",
        fix=f"add {field.name}",
        where=where,
    )


def written(name: str, text: str) -> str:
    """Return an element of text; nothing for no text."""
    return f"<{name}>{escape_text(text)}</{name}>" if text else ""


def write_answer(
    name: str, namespace: str, *, inside: str = "", status: str = Word.OK, context: str = ""
) -> bytes:
    """Return a response; `inside` comes before status and context, as XML."""
    return (
        f'<{name} xmlns="{namespace}"><output>{inside}{written("status", status)}'
        f"{written('context', context)}</output></{name}>"
    ).encode()


def write_refusal(name: str, namespace: str, complaints: tuple[Complaint, ...]) -> bytes:
    """Return a response that says why not: the first word, and all complaints in words."""
    errors = [c for c in complaints if c.is_error] or list(complaints)
    said = [_in_words(c) for c in errors[:MAX_CONTEXT_COMPLAINTS]]
    return write_answer(name, namespace, status=str(errors[0].code), context=" ".join(said))


def operation_room(
    *, transaction: str, namespace: str, operation: str, action: str, handle: Handle
) -> Room:
    """Return the room of an operation whose answers, refusals too, are `write_answer`'s."""
    response = f"{operation}Response"
    return Room(
        transaction=transaction,
        action=action,
        response_action=f"{action}Response",
        body=f"{{{namespace}}}{operation}",
        handle=handle,
        refuse=lambda complaints, _: write_refusal(response, namespace, complaints),
    )


def _in_words(complaint: Complaint) -> str:
    place = f" At {complaint.location}." if complaint.location else ""
    return f"{complaint.code_context}{place}"
