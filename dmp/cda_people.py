"""Who stands in a CDA header: authors, the legal authenticator, the patient → HL7 v2 values.

Spec: CI-SIS, "Lien entre l'en-tête CDA et les métadonnées XDS"; ITI TF-3 §4.2.3.1.4 (author),
§4.2.3.2.14, §4.2.3.2.22, §4.2.3.2.23. France fills components of XCN and XON that IHE leaves out:
the type of name (D, a person's; U, a system's) and the type of identifier.
"""

from typing import Final

from lxml import etree

from dmp import ins, tables
from dmp.cda_xml import all_at, attribute_at, first_at, identifiers_at, text_at
from xds.metadata.author import Author
from xds.metadata.hl7v2 import escape
from xds.metadata.identifier import is_oid

PROFESSIONALS: Final = "1.2.250.1.71.4.2.1"
"""Assigning authority of professionals and of systems."""
STRUCTURES: Final = "1.2.250.1.71.4.2.2"
SIRENE: Final = "1.3.2"

_PERSON_TYPES: Final = {PROFESSIONALS: "IDNPS"}
_SYSTEM_TYPE: Final = "RI"
_ORGANIZATION_TYPES: Final = {STRUCTURES: "IDNST", SIRENE: "SIREN"}
_LEGAL_NAME, _DISPLAY_NAME, _SYSTEM_NAME = "L", "D", "U"
_GENDERS: Final = {"M": "M", "F": "F", "UN": "U", "U": "U"}


def read_author(author: etree._Element) -> Author | None:
    """Return the author of a CDA author element; None when it names nobody."""
    assigned = first_at(author, "assignedAuthor")
    if assigned is None:
        return None
    read = Author(
        person=read_actor(assigned),
        institutions=tuple(filter(None, [_organization(assigned)])),
        specialties=tuple(filter(None, [_specialty(assigned)])),
        roles=tuple(filter(None, [_role(author)])),
    )
    return read if read.person or read.institutions else None


def read_actor(assigned: etree._Element) -> str:
    """Return the XCN of an assignedAuthor or assignedEntity: a person or a system; '' if neither.

    The national identifier comes first when there are several.
    """
    root, extension = _identifier(assigned)
    device = first_at(assigned, "assignedAuthoringDevice")
    if device is not None:
        names = (text_at(device, "softwareName"), text_at(device, "manufacturerModelName"))
        name_type, id_type = _SYSTEM_NAME, _SYSTEM_TYPE
    else:
        names = _name(first_at(assigned, "assignedPerson/name"))
        name_type = _DISPLAY_NAME
        id_type = ins.NATIONAL_HEALTH_ID if root in ins.AUTHORITIES else _PERSON_TYPES.get(root, "")
    if not extension and not any(names):
        return ""
    authority = f"&{root}&ISO" if extension and root else ""
    head = (extension, *names)
    parts = (*map(escape, head), "", "", "", "", "", authority, name_type, "", "")
    return "^".join((*parts, id_type if authority else "")).rstrip("^")


def patient_identifiers(patient: etree._Element) -> tuple[str, str]:
    """Return the INS and the local identifier of a patientRole, as CX; '' for what it lacks.

    Why CX.5: the CI-SIS ends an INS with NH and a local identifier with PI.
    """
    national, local = "", ""
    for root, extension in identifiers_at(patient, "id"):
        if not extension or not is_oid(root):
            continue
        if root in ins.AUTHORITIES:
            national = national or _cx(extension, root, ins.NATIONAL_HEALTH_ID)
        else:
            local = local or _cx(extension, root, "PI")
    return national, local


def patient_info(patient: etree._Element) -> tuple[str, ...]:
    """Return the sourcePatientInfo of a patientRole: PID-5, PID-7 and PID-8, as far as known."""
    name = first_at(patient, "patient/name")
    born = attribute_at(patient, "patient/birthTime", "value")
    gender = attribute_at(patient, "patient/administrativeGenderCode", "code")
    values = [f"PID-5|{text}" for text in _patient_names(name)]
    if born:
        values.append(f"PID-7|{born[:8]}")
    if gender:
        values.append(f"PID-8|{_GENDERS.get(gender.upper(), 'U')}")
    return tuple(values)


def _patient_names(name: etree._Element | None) -> list[str]:
    """Return PID-5 of the name at birth (L), and of the name in use (D) where it is another."""
    if name is None:
        return []
    plain = _part(name, "family", ""), _part(name, "given", "")
    born = (
        _part(name, "family", "BR") or plain[0],
        _part(name, "given", "BR") or plain[1],
    )
    used = (
        _part(name, "family", "CL") or _part(name, "family", "SP") or born[0],
        _part(name, "given", "CL") or born[1],
    )
    texts = [f"{escape(born[0])}^{escape(born[1])}^^^^^{_LEGAL_NAME}"] if any(born) else []
    if any(used) and used != born:
        texts.append(f"{escape(used[0])}^{escape(used[1])}^^^^^{_DISPLAY_NAME}")
    return texts


def _part(name: etree._Element, kind: str, qualifier: str) -> str:
    for part in all_at(name, kind):
        if (part.get("qualifier") or "") == qualifier:
            return text_at(part, ".")
    return ""


def _name(name: etree._Element | None) -> tuple[str, str]:
    if name is None:
        return "", ""
    family = _part(name, "family", "") or text_at(name, "family")
    given = _part(name, "given", "") or text_at(name, "given")
    # Some software writes the whole name as text.
    return (family, given) if family or given else (text_at(name, "."), "")


def _identifier(assigned: etree._Element) -> tuple[str, str]:
    found = [(r, e) for r, e in identifiers_at(assigned, "id") if e and is_oid(r)]
    national = {PROFESSIONALS, *ins.AUTHORITIES}
    return next((f for f in found if f[0] in national), next(iter(found), ("", "")))


def _organization(assigned: etree._Element) -> str:
    """Return the XON of the structure that somebody acts for; '' when none is named."""
    organization = first_at(assigned, "representedOrganization")
    if organization is None:
        return ""
    name = text_at(organization, "name")
    ids = [(r, e) for r, e in identifiers_at(organization, "id") if e and is_oid(r)]
    root, extension = next(
        (i for i in ids if i[0] in _ORGANIZATION_TYPES), next(iter(ids), ("", ""))
    )
    if not name and not extension:
        return ""
    authority = f"&{root}&ISO" if extension else ""
    kind = _ORGANIZATION_TYPES.get(root, "")
    parts = (escape(name), "", "", "", "", authority, kind, "", "", escape(extension))
    return "^".join(parts).rstrip("^")


def _specialty(assigned: etree._Element) -> str:
    code, scheme = (
        attribute_at(assigned, "code", "code"),
        attribute_at(assigned, "code", "codeSystem"),
    )
    if not code:
        return ""
    display = attribute_at(assigned, "code", "displayName") or tables.label(
        "authorSpecialty", code, scheme
    )
    return "^".join(map(escape, (code, display, scheme))).rstrip("^")


def _role(author: etree._Element) -> str:
    """Return the author's function towards the patient, by its label, as the CI-SIS wants it."""
    code = attribute_at(author, "functionCode", "code")
    scheme = attribute_at(author, "functionCode", "codeSystem")
    return attribute_at(author, "functionCode", "displayName") or tables.label(
        "authorRole", code, scheme
    )


def _cx(extension: str, root: str, kind: str) -> str:
    return f"{escape(extension)}^^^&{root}&ISO^{kind}"
