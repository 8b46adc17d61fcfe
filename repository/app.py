"""The Repository as a WSGI application: which action leads to which room.

Spec: ITI TF-2 §3.41, §3.43, Appendix V; RMD supplement §3.86.
"""

from typing import Any

from repository.bootstrap import Repository
from xds.door import make_wsgi
from xds.story import Place, operation


def make_app(repository: Repository) -> Any:
    """Return the WSGI callable of an open Repository."""
    return make_wsgi(
        service="repository",
        operations=tuple(
            operation(
                room,
                gate=repository.gate,
                trail=repository.trail,
                clock=repository.clock,
                place=Place(service="repository", endpoint=repository.own_url),
            )
            for room in repository.rooms
        ),
        limits=repository.limits,
        reply_to_hosts=repository.reply_to_hosts,
    )
