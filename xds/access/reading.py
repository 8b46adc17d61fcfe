"""The access policy of an affinity domain, read from its files and validated, all of it, at start.

A domain says where its policy comes from (`access` in domain.toml): `any-trusted` is no policy,
every caller whose assertion is trusted may all; `matrix` is three files in its folder `access/`,
each of which a home may replace by its own (`[access]` in greffe.toml).

What every key means: `domains/README.md`. Empty files are a policy too: it denies everything.

Spec: none of IHE's; what France's files hold is told by themselves.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from xds.access.case import PATIENT, REPRESENTATIVE, STRANGER
from xds.access.model import Action, Mode
from xds.access.policy import ANY, ANY_TRUSTED, Cell, Kind, Policy
from xds.access.tables import (
    AUTHENTICATIONS,
    Column,
    FunctionRow,
    PolicyError,
    TypeRow,
    read_functions,
    read_text,
    read_types,
)
from xds.domain import MATRIX, AffinityDomain, DomainError, Folder, Table

FOLDER: Final = "access"
RESERVED: Final = frozenset({REPRESENTATIVE, STRANGER, ANY, ""})
"""What no kind may be called: the record makes a representative, nobody is a stranger by role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFiles:
    """Files of a home that replace the domain's; None where the domain's holds."""

    policy: Path | None = None
    functions: Path | None = None
    types: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """A policy with what people want to know of its origin."""

    policy: Policy
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """`policy`, `functions`, `types` to where each was read."""
    functions: tuple[FunctionRow, ...] = ()
    types: tuple[TypeRow, ...] = ()
    assumed_columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Heading of a column to why it is as it is."""


NO_FILES: Final = PolicyFiles()


def load_policy(domain: AffinityDomain, overrides: PolicyFiles = NO_FILES) -> Policy:
    """Return a domain's access policy. Errors: PolicyError, naming file, line or key, and fix."""
    return read_policy(domain, overrides).policy


def read_policy(domain: AffinityDomain, overrides: PolicyFiles = NO_FILES) -> PolicySource:
    """Return a domain's access policy, and where each part of it is from. Errors: PolicyError."""
    if domain.access != MATRIX:
        if overrides != NO_FILES:
            raise PolicyError(
                f"domain {domain.name} has access = {domain.access!r}: no file of a policy is read "
                f"there. Fix: leave [access] empty, or a domain with access = {MATRIX!r}"
            )
        return PolicySource(policy=ANY_TRUSTED)
    files = _files(domain, overrides)
    label = str(files["policy"])
    try:
        declared = tomllib.loads(read_text(files["policy"]))
        return _source(Table(label, "", declared), domain, files)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{label} is not TOML: {error}") from error
    except DomainError as error:
        raise PolicyError(str(error)) from error


def _files(domain: AffinityDomain, overrides: PolicyFiles) -> dict[str, Folder]:
    own: dict[str, Path | None] = {
        "policy": overrides.policy,
        "functions": overrides.functions,
        "types": overrides.types,
    }
    names = {"policy": "policy.toml", "functions": "functions.tsv", "types": "types.tsv"}
    found: dict[str, Folder] = {}
    for key, path in own.items():
        if path is not None:
            found[key] = path
        elif domain.folder is not None:
            found[key] = domain.folder / FOLDER / names[key]
        else:
            raise PolicyError(f"domain {domain.name} was not read from a folder: no {names[key]}")
    return found


def _source(table: Table, domain: AffinityDomain, files: Mapping[str, Folder]) -> PolicySource:
    kinds = tuple(_kind(t) for t in table.tables("kinds"))
    names = [kind.name for kind in kinds]
    if len(set(names)) < len(names):
        raise table.error("kinds", f"each name once, came {', '.join(names)}")
    patients = table.table("patients")
    patient_kinds = frozenset(patients.names("kinds", tuple(names)))
    patients.finish()
    attending = table.table("attending").pairs()
    for kind, becomes in attending.items():
        # A kind of its own: what is said of it must not be said of anybody else.
        if kind not in names or kind in patient_kinds or becomes in {*RESERVED, PATIENT, *names}:
            raise table.error("attending", f"kinds of professionals, came {kind} = {becomes!r}")
    columns = _column_kinds(names, patient_kinds, attending)
    functions = read_functions(read_text(files["functions"]), str(files["functions"]), columns)
    types = read_types(read_text(files["types"]), str(files["types"]))
    _refuse_foreign_types(types, domain, str(files["types"]))
    policy = Policy(
        kinds=kinds,
        patient_kinds=patient_kinds,
        attending_of=attending,
        functions=_by_column(functions),
        types=MappingProxyType({(t.profession, t.type_code): t.may_see for t in types}),
        **_purpose(table.table("purpose")),
        **_emergency(table.table("emergency"), tuple(sorted(columns))),
        **_record(table.table("record")),
        vouched_only=_flag(table.table("registration"), "vouched_only"),
    )
    assumed = _assumed(table, functions)
    table.finish()
    return PolicySource(
        policy=policy,
        files=MappingProxyType({key: str(file) for key, file in files.items()}),
        functions=functions,
        types=types,
        assumed_columns=assumed,
    )


def _kind(table: Table) -> Kind:
    name = table.text("name")
    if name in RESERVED or ":" in name:
        raise table.error("name", f"a name of its own without a colon, came {name!r}")
    kind = Kind(
        name=name,
        authentications=frozenset(table.names("authentications", AUTHENTICATIONS)),
        roles=_codes(table, "roles"),
        specialties=_codes(table, "specialties"),
    )
    table.finish()
    if not kind.roles:
        # A kind that anybody is of would make an unknown role known.
        raise table.error("roles", "one or more tables headed [[kinds.roles]]: who is of the kind")
    return kind


def _codes(table: Table, key: str) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for inner in table.tables(key):
        system, codes = inner.text("system"), inner.texts("codes")
        inner.finish()
        if not codes:
            raise inner.error("codes", f'a list of codes, such as ["10"], or ["{ANY}"]')
        found |= {(code, system) for code in codes}
    return frozenset(found)


def _column_kinds(
    names: list[str], patient_kinds: frozenset[str], attending: Mapping[str, str]
) -> frozenset[str]:
    """Return the kinds that a column can be for: what callers are once the record is known."""
    professionals = set(names) - patient_kinds
    of_patients = {PATIENT, REPRESENTATIVE} if patient_kinds else set()
    if PATIENT in professionals or of_patients & set(attending.values()):
        raise PolicyError(f"a kind called {PATIENT} must be among the kinds of [patients]")
    return frozenset(professionals | set(attending.values()) | of_patients)


def _by_column(rows: tuple[FunctionRow, ...]) -> Mapping[Column, Mapping[Action, Cell]]:
    found: dict[Column, dict[Action, Cell]] = {}
    for row in rows:
        for column, cell in row.cells.items():
            found.setdefault(column, {})[row.action] = cell
    return MappingProxyType({c: MappingProxyType(cells) for c, cells in found.items()})


def _purpose(table: Table) -> dict[str, Any]:
    systems = frozenset(table.texts("systems"))
    modes = table.table("modes").pairs()
    for code, mode in modes.items():
        if mode not in tuple(Mode):
            raise table.error("modes", f"one of {', '.join(Mode)} for {code}, came {mode!r}")
    table.finish()
    return {
        "purpose_systems": systems,
        "modes": MappingProxyType({code: Mode(mode) for code, mode in modes.items()}),
    }


def _emergency(table: Table, kinds: tuple[str, ...]) -> dict[str, Any]:
    found = {
        "emergency_kinds": frozenset(table.names("kinds", kinds)),
        "reason_required": frozenset(map(Mode, table.names("reason_required", tuple(Mode)))),
    }
    table.finish()
    return found


def _record(table: Table) -> dict[str, Any]:
    actions = (
        "without_authorisation",
        "own_without_authorisation",
        "when_blocked",
        "when_closed",
    )
    found: dict[str, Any] = {
        key: frozenset(map(Action, table.names(key, tuple(Action)))) for key in actions
    }
    found["records_begin_open"] = table.flag("begins_open", default=False)
    table.finish()
    return found


def _flag(table: Table, key: str) -> bool:
    # Left out, the stricter of the two.
    value = table.flag(key, default=True)
    table.finish()
    return value


def _assumed(table: Table, functions: tuple[FunctionRow, ...]) -> Mapping[str, str]:
    assumed = table.table("assumed_columns").pairs()
    known = {":".join(column) for row in functions[:1] for column in row.cells}
    for heading in assumed:
        if heading not in known:
            raise table.error("assumed_columns", f"columns of the functions, came {heading!r}")
    return assumed


def _refuse_foreign_types(rows: tuple[TypeRow, ...], domain: AffinityDomain, file: str) -> None:
    """Refuse a type that no document can have: a rule about it would never hold."""
    for row in rows:
        if row.type_code == ANY:
            continue
        code, _, scheme = row.type_code.partition("^")
        if not domain.admits("typeCode", code, scheme):
            raise PolicyError(
                f"{file}, line {row.line}: no document of domain {domain.name} has the type "
                f"{row.type_code}. Fix: {domain.nearest('typeCode', code, scheme)}"
            )
