"""Under which address each transaction of the Registry is served. Pure.

Spec: ITI TF-2 Appendix V; habilitations and patientsSpecific are names of the DMP's own services.
"""

from types import MappingProxyType
from typing import Final

REGISTRY: Final = "/registry"
APART: Final = MappingProxyType(
    {
        "ITI-44": "/patients",
        "ITI-79": "/decisions",
        "TD0.2": "/patients",
        "TD1.1": "/patients",
        "TD1.2, TD1.4": "/patients",
        "TD0.3": "/habilitations",
        "TD1.6": "/habilitations",
        "TD0.4": "/patientsSpecific",
    }
)
"""Transactions with an address of their own; all others are at the Registry's."""
AT_BOTH: Final = frozenset({"ITI-44", "ITI-79"})
"""Served at the Registry's own address too: the published WSDL has the feed there, and a Repository
has one address for all that it asks."""
PATHS: Final = tuple(dict.fromkeys(APART.values()))


def beside(own_url: str, path: str) -> str:
    """Return the address of a path beside the Registry's own, '' for none."""
    stem, slash, _ = own_url.rpartition("/")
    return f"{stem}{path}" if slash else ""
