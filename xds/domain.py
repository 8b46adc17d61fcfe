"""An affinity domain: configuration, not code.

Spec: ITI TF-1 §10.4.5 and Appendix L (what an affinity domain decides); ITI TF-3 §4.2.3 (value
sets). A domain is a folder `domains/<name>/` with `domain.toml` and `codes/*.tsv`;
`domains/README.md` says what may stand in them. A bad file is refused with file, key or line, and
what to do. Who is known in a domain, and what a caller may do there, is not decided here.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

from xds.metadata.attributes import ATTRIBUTES
from xds.metadata.code import Code
from xds.metadata.departures import Departure
from xds.metadata.identifier import is_oid

ASSERTION_PROFILES: Final = ("xua", "vihf")
ANY_TRUSTED: Final = "any-trusted"
MATRIX: Final = "matrix"
ACCESS_POLICIES: Final = (ANY_TRUSTED, MATRIX)
CHECKS: Final = ("ins",)
WARNS: Final = "-warn"
"""After the name of a check: what it finds is a warning and no refusal."""
CODED_ATTRIBUTES: Final = tuple(dict.fromkeys(a.value_set for a in ATTRIBUTES if a.value_set))
MAX_SHOWN: Final = 6
"""Codes or schemes that an error names as examples."""
COLUMNS: Final = ("code", "scheme", "display")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
LINK_CHANGE: Final = Code(
    code="ITI-64", scheme="IHE Transactions", display="Notify XAD-PID Link Change"
)
"""What the Framework calls the transaction itself (ITI TF-2 §3.64.5.1.2, EventTypeCode)."""
Folder = Traversable | Path
Thing = TypeVar("Thing")


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

    def nearest(self, code: str, scheme: str) -> str:
        """Say which codes come nearest to one that is not admitted: same code, else same scheme."""
        if not scheme:
            return _some(known for known, _ in self.codes)
        if schemes := [other for known, other in self.codes if known == code]:
            return f"this code with the scheme {_some(schemes)}"
        if codes := [known for known, other in self.codes if other == scheme]:
            return f"of this scheme {_some(codes)}"
        return f"a code of the scheme {_some(other for _, other in self.codes)}"


def _some(texts: Iterable[str]) -> str:
    """Return the first few of these, each once."""
    each = list(dict.fromkeys(texts))
    more = f" or {len(each) - MAX_SHOWN} more" if len(each) > MAX_SHOWN else ""
    return " or ".join(repr(text) for text in each[:MAX_SHOWN]) + more


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A patient identifier assigning authority that the domain knows."""

    oid: str
    title: str = ""
    namespace: str = ""
    """HL7's namespaceID: what HL7 v2 senders may write in place of the OID (ITI TF-2
    §3.8.4.1.4.1)."""
    check: str = ""
    """Name of a check of the identifier itself, such as `ins`; '' for none."""
    check_warns: bool = False
    """Whether what the check finds is a warning only."""


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
    """Where the access policy comes from: `any-trusted` or `matrix` (`xds.access.reading`)."""
    value_sets: Mapping[str, ValueSet]
    """By the standard's attribute name; an attribute without a set is open."""
    submission_signature_required: bool = False
    departures: frozenset[Departure] = frozenset()
    """Where it departs from the Framework (`xds.metadata.departures`)."""
    link_change: Code = LINK_CHANGE
    """contentTypeCode of the SubmissionSet that records a link change (ITI TF-2 Table
    3.64.4.1.3.1.1-1)."""
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """Profile-specific settings of `domain.toml`, table `[assertion]`."""
    folder: Folder | None = None
    """Where it was read from; None for a domain that was not read."""

    def admits(self, attribute: str, code: str, scheme: str) -> bool:
        """Return whether the attribute may take this code in this domain."""
        value_set = self.value_sets.get(attribute)
        return value_set is None or value_set.admits(code, scheme)

    def nearest(self, attribute: str, code: str, scheme: str) -> str:
        """Say what the attribute could take in place of a code that is not admitted."""
        return self.value_sets[attribute].nearest(code, scheme)


class DomainError(Exception):
    """A domain folder that cannot be used; the text names file, key or line, and fix."""


def load_domain(name_or_path: str) -> AffinityDomain:
    """Read a domain by the name of one that comes with the project, or by the path of a folder.

    Errors: DomainError.
    """
    folder: Folder = Path(name_or_path) if "/" in name_or_path else files("domains") / name_or_path
    file = folder / "domain.toml"
    try:
        declared = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise DomainError(
            f"domain {name_or_path!r}: no domain.toml in {folder}. Fix: name one of "
            f"{', '.join(shipped_domains())}, or the path of a folder that has one"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DomainError(f"domain {name_or_path!r}: {file} cannot be read: {error}") from error
    return _domain(Table(str(file), "", declared), folder)


def shipped_domains() -> tuple[str, ...]:
    """Return the names of the domains that come with the project."""
    return tuple(
        sorted(f.name for f in files("domains").iterdir() if (f / "domain.toml").is_file())
    )


class Table:
    """One table of a TOML file: every key that is read is crossed off, what stays is refused."""

    def __init__(self, file: str, label: str, declared: Mapping[str, object]) -> None:
        self._file, self._label, self._rest = file, label, dict(declared)

    def text(self, key: str, default: str | None = None, *, among: tuple[str, ...] = ()) -> str:
        """Return a text. Errors: DomainError, as of every method here."""
        value = self._take(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.error(key, f"a text, came {value!r}")
        if among and value not in among:
            raise self.error(key, f"one of {', '.join(a or 'nothing' for a in among)}: {value!r}")
        return value

    def names(self, key: str, among: tuple[str, ...]) -> tuple[str, ...]:
        """Return a list of names, each one of these and once."""
        value = self._take(key, [])
        if not isinstance(value, list) or any(v not in among for v in value):
            raise self.error(key, f"a list of {', '.join(among)}, came {value!r}")
        if len(set(value)) < len(value):
            raise self.error(key, f"each name once, came {value!r}")
        return tuple(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, none empty and each once."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
            raise self.error(key, f"a list of texts, came {value!r}")
        if len(set(value)) < len(value):
            raise self.error(key, f"each text once, came {value!r}")
        return tuple(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f"true or false, came {value!r}")
        return value

    def table(self, key: str) -> "Table":
        """Return an inner table; an empty one when absent."""
        return Table(self._file, f"{self._label}[{key}], ", self.free(key))

    def tables(self, key: str) -> tuple["Table", ...]:
        """Return inner tables, in order."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.error(key, f"tables headed [[{key}]]")
        return tuple(
            Table(self._file, f"[[{key}]] number {n}, ", v) for n, v in enumerate(value, 1)
        )

    def pairs(self) -> Mapping[str, str]:
        """Return everything that is left, which must be texts."""
        return MappingProxyType({key: self.text(key) for key in tuple(self._rest)})

    def free(self, key: str) -> Mapping[str, object]:
        """Return an inner table as it is."""
        value = self._take(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"a table headed [{key}]")
        return MappingProxyType(value)

    def finish(self) -> None:
        """Refuse what nobody read."""
        if self._rest:
            key = next(iter(self._rest))
            raise DomainError(f"{self._file}: {self._label}nothing reads the key {key}: remove it")

    def error(self, key: str, expected: str) -> DomainError:
        """Return the error for a key's value."""
        return DomainError(f"{self._file}: {self._label}key {key}: expected {expected}")

    def _take(self, key: str, default: object) -> object:
        value = self._rest.pop(key, default)
        if value is None:
            raise DomainError(f"{self._file}: {self._label}key {key} is missing; it has no default")
        return value


def _domain(table: Table, folder: Folder) -> AffinityDomain:
    name = table.text("name")
    if not NAME.fullmatch(name):
        raise table.error("name", f"letters, digits and hyphens, came {name!r}")
    domain = AffinityDomain(
        name=name,
        title=table.text("title"),
        authorities=_keyed(table, "authorities", _authority, lambda a: a.oid),
        assertion_profile=table.text("assertion_profile", among=ASSERTION_PROFILES),
        access=table.text("access", among=ACCESS_POLICIES),
        value_sets=_keyed(
            table, "value_sets", lambda t: _value_set(t, folder), lambda v: v.attribute
        ),
        submission_signature_required=table.flag("submission_signature_required", default=False),
        departures=frozenset(map(Departure, table.names("departures", tuple(Departure)))),
        link_change=_link_change(table.table("link_change")),
        settings=table.free("assertion"),
        folder=folder,
    )
    table.finish()
    return domain


def _link_change(table: Table) -> Code:
    code = table.text("code", "")
    named = (table.text("scheme"), table.text("display")) if code else ()
    table.finish()
    return Code(code=code, scheme=named[0], display=named[1]) if named else LINK_CHANGE


def _keyed(
    table: Table, key: str, read: Callable[[Table], Thing], name: Callable[[Thing], str]
) -> Mapping[str, Thing]:
    found: dict[str, Thing] = {}
    for inner in table.tables(key):
        thing = read(inner)
        inner.finish()
        if name(thing) in found:
            raise table.error(key, f"each once, came {name(thing)!r} twice")
        found[name(thing)] = thing
    return MappingProxyType(found)


def _authority(table: Table) -> Authority:
    oid = table.text("oid")
    if not is_oid(oid):
        raise table.error("oid", f"an OID such as 1.2.250.1.213.1.4.8, came {oid!r}")
    check = table.text("check", "", among=("", *CHECKS, *(name + WARNS for name in CHECKS)))
    return Authority(
        oid=oid,
        title=table.text("title", ""),
        namespace=table.text("namespace", ""),
        check=check.removesuffix(WARNS),
        check_warns=check.endswith(WARNS),
    )


def _value_set(table: Table, folder: Folder) -> ValueSet:
    attribute = table.text("attribute", among=CODED_ATTRIBUTES)
    file = table.text("file")
    path = folder / "codes" / file
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise table.error("file", f"a file in {folder / 'codes'}, came {file!r}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError(f"{path} cannot be read: {error}") from error
    return ValueSet(
        attribute=attribute,
        codes=MappingProxyType(_codes(lines, str(path))),
        closed=table.flag("closed", default=True),
    )


def _codes(lines: list[str], path: str) -> dict[tuple[str, str], Code]:
    if not lines or tuple(lines[0].split("\t")) != COLUMNS:
        raise DomainError(f"{path}, line 1: expected the heading {' TAB '.join(COLUMNS)}")
    codes: dict[tuple[str, str], Code] = {}
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip():
            continue
        if len(cells) != len(COLUMNS) or not cells[0]:
            raise DomainError(
                f"{path}, line {number}: expected {' TAB '.join(COLUMNS)}, came {line[:80]!r}"
            )
        if (cells[0], cells[1]) in codes:
            raise DomainError(f"{path}, line {number}: {cells[0]} of {cells[1]} a second time")
        codes[cells[0], cells[1]] = Code(code=cells[0], scheme=cells[1], display=cells[2])
    return codes
