"""Who is calling: trust, signature, assertion, and the typed `Caller` that comes out.

Spec: ITI TF-2 §3.40 (XUA), WS-Security 1.1 SAML Token Profile, SAML 2.0 core.
"""
