"""Makes a home folder: greffe.toml documented key by key, a test PKI, empty stores.

Spec: none; the layout is Greffe's own contract (README, "A home folder"). It serves nothing and
reads no settings: that is `xds.settings`.
"""

import uuid
from datetime import datetime
from pathlib import Path
from typing import Final

from xds.domain import load_domain
from xds.limits import Limits
from xds.security.pki import make_test_pki
from xds.settings import FILE_NAME

_FOLDERS: Final = ("registry", "repository/vault", "audit", "run")

_TEMPLATE: Final = """\
# The settings of one node of Greffe: a Document Registry, a Document Repository, or both.
# `greffe serve --home` on this folder reads them at its start; restart it after a change.
# A relative path is relative to this folder, so the folder can be moved as a whole.
# A key that is left out has the value shown here; a key that nobody knows is refused.

# The affinity domain: "ihe", "dmp", or the path of a folder of your own (it must contain a "/").
# It decides patient identifier authorities, value sets, assertion profile and access policy.
domain = "{domain}"

# The name by which an assertion's AudienceRestriction may mean this node.
audience = "{audience}"

# The Repository's OID (DocumentEntry.repositoryUniqueId). Never change it once documents are
# registered: the Registry tells consumers to ask for them under this name.
repository_unique_id = "{repository_unique_id}"

# The Registry where the Repository registers (ITI-42), when neither --registry-url nor a Registry
# that runs from this same home says otherwise.
registry_url = "http://127.0.0.1:8080/registry"

# The Registry's metadata: an SQLite file, or a PostgreSQL database:
# "postgresql+psycopg://user:password@host/database".
database_url = "sqlite:///registry/ledger.db"

# The Repository's documents, and the index that finds them.
vault_folder = "repository/vault"
vault_index_url = "sqlite:///repository/index.db"

# Where the audit trail is written, one file for each service.
audit_folder = "audit"

# How the Repository speaks for its caller towards the Registry: "vouch" signs a short-lived
# assertion of its own (the Registry must trust repository_certificate); "forward" sends the
# caller's own assertion on, byte for byte, for a foreign Registry. Greffe's own Registry in dmp
# takes documents from its Repositories alone, so it needs "vouch".
second_leg = "vouch"

# Hosts to which a wsa:ReplyTo may point. Others get OnlyAnonymousAddressSupported; the answer goes
# back on the same connection in every case.
reply_to_hosts = []

[trust]
# Certificates of the authorities whose signers of assertions are trusted.
anchors = ["pki/ca.pem"]

# Revocation lists (CRL, PEM or DER) of these authorities.
revocation_lists = []

# Certificates of the Repositories that may vouch for callers (ITI-42 only).
trusted_repositories = ["pki/repository.pem"]

# The Repository's own key, with which it vouches.
repository_certificate = "pki/repository.pem"
repository_key = "pki/repository.key"

# How far clocks may be apart when an assertion's times are checked.
clock_skew_seconds = 60

# Whether the signing certificate must name the assertion's structure or subject. Off for the test
# PKI, which has one signer for everybody.
bind_signer = false

[access]
# Files of your own in place of the domain's access policy: who is of which kind (policy.toml), what
# each kind may do (functions.tsv), which profession sees which type of document (types.tsv). Empty:
# the domain's. `greffe policy check` validates them; domains/README.md says what they hold.
policy = ""
functions = ""
types = ""

[serve]
# 127.0.0.1 is this machine only. Greffe speaks HTTP: put TLS in front of it before binding
# anything else.
bind_address = "127.0.0.1"

# Used when the command line names no port; 0 takes a free one.
registry_port = 8080
repository_port = 8081

# Requests that one service works on at a time.
threads = 16

[mllp]
# The patient identity feed of HL7 v2 (ITI-8), which `greffe serve --mllp-port N` opens.
# Clear text is for this machine only: another address needs the three files below.
bind_address = "127.0.0.1"

# Mutual TLS: the node's PEM certificate and key, and the authority of the senders' certificates.
certificate = ""
key = ""
client_ca = ""

# One message; how long a connection may be silent between messages, and how long one message may
# take to come; how many connections may be open.
message_octets = 1048576
idle_seconds = 300
message_seconds = 30
connections = 256

[audit]
# Where the audit trails of both services are forwarded as ATNA messages (ITI-20: syslog over mutual
# TLS, RFC 5425), for example "syslog-tls://audit.example:6514". Empty: nowhere; they are written to
# audit_folder in any case, before an answer leaves. What the server cannot be told now it is told
# later, some of it twice after a break, octet for octet. A query is in its message as a whole, so
# let the server accept long ones (rsyslog: maxMessageSize, and maxFrameSize of imtcp, of 8 MiB).
syslog = ""

# The authority of the server's certificate, whose name must be the host's; the node's own PEM
# certificate and key. They are read for each connection, so a renewed one is taken up.
ca = ""
certificate = ""
key = ""

# How the server knows this site (AuditEnterpriseSiteID); may stay empty.
site = ""

[mail]
# The mail server that tells patients of accesses to their records in an emergency. "": none; the
# record's own log tells them then, and nothing else does. Who has an address:
# `greffe patient contact`. What waits, and what could not be sent: `greffe outbox list`.
host = ""

# 587 with tls = "starttls" (encrypted after a first word), 465 with tls = "tls" (from the first
# octet). "none" is for a server on this machine only.
port = 587
tls = "starttls"

# Certificates (PEM) of the authority of the server's certificate; "": the operating system's.
ca_file = ""

# How the node proves to the server who it is: both, or neither. The file holds the password alone;
# let nobody but the node's account read it. It is read anew for each letter.
user = ""
password_file = ""

# The sender, which the server must let us use: "Dossier partagé <no-reply@example.org>". Messages
# that come back to it are read by nobody here.
from = ""

# Your own last words in each letter: whom to call, where the record's log can be read.
contact = ""

# In which a letter says when the record was opened.
time_zone = "Europe/Paris"

# How long the server may take for each step.
timeout_seconds = 60

# One emergency is several messages of one professional: a search, then documents. 0: a letter for
# each of them. 60: what the same professional opens of the same record within an hour, in the same
# mode, is told by the first letter, which says so; the record's log has all of it.
together_minutes = 0

[limits]
# SOAP part, inline documents, and the MIME parts that come before it, together.
envelope_octets = {envelope_octets}

# One document.
document_octets = {document_octets}

# Nesting, attributes and namespaces of one element, elements in all, and one text.
depth = {depth}
attributes_per_element = {attributes_per_element}
namespaces_per_element = {namespaces_per_element}
elements = {elements}
text_octets = {text_octets}

# MIME parts of one message, and the head of one.
parts = {parts}
part_head_octets = {part_head_octets}

# A caller must begin within so long, and send at least so much a second; there is no other limit
# on time.
first_byte_seconds = {first_byte_seconds}
minimum_rate_octets = {minimum_rate_octets}

# Objects in one LeafClass answer (XDSTooManyResults).
results = {results}
"""


class HomeError(Exception):
    """A folder that cannot become a home; the text says why and what to do."""


def make_home(home: Path, *, domain: str, instant: datetime) -> None:
    """Make a home; a folder that is not empty is refused and left as it is.

    Errors: HomeError; DomainError for an unknown domain.
    """
    loaded = load_domain(domain)
    _refuse_used(home)
    try:
        for folder in _FOLDERS:
            (home / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
        make_test_pki(home / "pki", instant=instant)
        # Last: a home without this file is none, and an init that broke off can be told from one.
        (home / FILE_NAME).write_text(_toml(domain, loaded.name), encoding="utf-8")
    except OSError as error:
        raise HomeError(f"{home} cannot be made a home: {error.strerror or error}") from error


def _refuse_used(home: Path) -> None:
    if home.exists() and not home.is_dir():
        raise HomeError(f"{home} is a file. Fix: name a folder that is empty or does not exist")
    try:
        used = sorted(p.name for p in home.iterdir()) if home.exists() else []
    except OSError as error:
        raise HomeError(f"{home} cannot be read: {error.strerror}") from error
    if used:
        raise HomeError(
            f"{home} is not empty (it holds {used[0]!r}). "
            "Fix: name a folder that is empty or does not exist; nothing was changed"
        )


def _toml(domain: str, name: str) -> str:
    limits = Limits()
    return _TEMPLATE.format(
        domain=domain,
        audience=f"urn:greffe:{name}",
        repository_unique_id=f"2.25.{uuid.uuid4().int}",
        **{f: getattr(limits, f) for f in Limits.__slots__},
    )
