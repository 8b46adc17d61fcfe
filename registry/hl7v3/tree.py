"""An HL7 v3 message as plain values: elements of HL7's namespace, their attributes, their places.

Spec: HL7 v3 XML ITS, as ITI TF-2 Appendix O uses it. Only what the rules look at is in a tree;
demographics are not. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from xds.errors import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element."""

    name: str
    """Local name; its namespace is HL7's."""
    attributes: Mapping[str, str]
    """Those without a namespace."""
    where: Where
    children: tuple["Node", ...] = field(default=())

    def get(self, attribute: str) -> str:
        """Return an attribute, '' when absent."""
        return self.attributes.get(attribute, "")

    @property
    def is_null(self) -> bool:
        """Whether the sender says that there is no value."""
        return "nullFlavor" in self.attributes

    def named(self, name: str) -> tuple["Node", ...]:
        """Return the children of that name, in order."""
        return tuple(child for child in self.children if child.name == name)

    def at(self, path: str) -> Iterator["Node"]:
        """Yield every descendant at a path of names such as `receiver/device`; '' is the node."""
        if not path:
            yield self
            return
        first, _, rest = path.partition("/")
        for child in self.named(first):
            yield from child.at(rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceId:
    """II: an identifier. Spec: ITI TF-2 Table E.2.2-1."""

    root: str
    extension: str = ""


def instance_id(node: Node | None) -> InstanceId | None:
    """Return the II that an element holds; None when it holds none."""
    if node is None or not node.get("root"):
        return None
    return InstanceId(root=node.get("root"), extension=node.get("extension"))
