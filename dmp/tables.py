"""France's tables: which class a type has, which format a CDA template has, and labels of codes.

Spec: CI-SIS, association tables ASS_X04 (type to class) and ASS_A11 (template to format), value
sets JDV_J01, J07, J10, J47 and J57. They are files of `domains/dmp/`, read once;
`domains/README.md` says where they come from. What a domain admits is `xds.domain`'s business.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from xds.metadata.code import Code

UNSTRUCTURED_TEMPLATE: Final = "1.3.6.1.4.1.19376.1.2.20"
"""IHE XDS-SD: a CDA whose body is one embedded file."""
UNLISTED_FORMAT: Final = "urn:asipSante:modelesHorsProfils:2011"
"""The format of a document whose template neither IHE nor the CI-SIS lists."""
FRENCH_TEMPLATES: Final = "1.2.250.1.213.1.1.1."
URN: Final = "URN"

Key = tuple[str, str]
"""Code and scheme."""
_ACTIVITY: Final = "1.2.250.1.213.2.2"
_ACTIVITIES: Final[Mapping[str, Key]] = MappingProxyType(
    {
        "IMP": ("03", _ACTIVITY),
        "ACUTE": ("03", _ACTIVITY),
        "NONAC": ("03", _ACTIVITY),
        "EMER": ("07", _ACTIVITY),
        "HH": ("05", "1.2.250.1.213.1.6.1.128"),
    }
)
"""HL7 ActCode of an encounter → JDV_J03; an ambulatory one (AMB) says nothing that its place does
not say better."""
_ANY_ACTIVITY: Final = ("97", _ACTIVITY)


def class_of_type(code: str, scheme: str) -> Code | None:
    """Return the classCode that goes with a typeCode; None for a type that no table has."""
    return _classes_by_type().get((code, scheme))


def format_of_templates(templates: tuple[str, ...]) -> Code | None:
    """Return the formatCode of a structured CDA's templateIds, None when no table has any.

    A French template says more than the international one that it refines, and a later one more
    than an earlier one.
    """
    known = [t for t in templates if t in _formats_by_template()]
    ranked = sorted(known, key=lambda template: template.startswith(FRENCH_TEMPLATES))
    return _formats_by_template()[ranked[-1]] if ranked else None


def format_of_media(media_type: str) -> Code | None:
    """Return the formatCode of a CDA whose body is one file of that media type."""
    return _formats_by_media().get(media_type.partition(";")[0].strip().lower())


def activity_of_encounter(code: str) -> Code | None:
    """Return the contentTypeCode of an HL7 encounter that says more than where it was."""
    known = _ACTIVITIES.get(code)
    return _coded("contentTypeCode", *known) if known else None


def activity_of_facility(facility: Code) -> Code:
    """Return the contentTypeCode of a facility: its sector where the set has it, else any."""
    key = (facility.code, facility.scheme)
    return _coded("contentTypeCode", *(key if key in _labels("contentTypeCode") else _ANY_ACTIVITY))


def label(attribute: str, code: str, scheme: str) -> str:
    """Return the French label of a code, '' when the set of that name lacks it.

    `attribute` is that of a value set (`typeCode`, …), or authorSpecialty or authorRole.
    """
    return _labels(attribute).get((code, scheme), "")


def unlisted_format() -> Code:
    """Return the formatCode of a template that no table lists."""
    return _format(UNLISTED_FORMAT, "1.2.250.1.213.1.1.4.2.282")


@cache
def _classes_by_type() -> Mapping[Key, Code]:
    by_code = {code: (code, scheme) for code, scheme in _labels("classCode")}
    return MappingProxyType(
        {
            (row["type"], row["scheme"]): _coded("classCode", *by_code[row["class"]])
            for row in _rows("tables/type-to-class.tsv")
        }
    )


@cache
def _formats_by_template() -> Mapping[str, Code]:
    return MappingProxyType(
        {
            row["template"]: _format(row["format"], row["scheme"])
            for row in _rows("tables/template-to-format.tsv")
        }
    )


@cache
def _formats_by_media() -> Mapping[str, Code]:
    return MappingProxyType(
        {
            row["media"]: _format(row["format"], row["scheme"])
            for row in _rows("tables/media-to-format.tsv")
        }
    )


@cache
def _labels(attribute: str) -> Mapping[Key, str]:
    folder = "tables" if attribute.startswith("author") else "codes"
    return MappingProxyType(
        {(row["code"], row["scheme"]): row["display"] for row in _rows(f"{folder}/{attribute}.tsv")}
    )


def _format(code: str, scheme: str) -> Code:
    return _coded("formatCode", code, scheme)


def _coded(attribute: str, code: str, scheme: str) -> Code:
    return Code(code=code, scheme=scheme, display=label(attribute, code, scheme))


def _rows(path: str) -> list[dict[str, str]]:
    heading, *lines = (files("domains") / "dmp" / path).read_text(encoding="utf-8").splitlines()
    columns = heading.split("\t")
    return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]
