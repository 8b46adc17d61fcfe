"""The Registry as a WSGI application: which action leads to which room.

Spec: ITI TF-2 §3.18, §3.42, Appendix V.
"""

from typing import Any

from registry.bootstrap import Registry
from xds.door import make_wsgi
from xds.story import operation


def make_app(registry: Registry) -> Any:
    """Return the WSGI callable of an open Registry."""
    return make_wsgi(
        service="registry",
        operations=tuple(
            operation(room, gate=registry.gate, trail=registry.trail, clock=registry.clock)
            for room in registry.rooms
        ),
        limits=registry.limits,
        reply_to_hosts=registry.reply_to_hosts,
    )
