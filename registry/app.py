"""The Registry as a WSGI application: which address leads to which rooms.

    /registry            XDS.b, the feed and the decisions; every other path too
    /patients            the patient identity feed; with an access policy TD0.2, TD1.1, TD1.2, TD1.4
    /decisions           the decisions for Repositories
    /habilitations       with an access policy TD0.3, TD1.6
    /patientsSpecific    with an access policy TD0.4

Each address has a description of its own (`xds.contract`).

Spec: ITI TF-2 §3.18, §3.42, §3.44.4.1.4.1, Appendix V; SeR supplement §3.79; the DMP's services.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from registry.addresses import APART, AT_BOTH, REGISTRY, beside
from registry.bootstrap import Registry
from xds.contract import Service
from xds.door import Operation, make_wsgi
from xds.story import Place, Room, operation

FEED: Final = "patients"
SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        REGISTRY: "registry",
        "/patients": "records",
        "/decisions": "decisions",
        "/habilitations": "habilitations",
        "/patientsSpecific": "patientsSpecific",
    }
)


def make_app(registry: Registry) -> Any:
    """Return the WSGI callable of an open Registry."""
    at: dict[str, list[Operation]] = {}
    for room in registry.rooms:
        own = APART.get(room.transaction, REGISTRY)
        made = _operation(registry, room, own)
        for path in {own, REGISTRY} if room.transaction in AT_BOTH else {own}:
            at.setdefault(path, []).append(made)
    services = dict(SERVICES)
    if "TD0.2" not in {room.transaction for room in registry.rooms}:
        services["/patients"] = FEED
    doors = {path: _door(registry, services[path], tuple(some)) for path, some in at.items()}

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "").rstrip("/")
        return doors.get(path[path.rfind("/") :], doors[REGISTRY])(environ, start_response)

    return app


def _operation(registry: Registry, room: Room, path: str) -> Operation:
    own_url = registry.own_url
    return operation(
        room,
        gate=registry.gate,
        trail=registry.trail,
        clock=registry.clock,
        place=Place(
            service="registry",
            endpoint=own_url if path == REGISTRY else beside(own_url, path),
        ),
    )


def _door(registry: Registry, service: Service, operations: tuple[Operation, ...]) -> Any:
    return make_wsgi(
        service=service,
        operations=operations,
        limits=registry.limits,
        reply_to_hosts=registry.reply_to_hosts,
    )
