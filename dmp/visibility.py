"""Who a document is hidden from in the DMP: confidentiality codes beside N, R or V.

Spec: CI-SIS value set JDV_J08 (codes of 1.2.250.1.213.1.1.4.13); DMP transactions TD3.3a (mask,
unmask) and TD3.3b (make visible). Who may do so is for access rules to say.
"""

from typing import Final

from xds.metadata.code import Code

_SCHEME: Final = "1.2.250.1.213.1.1.4.13"

MASKED: Final = Code(code="MASQUE_PS", scheme=_SCHEME, display="Masqué aux professionnels de santé")
HIDDEN_FROM_PATIENT: Final = Code(
    code="INVISIBLE_PATIENT", scheme=_SCHEME, display="Non visible par le patient"
)
HIDDEN_FROM_REPRESENTATIVES: Final = Code(
    code="INVISIBLE_REPRESENTANTS_LEGAUX",
    scheme=_SCHEME,
    display="Non visible par les représentants légaux du patient",
)
