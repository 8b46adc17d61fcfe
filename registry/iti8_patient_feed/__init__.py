"""Patient Identity Feed [ITI-8] and Notify XAD-PID Link Change [ITI-64]: HL7 v2 over MLLP.

In: one ADT message (A01, A04, A05, A08, A40, A43), HL7 2.x in its ER7 encoding. Out: one ACK, AA
when the change is durable and traced, AE when the message is at fault, AR when the Registry cannot
(try again) or the message is none of these. Every ERR names segment and field, the rule and the
fix; in an AA they are warnings.

    framing.py      the octets of a connection -> messages (pure)
    er7.py          octets -> segments, fields, components, with their own delimiters (pure)
    problem.py      what is wrong with a message, in HL7's codes
    identifiers.py  CX of PID-3 and MRG-1 -> identifiers of the affinity domain (pure)
    message.py      segments -> changes to patients (pure)
    acknowledge.py  what became of it -> ACK (pure)
    handle.py       the numbered story

Sockets, time-outs, TLS and the drained stop are in `greffe/node/mllp.py`.

Rules about patients are not here: `registry.patients`. Nothing is kept of a message but its
identifiers: names, births and addresses are not read, let alone logged.

Spec: ITI TF-2 §3.8, §3.64, Appendix C.2; HL7 v2.3.1 chapter 2; MLLP release 1.
"""
