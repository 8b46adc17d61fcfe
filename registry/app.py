"""The Registry as a WSGI application: which action leads to which room.

The patient identity feed is served at `/patients` and the decisions for Repositories at
`/decisions`, each with a description of its own, and both are accepted at `/registry` too, where
the published WSDL has the feed and a Repository has one address for all; every other path is
`/registry`.

Spec: ITI TF-2 §3.18, §3.42, §3.44.4.1.4.1, Appendix V; SeR supplement §3.79.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from registry.bootstrap import DECISIONS, FEED, Registry, beside
from xds.contract import Service
from xds.door import Operation, make_wsgi
from xds.story import Place, Room, operation

APART: Final[Mapping[str, Service]] = MappingProxyType({"ITI-44": FEED, "ITI-79": DECISIONS})
"""Transactions that have a service of their own, whose path has its name."""


def make_app(registry: Registry) -> Any:
    """Return the WSGI callable of an open Registry."""
    operations = [(room.transaction, _operation(registry, room)) for room in registry.rooms]
    whole = _door(registry, "registry", tuple(o for _, o in operations))
    apart = {
        f"/{service}": _door(
            registry, service, tuple(o for name, o in operations if name == transaction)
        )
        for transaction, service in APART.items()
    }

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "").rstrip("/")
        return apart.get(path[path.rfind("/") :], whole)(environ, start_response)

    return app


def _operation(registry: Registry, room: Room) -> Operation:
    service = APART.get(room.transaction)
    endpoint = beside(registry.own_url, service) if service else registry.own_url
    return operation(
        room,
        gate=registry.gate,
        trail=registry.trail,
        clock=registry.clock,
        place=Place(service="registry", endpoint=endpoint),
    )


def _door(registry: Registry, service: Service, operations: tuple[Operation, ...]) -> Any:
    return make_wsgi(
        service=service,
        operations=operations,
        limits=registry.limits,
        reply_to_hosts=registry.reply_to_hosts,
    )
