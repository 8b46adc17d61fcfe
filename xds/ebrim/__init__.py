"""ebRIM and ebRS XML to the metadata model and back. Knows no actor, no transport and no storage.

Spec: ebRIM 3.0, ebRS 3.0; ITI TF-3 §4.2.
"""
