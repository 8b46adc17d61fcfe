"""An affinity domain: configuration, not code.

Spec: ITI TF-1 §10.4.5 and Appendix L (what an affinity domain decides); ITI TF-3 §4.2.3 (value sets).
A domain is a folder `domains/<name>/` with `domain.toml` and `codes/*.tsv`.
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from xds.metadata.code import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """The codes that one metadata attribute may take."""

    attribute: str
    """The standard's attribute name: `classCode`, `typeCode`, …"""
    codes: Mapping[tuple[str, str], Code]
    """By (code, scheme)."""
    closed: bool = True
    """Whether other codes are refused."""

    def admits(self, code: str, scheme: str) -> bool:
        """Return whether the domain lets this attribute take this code."""
        return not self.closed or (code, scheme) in self.codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A patient identifier assigning authority that the domain knows."""

    oid: str
    title: str = ""
    check: str = ""
    """Name of a check of the identifier itself, such as `ins`; '' for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AffinityDomain:
    """One affinity domain's decisions."""

    name: str
    title: str
    authorities: Mapping[str, Authority]
    """By OID; empty means that any well-formed authority is accepted."""
    assertion_profile: str
    """`xua` or `vihf`."""
    access: str
    """Name of the access policy: `any-trusted`."""
    value_sets: Mapping[str, ValueSet]
    """By the standard's attribute name; an attribute without a set is open."""
    submission_signature_required: bool = False
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Profile-specific settings of `domain.toml`, table `[assertion]`."""

    def admits(self, attribute: str, code: str, scheme: str) -> bool:
        """Return whether the attribute may take this code in this domain."""
        value_set = self.value_sets.get(attribute)
        return value_set is None or value_set.admits(code, scheme)


class DomainError(Exception):
    """A domain folder that cannot be used; the text names file, key and fix."""


def load_domain(name_or_path: str) -> AffinityDomain:
    """Read a domain by the name of one that comes with the project, or by the path of a folder.

    Errors: DomainError.
    """
    folder: Traversable | Path = (
        Path(name_or_path) if "/" in name_or_path else files("domains") / name_or_path
    )
    try:
        declared = tomllib.loads((folder / "domain.toml").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DomainError(f"domain {name_or_path!r}: no domain.toml in {folder}") from error
    except tomllib.TOMLDecodeError as error:
        raise DomainError(f"domain {name_or_path!r}: {folder}/domain.toml: {error}") from error
    try:
        return _domain(declared, folder)
    except KeyError as error:
        raise DomainError(
            f"domain {name_or_path!r}: {folder}/domain.toml: key {error} is missing"
        ) from error


def _domain(declared: dict[str, object], folder: Traversable | Path) -> AffinityDomain:
    authorities = {
        str(a["oid"]): Authority(
            oid=str(a["oid"]), title=str(a.get("title", "")), check=str(a.get("check", ""))
        )
        for a in declared.get("authorities", [])  # type: ignore[attr-defined]
    }
    value_sets = {
        str(v["attribute"]): _value_set(v, folder)
        for v in declared.get("value_sets", [])  # type: ignore[attr-defined]
    }
    return AffinityDomain(
        name=str(declared["name"]),
        title=str(declared["title"]),
        authorities=MappingProxyType(authorities),
        assertion_profile=str(declared["assertion_profile"]),
        access=str(declared["access"]),
        value_sets=MappingProxyType(value_sets),
        submission_signature_required=bool(declared.get("submission_signature_required", False)),
        settings=MappingProxyType(dict(declared.get("assertion", {}))),  # type: ignore[call-overload]
    )


def _value_set(declared: Mapping[str, object], folder: Traversable | Path) -> ValueSet:
    attribute = str(declared["attribute"])
    text = (folder / "codes" / str(declared["file"])).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="\t")
    codes = {
        (r["code"], r["scheme"]): Code(code=r["code"], scheme=r["scheme"], display=r["display"])
        for r in rows
    }
    return ValueSet(
        attribute=attribute,
        codes=MappingProxyType(codes),
        closed=bool(declared.get("closed", True)),
    )
