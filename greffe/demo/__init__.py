"""`greffe demo`: the whole job on real documents, told as a short story.

    story.py   what is told, in order
    node.py    a node of its own, started and stopped as an operator would
    teller.py  how it looks on the terminal

Spec: none. Every step is a command that a reader can type; nothing is shown that was not checked.
"""

from greffe.demo.story import add_to

__all__ = ["add_to"]
