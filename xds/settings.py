"""The settings of one home folder: `HOME/greffe.toml`, read into one frozen value.

Spec: none; this is Greffe's own contract, documented key by key in the file that `greffe init`
writes (`greffe/home.py`). What an affinity domain decides is in `xds.domain`, not here. Nothing
here opens a store, a key or a socket.
"""

import dataclasses
import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from xds.access.policy import Policy
from xds.access.reading import PolicyFiles, load_policy
from xds.access.tables import PolicyError
from xds.audit.syslog import Destination, read_destination
from xds.domain import AffinityDomain, DomainError, load_domain
from xds.limits import Limits

FILE_NAME: Final = "greffe.toml"
SQLITE: Final = "sqlite:///"
SecondLeg = Literal["vouch", "forward"]
MailTls = Literal["starttls", "tls", "none"]


class SettingsError(Exception):
    """Settings that cannot be used; the text names file, key and fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that a node, or a command on its home, reads from greffe.toml."""

    home: Path
    domain: AffinityDomain
    policy: Policy
    """Who may do what: the domain's, with the files of `access_files` in place of its own."""
    access_files: PolicyFiles = field(default_factory=PolicyFiles)
    audience: str
    repository_unique_id: str
    registry_url: str
    """Where the Repository registers when neither a flag nor a running sibling says it."""
    database_url: str
    """The Registry's ledger."""
    vault_index_url: str
    vault_folder: Path
    trust_anchors: tuple[Path, ...]
    revocation_lists: tuple[Path, ...]
    trusted_repositories: tuple[Path, ...]
    """Certificates that the Registry accepts as vouchers for ITI-42 and ITI-79."""
    repository_certificate: Path
    repository_key: Path
    second_leg: SecondLeg = "vouch"
    clock_skew_seconds: int = 60
    bind_signer: bool = False
    reply_to_hosts: frozenset[str] = frozenset()
    audit_folder: Path
    audit_syslog: Destination | None = None
    """Where the trails are forwarded; None for nowhere."""
    audit_ca: Path | None = None
    audit_certificate: Path | None = None
    audit_key: Path | None = None
    audit_site: str = ""
    limits: Limits = field(default_factory=Limits)
    bind_address: str = "127.0.0.1"
    registry_port: int = 8080
    repository_port: int = 8081
    threads: int = 16
    mllp_bind_address: str = "127.0.0.1"
    mllp_certificate: Path | None = None
    """With `mllp_key` and `mllp_client_ca`: the patient identity feed speaks mutual TLS."""
    mllp_key: Path | None = None
    mllp_client_ca: Path | None = None
    mllp_message_octets: int = 1048576
    mllp_idle_seconds: int = 300
    mllp_message_seconds: int = 30
    mllp_connections: int = 256
    mail_host: str = ""
    """Whose server tells patients of accesses in an emergency; '' when none does."""
    mail_port: int = 587
    mail_tls: MailTls = "starttls"
    mail_ca_file: Path | None = None
    """None: the authorities of the operating system."""
    mail_user: str = ""
    mail_password_file: Path | None = None
    mail_from: str = ""
    mail_contact: str = ""
    mail_time_zone: str = "Europe/Paris"
    mail_timeout_seconds: int = 60
    mail_together_minutes: int = 0

    @property
    def run_folder(self) -> Path:
        """Where a running node leaves its addresses."""
        return self.home / "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """One key of greffe.toml: where it stands, which field it fills, how its value is read."""

    table: str
    name: str
    read: Callable[["_Reading", Any], Any]
    default: Any = None
    """As the file would write it; None when the key is required."""
    field: str = ""

    @property
    def label(self) -> str:
        return f"[{self.table}] {self.name}" if self.table else self.name


class _Reading:
    """What a value is read against."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def path(self, value: object) -> Path:
        text = _text(self, value)
        # os.path.normpath and not resolve(): a home may hold symbolic links on purpose.
        return Path(os.path.normpath(self.home / text))


def _text(_: _Reading, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError('expected a text, such as "urn:example"')
    return value.strip()


def _zone(reading: _Reading, value: object) -> str:
    text = _text(reading, value)
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError('expected a time zone such as "Europe/Paris" or "UTC"') from error


def _mail_tls(_: _Reading, value: object) -> object:
    if value not in {"starttls", "tls", "none"}:
        raise ValueError('expected "starttls", "tls" or "none"')
    return value


def _flag(_: _Reading, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")  # noqa: TRY004 - one kind of error for a value
    return value


def _integer(lowest: int, highest: int) -> Callable[[_Reading, object], int]:
    def read(_: _Reading, value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise ValueError(f"expected a whole number from {lowest} to {highest}")
        return value

    return read


def _texts(_: _Reading, value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ValueError('expected a list of texts, such as ["client.example"]')
    return frozenset(value)


def _optional_path(reading: _Reading, value: object) -> Path | None:
    return None if value == "" else reading.path(value)


def _paths(reading: _Reading, value: object) -> tuple[Path, ...]:
    if not isinstance(value, list):
        raise ValueError('expected a list of files, such as ["pki/ca.pem"]')  # noqa: TRY004
    return tuple(reading.path(v) for v in value)


def _oid(reading: _Reading, value: object) -> str:
    text = _text(reading, value)
    if not re.fullmatch(r"[0-2](\.(0|[1-9][0-9]*))+", text) or len(text) > 64:  # noqa: PLR2004
        raise ValueError("expected an OID of at most 64 characters, such as 2.25.123")
    return text


def _http_url(reading: _Reading, value: object) -> str:
    text = _text(reading, value)
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected an address such as http://127.0.0.1:8080/registry")
    return text


def _database(reading: _Reading, value: object) -> str:
    """Read an SQLAlchemy URL; a relative SQLite file is relative to the home."""
    text = _text(reading, value)
    if text.startswith(SQLITE):
        return SQLITE + str(reading.path(text.removeprefix(SQLITE)))
    if not re.match(r"postgresql(\+\w+)?://", text):
        raise ValueError("expected sqlite:///FILE or postgresql+psycopg://USER@HOST/DATABASE")
    return text


def _address(reading: _Reading, value: object) -> str:
    text = _text(reading, value)
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("expected an IP address, such as 127.0.0.1 or 0.0.0.0") from error


def _second_leg(_: _Reading, value: object) -> object:
    if value not in {"vouch", "forward"}:
        raise ValueError('expected "vouch" or "forward"')
    return value


def _domain(reading: _Reading, value: object) -> AffinityDomain:
    text = _text(reading, value)
    try:
        return load_domain(str(reading.path(text)) if "/" in text else text)
    except DomainError as error:
        raise ValueError(str(error)) from error


def _any_text(_: _Reading, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("expected a text")  # noqa: TRY004 - one kind of error for a value
    return value.strip()


def _syslog(reading: _Reading, value: object) -> Destination | None:
    text = _any_text(reading, value)
    return read_destination(text) if text else None


_PORT = _integer(0, 65535)

_KEYS: Final = (
    _Key(table="", name="domain", read=_domain),
    _Key(table="", name="audience", read=_text),
    _Key(table="", name="repository_unique_id", read=_oid),
    _Key(table="", name="registry_url", read=_http_url),
    _Key(table="", name="database_url", read=_database, default="sqlite:///registry/ledger.db"),
    _Key(table="", name="vault_index_url", read=_database, default="sqlite:///repository/index.db"),
    _Key(table="", name="vault_folder", read=_Reading.path, default="repository/vault"),
    _Key(table="", name="audit_folder", read=_Reading.path, default="audit"),
    _Key(table="", name="second_leg", read=_second_leg, default="vouch"),
    _Key(table="", name="reply_to_hosts", read=_texts, default=[]),
    _Key(table="trust", name="anchors", field="trust_anchors", read=_paths, default=["pki/ca.pem"]),
    _Key(table="trust", name="revocation_lists", read=_paths, default=[]),
    _Key(table="trust", name="trusted_repositories", read=_paths, default=["pki/repository.pem"]),
    _Key(
        table="trust",
        name="repository_certificate",
        read=_Reading.path,
        default="pki/repository.pem",
    ),
    _Key(table="trust", name="repository_key", read=_Reading.path, default="pki/repository.key"),
    _Key(table="trust", name="clock_skew_seconds", read=_integer(0, 3600), default=60),
    _Key(table="trust", name="bind_signer", read=_flag, default=False),
    _Key(table="serve", name="bind_address", read=_address, default="127.0.0.1"),
    _Key(table="serve", name="registry_port", read=_PORT, default=8080),
    _Key(table="serve", name="repository_port", read=_PORT, default=8081),
    _Key(table="serve", name="threads", read=_integer(1, 256), default=16),
    *(
        _Key(table="mllp", name=name, field=f"mllp_{name}", read=read, default=default)
        for name, read, default in (
            ("bind_address", _address, "127.0.0.1"),
            ("certificate", _optional_path, ""),
            ("key", _optional_path, ""),
            ("client_ca", _optional_path, ""),
            ("message_octets", _integer(1024, 2**30), 1048576),
            ("idle_seconds", _integer(1, 86400), 300),
            ("message_seconds", _integer(1, 3600), 30),
            ("connections", _integer(1, 10000), 256),
        )
    ),
    *(
        _Key(table="audit", name=name, field=f"audit_{name}", read=read, default="")
        for name, read in (
            ("syslog", _syslog),
            ("ca", _optional_path),
            ("certificate", _optional_path),
            ("key", _optional_path),
            ("site", _any_text),
        )
    ),
    *(
        _Key(table="mail", name=name, field=f"mail_{name}", read=read, default=default)
        for name, read, default in (
            ("host", _any_text, ""),
            ("port", _integer(1, 65535), 587),
            ("tls", _mail_tls, "starttls"),
            ("ca_file", _optional_path, ""),
            ("user", _any_text, ""),
            ("password_file", _optional_path, ""),
            ("from", _any_text, ""),
            ("contact", _any_text, ""),
            ("time_zone", _zone, "Europe/Paris"),
            ("timeout_seconds", _integer(1, 600), 60),
            ("together_minutes", _integer(0, 1440), 0),
        )
    ),
)
_ACCESS: Final = tuple(
    _Key(table="access", name=f.name, read=_optional_path, default="")
    for f in dataclasses.fields(PolicyFiles)
)
_LIMIT_NAMES: Final = tuple(f.name for f in dataclasses.fields(Limits))
_TABLES: Final = {k.table for k in (*_KEYS, *_ACCESS) if k.table} | {"limits"}
_KNOWN: Final = {(k.table, k.name) for k in (*_KEYS, *_ACCESS)} | {
    ("limits", name) for name in _LIMIT_NAMES
}


def load_settings(home: Path) -> Settings:
    """Read the settings of a home folder.

    Errors: SettingsError, naming file, key and fix.
    """
    folder = Path(os.path.abspath(home))  # noqa: PTH100 - links in a home's path stay links
    file = folder / FILE_NAME
    try:
        declared = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(
            f"{folder} is no home of Greffe: it has no {FILE_NAME}. "
            f"Fix: make one with `greffe init {home}`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from error
    _refuse_unknown(declared, file)
    reading = _Reading(folder)
    values = {k.field or k.name: _value(k, declared, reading, file) for k in _KEYS}
    files = PolicyFiles(**{k.name: _value(k, declared, reading, file) for k in _ACCESS})
    try:
        policy = load_policy(values["domain"], files)
    except PolicyError as error:
        raise SettingsError(f"the access policy cannot be used: {error}") from error
    return Settings(
        home=folder,
        policy=policy,
        access_files=files,
        limits=_limits(declared, file),
        **values,
    )


def _value(key: _Key, declared: Mapping[str, Any], reading: _Reading, file: Path) -> Any:
    table = declared.get(key.table, {}) if key.table else declared
    value = table.get(key.name, key.default)
    if value is None:
        raise SettingsError(f"{file}: key {key.label} is missing. Fix: add it; it has no default")
    try:
        return key.read(reading, value)
    except ValueError as error:
        raise SettingsError(f"{file}: key {key.label} is {value!r}: {error}") from error


def _limits(declared: Mapping[str, Any], file: Path) -> Limits:
    values = declared.get("limits", {})
    for name, value in values.items():
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise SettingsError(
                f"{file}: key [limits] {name} is {value!r}: expected a number above 0"
            )
    return Limits(**values)


def _refuse_unknown(declared: Mapping[str, Any], file: Path) -> None:
    """Refuse a key that nobody reads: a misspelt setting must not look like a set one."""
    found: list[tuple[str, str]] = []
    for name, value in declared.items():
        if isinstance(value, dict) != (name in _TABLES):
            found.append(("", name))
        elif isinstance(value, dict):
            found += [(name, inner) for inner in value]
        else:
            found.append(("", name))
    for table, name in found:
        if (table, name) in _KNOWN:
            continue
        label = f"[{table}] {name}" if table else name
        near = difflib.get_close_matches(name, [n for t, n in _KNOWN if t == table], n=1)
        hint = f"did you mean {near[0]}?" if near else "remove it"
        raise SettingsError(f"{file}: nothing reads the key {label}. Fix: {hint}")
