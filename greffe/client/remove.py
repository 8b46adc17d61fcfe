"""Remove Metadata [ITI-62] and Remove Documents [ITI-86], as a Document Administrator.

Spec: IHE ITI supplement Remove Metadata and Documents (RMD), §3.62, §3.86. A Registry removes what
is named and nothing else, and refuses what would leave a hole: `closure` says what goes together.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from greffe.client.exchange import Exchange, Message, expect
from greffe.client.retrieve import Wanted, write_requests
from xds.ebrim.response import RegistryAnswer, read_registry_response
from xds.ebrim.writer import escape_attribute
from xds.metadata.views import Association
from xds.namespaces import LCM, RIM, RMD, RS, XDSB

METADATA_ACTION: Final = "urn:ihe:iti:2010:DeleteDocumentSet"
DOCUMENTS_ACTION: Final = "urn:ihe:iti:2017:RemoveDocuments"
NAMED: Final = "named"

Touching = Callable[[Collection[str]], Sequence[Association]]
"""Every Association that has one of these entryUUIDs as an end."""


def closure(named: Collection[str], touching: Touching) -> Mapping[str, str]:
    """Return what goes with what is named: entryUUID → why, in the order in which it was found.

    An Association goes with its ends; what no Association would hold any more goes with its last
    one. Why: this is what a Registry accepts (RMD supplement §3.62.4.1.3), and no less. Of an
    Association that is named itself the ends are not known: no stored query gives it by its id.
    Errors: those of `touching`.
    """
    gone = dict.fromkeys(named, NAMED)
    known: dict[str, Association] = {}
    asked: set[str] = set()
    while True:
        ends = {e for a in known.values() if a.entry_uuid in gone for e in (a.source, a.target)}
        if unasked := (gone.keys() | ends) - asked:
            known |= {a.entry_uuid: a for a in touching(sorted(unasked))}
            asked |= unasked
        more = _more(gone, known)
        if not more and not unasked:
            return gone
        gone |= more


def _more(gone: Mapping[str, str], known: Mapping[str, Association]) -> dict[str, str]:
    """Return what must go too, looking once."""
    more: dict[str, str] = {}
    for one in known.values():
        end = next((end for end in (one.source, one.target) if end in gone), None)
        if one.entry_uuid not in gone and end is not None:
            more[one.entry_uuid] = f"it has {end} as an end"
    left = [a for a in known.values() if a.entry_uuid not in gone and a.entry_uuid not in more]
    held = {end for a in left for end in (a.source, a.target)}
    for one in known.values():
        if one.entry_uuid in gone:
            for end in (one.source, one.target):
                if end not in gone and end not in held:
                    more.setdefault(end, f"{one.entry_uuid} is the last that holds it")
    return more


def remove_metadata(
    exchange: Exchange, url: str, security: bytes, entry_uuids: Sequence[str]
) -> RegistryAnswer:
    """Have a Registry remove objects. Errors: FaultError; UnreachableError."""
    refs = "".join(f'<rim:ObjectRef id="{escape_attribute(one)}"/>' for one in entry_uuids)
    body = (
        f'<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"><rim:ObjectRefList>'
        f"{refs}</rim:ObjectRefList></lcm:RemoveObjectsRequest>"
    )
    return _send(exchange, url, METADATA_ACTION, security, body)


def remove_documents(
    exchange: Exchange, url: str, security: bytes, unwanted: Sequence[Wanted]
) -> RegistryAnswer:
    """Have a Repository remove documents. Errors: FaultError; UnreachableError."""
    body = (
        f'<rmd:RemoveDocumentsRequest xmlns:rmd="{RMD}" xmlns:xds="{XDSB}">'
        f"{write_requests(unwanted)}</rmd:RemoveDocumentsRequest>"
    )
    return _send(exchange, url, DOCUMENTS_ACTION, security, body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What an answer says of one document."""

    unique_id: str
    is_removed: bool


def fates(unique_ids: Sequence[str], answer: RegistryAnswer) -> tuple[Fate, ...]:
    """Return what became of each; one of which an answer does not tell is not called removed.

    Spec: TF-3 §4.2.4.2 (statuses). A partial success names in each error's location the document
    that it is about, or cannot be understood.
    """
    failed = {c.location for c in answer.complaints if c.is_error}
    is_told = answer.succeeded or (
        answer.status.endswith(":PartialSuccess") and failed <= set(unique_ids)
    )
    return tuple(Fate(unique_id=u, is_removed=is_told and u not in failed) for u in unique_ids)


def _send(exchange: Exchange, url: str, action: str, security: bytes, body: str) -> RegistryAnswer:
    message = Message(url=url, action=action, security=security, body=body.encode())
    payload = expect(exchange.send(message), f"{{{RS}}}RegistryResponse", url)
    return read_registry_response(payload)
