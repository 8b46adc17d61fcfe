"""The ledger: where the Registry keeps metadata, in one SQL database (SQLite or PostgreSQL).

    api.py       what rooms ask of it: values and protocols, no SQL
    tables.py    the tables
    engine.py    opening, migrating, locking: what differs between the two databases
    rows.py      metadata -> rows
    fragments.py stored ebRIM fragments, changed in place
    reading.py   criteria -> fragments
    writing.py   look up, apply, commit: one submission whole or not at all

Theory. Every object is stored twice: as its ebRIM fragment, in the octets that an answer needs,
and as the columns that queries filter by. An answer is spliced from fragments; nothing is rebuilt
from rows.
"""
