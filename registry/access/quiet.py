"""Documents whose coming and going a Folder does not tell, because they are hidden from some.

Folder.lastUpdateTime is one for all who see the Folder. If it changed with a masked document, who
does not see the document would learn of it; so it tells of documents only that are not marked. What
only a profession's types hide it does tell of.

Spec: ITI TF-3 §4.2.3.4.6 (lastUpdateTime: when a document was added, or the like). Pure.
"""

from registry.access.facts import MARKS, read_facts
from registry.ledger.api import Known
from xds.metadata.confidentiality import codes_of
from xds.metadata.rim import RimObject


def is_quiet(identifier: str, known: Known, own: tuple[RimObject, ...] = ()) -> bool:
    """Return whether an object, of the message or registered, is a document that is marked.

    A new version of a document counts as marked when the one before it was, too.
    """
    rim = next((one for one in own if one.id == identifier), None)
    if rim is not None:
        is_marked = any(code in MARKS for code, _ in codes_of(rim))
        before = known.by_logical_id.get(rim.attribute("lid") or "", ())
        return is_marked and (not before or _is_marked(before[-1].access))
    registered = known.by_uuid.get(identifier)
    return registered is not None and _is_marked(registered.access)


def _is_marked(access: str) -> bool:
    return bool(access) and bool(read_facts(access, "").marks)
