"""The Registry as a WSGI application: which action leads to which room.

The patient identity feed is served at `/patients`, with a description of its own, and accepted at
`/registry` too, where the published WSDL has it; every other path is `/registry`.

Spec: ITI TF-2 §3.18, §3.42, §3.44.4.1.4.1, Appendix V.
"""

from typing import Any, Final

from registry.bootstrap import Registry, feed_url
from xds.door import make_wsgi
from xds.story import Place, Room, operation

FEED: Final = "ITI-44"
FEED_PATH: Final = "/patients"


def make_app(registry: Registry) -> Any:
    """Return the WSGI callable of an open Registry."""
    operations = tuple(
        operation(
            room,
            gate=registry.gate,
            trail=registry.trail,
            clock=registry.clock,
            place=Place(service="registry", endpoint=_own(registry.own_url, room)),
        )
        for room in registry.rooms
    )
    feeding = tuple(
        o for room, o in zip(registry.rooms, operations, strict=True) if room.transaction == FEED
    )
    whole = make_wsgi(
        service="registry",
        operations=operations,
        limits=registry.limits,
        reply_to_hosts=registry.reply_to_hosts,
    )
    feed = make_wsgi(
        service="patients",
        operations=feeding,
        limits=registry.limits,
        reply_to_hosts=registry.reply_to_hosts,
    )

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        is_feed = environ.get("PATH_INFO", "").rstrip("/").endswith(FEED_PATH)
        return (feed if is_feed else whole)(environ, start_response)

    return app


def _own(url: str, room: Room) -> str:
    return feed_url(url) if room.transaction == FEED else url
