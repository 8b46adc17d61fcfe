"""Documents are removed: their names first, then the bytes that no other name needs.

Spec: RMD supplement §3.86.4.1.3. What was forgotten cannot be retrieved any more, whatever happens
next; the bytes follow at once, or after a crash or a failing disk at the next removal or start.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial

from repository.vault.api import Holding, Vault, VaultError

log = logging.getLogger(__name__)


def remove(vault: Vault, unique_ids: Sequence[str]) -> tuple[Mapping[str, Holding], bool]:
    """Remove these documents; returns those that were there, and whether all bytes are erased.

    Errors: VaultError; then nothing was removed.
    """
    removed = vault.index.forget(unique_ids)
    return removed, erase_doomed(vault) if removed else True


def erase_doomed(vault: Vault) -> bool:
    """Erase what removals have left to be erased; returns whether nothing is left.

    Errors: none; a failure is logged, and what it concerns stays doomed.
    """
    try:
        doomed = vault.index.doomed()
        for one in doomed:
            vault.blobs.erase(one.sha256, partial(vault.index.is_named, one.sha256))
            vault.index.settle(one)
    except VaultError:
        log.exception("removed documents have bytes that are not erased yet")
        return False
    return True
