"""SOAP 1.2 with WS-Addressing and MTOM/XOP, sans I/O: bytes and elements in, values out.

Spec: SOAP 1.2 part 1; WS-Addressing 1.0; MTOM/XOP; ITI TF-2 Appendix V.
"""
