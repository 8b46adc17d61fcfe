"""The IHE Document Registry: metadata of documents, one room per transaction.

Spec: ITI TF-1 §10.1.1.3. It speaks to the Document Repository in IHE transactions only.
"""
