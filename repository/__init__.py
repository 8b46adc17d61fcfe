"""The Document Repository: keeps the bytes, registers their metadata, hands them out again.

Spec: ITI TF-1 §10.1.1.4; ITI TF-2 §3.41 (Provide and Register), §3.43 (Retrieve). It knows nothing
of the Registry but its address: the two meet over SOAP, even in one process.
"""
