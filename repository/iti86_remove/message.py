"""rmd:RemoveDocumentsRequest to the documents that it names.

Spec: RMD supplement §3.86.4.1.2: the type of ITI-43's request under a name of its own.
"""

from typing import Final

from lxml import etree

from repository.document_request import DocumentRequest, Named, read_requests
from repository.iti86_remove.rules import REQUEST, SECTION
from xds.errors import Complaint, Where

NAMED: Final = Named(element=REQUEST, schema="RMD.xsd", section=SECTION)


def read_removal(
    body: etree._Element, where: Where
) -> tuple[tuple[DocumentRequest, ...], tuple[Complaint, ...]]:
    """Return the documents to be removed, each once, and every complaint of shape.

    Spec: RMD supplement §3.86.4.1.2. Errors: XDSRepositoryError.
    """
    return read_requests(body, where, NAMED)
