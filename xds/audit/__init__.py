"""What is written down about every transaction, before anything is served.

Spec: ITI TF-2 §3.20 (Record Audit Event).
"""
