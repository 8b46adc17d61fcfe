"""The kernel that both actors stand on: it knows the XDS.b standard, no actor and no country.

Spec: IHE IT Infrastructure Technical Framework (ITI TF), Volumes 2 and 3, Appendix V.

    errors, namespaces, clock   the vocabulary of complaints, names and time
    metadata/                   frozen values of the XDS model (pure)
    soap/                       bytes <-> envelope, attachments, faults (sans I/O)
    ebrim/                      XML <-> metadata
    domain                      an affinity domain: configuration, not code
    security/, audit/           who is calling; what is written down about it
    door                        the WSGI entry (the only importer of spyne)
    story                       how one transaction runs
"""
