"""II to CX: a patient's identifier of HL7 v3 in the form that XDS knows patients by. Pure.

Spec: ITI TF-2 Table E.2.2-1 (root and extension are CX.4.2 and CX.1).
"""

from registry.hl7v3.tree import Node
from xds.metadata.hl7v2 import Cx, render_cx


def cx_of(node: Node) -> str:
    """Return an II as CX; what cannot be one is a text that no CX is."""
    return render_cx(Cx(id_number=node.get("extension"), authority=node.get("root")))
