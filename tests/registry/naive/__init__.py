"""A registry in a few hundred lines of Python: no SQL, no fragments, no shared code.

Written a second time from the text (ITI TF-2 §3.18, §3.42, §3.8; ITI TF-3 §4.2), only to disagree
with the real one where one of the two is wrong. `things` is what is registered, `registering` what
comes in, `asking` what comes out.
"""
