"""XML <-> ebRIM values and the registry's request and response messages.

Spec: ITI TF-3 §4.2; ebRS 3.0. Reading never judges the standard's rules beyond shape: `xds.metadata` and
the rooms do.
"""
