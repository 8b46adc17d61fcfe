"""Where documents are kept: bytes by content (`files`), uniqueIds that name them (`index`).

Spec: ITI TF-2 §3.41.4.1.3.2. `api` says what a vault is; a room knows nothing else of it.
"""
