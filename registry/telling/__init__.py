"""How a patient is told that the record was opened in an emergency.

    api.py      what a room asks for: `Telling`
    letter.py   what there is to tell, as a value, and what the patient reads; pure
    route.py    the mail server and the sender's address, checked
    outbox.py   rooms queue here before data is served
    sender.py   one letter after the other goes to the mail server
    smtp.py     one letter's way over SMTP, step by step

The record's own log says it at once (the audit trail); the mail is beside it, where an address is
known and greffe.toml names a mail server. What is queued is in the ledger
(`registry.ledger.letters`) and survives whatever kills a process.
"""
