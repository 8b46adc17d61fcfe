"""A client of any XDS.b server: what the command line uses, and what a vendor may import.

    endpoints.py   whom to call, and with what assertion
    exchange.py    one SOAP message out and one answer in, both streamed
    metadata.py    facts about a document → ebRIM objects
    provide.py     ITI-41, MTOM, documents from files
    query.py       ITI-18, by zeep on the WSDL that the server gives
    retrieve.py    ITI-43, MTOM, documents to files
    remove.py      ITI-62 and ITI-86, and what goes together

Spec: ITI TF-2 §3.18, §3.41, §3.43, Appendix V; RMD supplement. It prints nothing
and knows no exit codes but those of `greffe.exits`.
"""
