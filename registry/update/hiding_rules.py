"""What an update may not hide any more: from legal representatives, once they could see it.

Spec: DMP transaction TD3.3b: lifting INVISIBLE_REPRESENTANTS_LEGAUX is irreversible. Only a domain
that knows the code can break the rule, so every domain has it. Pure.
"""

from collections.abc import Iterator

from registry.update.operations import Operations, of_version
from xds.access.model import Mark
from xds.errors import Complaint, ErrorCode, quote
from xds.metadata.confidentiality import codes_of
from xds.metadata.rim import RimObject
from xds.metadata.views import DocumentEntry


def never_hidden_again(operations: Operations) -> Iterator[Complaint]:
    """Check that no document that representatives see is hidden from them."""
    for version in operations.versions:
        before = operations.before.get(version.latest.entry_uuid) if version.latest else None
        if before is None or not isinstance(version.item, DocumentEntry):
            continue
        if _is_hidden(version.item.rim) and not _is_hidden(before):
            yield of_version(
                version,
                ErrorCode.XDS_METADATA_UPDATE_ERROR,
                "a document that legal representatives see is not hidden from them again "
                "(DMP TD3.3b)",
                f"a new version with {quote(Mark.HIDDEN_FROM_REPRESENTATIVES)}",
                "no such confidentialityCode, unless the version before has it",
                "leave the code away; a document is hidden from representatives when it is shared",
            )


def _is_hidden(rim: RimObject) -> bool:
    return any(code == Mark.HIDDEN_FROM_REPRESENTATIVES for code, _ in codes_of(rim))
