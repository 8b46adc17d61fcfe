"""Who judges metadata, and against what: the actor, and what an affinity domain has to say.

Spec: ITI TF-1 Appendix L (what an affinity domain decides); ITI TF-3 Table 4.2.4.1-2 (the code is
the actor's). The domain itself is configuration and lives above; rules look at this part of it.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, Literal, Protocol

from xds.errors import ErrorCode

Actor = Literal["registry", "repository"]

METADATA_ERROR: Final[Mapping[Actor, ErrorCode]] = {
    "registry": ErrorCode.XDS_REGISTRY_METADATA_ERROR,
    "repository": ErrorCode.XDS_REPOSITORY_METADATA_ERROR,
}

IdentifierCheck = Callable[[str], str]
"""Returns what is wrong with the identifier proper, or ''."""


class CodePolicy(Protocol):
    """What a submission is judged against; an `xds.domain.AffinityDomain` is one."""

    @property
    def authorities(self) -> Mapping[str, object]:
        """Patient identifier authorities by OID; empty means any."""

    @property
    def departures(self) -> AbstractSet[str]:
        """Names of `departures.DEPARTURES` by which the domain departs from the Framework."""

    def admits(self, attribute: str, code: str, scheme: str) -> bool:
        """Return whether the attribute may take this code."""

    def nearest(self, attribute: str, code: str, scheme: str) -> str:
        """Say what the attribute could take in place of a code that is not admitted."""
