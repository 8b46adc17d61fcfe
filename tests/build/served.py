"""The echo service for a real server: `gunicorn tests.build.served:APP`."""

from tests.build.soap import limits, service
from xds.soap.fault import FaultCode, SoapFault


def refuse(request, attachments):
    raise SoapFault(FaultCode.SENDER, "nobody is let in here")


HASTY = limits(first_byte_seconds=0.5, minimum_rate_octets=1_000_000)
ECHO = service(limits=HASTY)
REFUSING = service(handle=refuse, limits=HASTY)


LARGE = service(limits=HASTY, documents=(bytes(50_000_000),))
PATHS = {"/echo": ECHO, "/large": LARGE}


def APP(environ, start):  # noqa: N802 - by which gunicorn knows it
    """Three services by path: /echo lets in, /large answers much, any other refuses."""
    return PATHS.get(environ["PATH_INFO"], REFUSING)(environ, start)
