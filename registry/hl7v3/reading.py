"""A body of HL7 v3 to a tree, with the place of every element that is asked for.

Spec: HL7 v3 XML ITS (elements in urn:hl7-org:v3, attributes without a namespace). Read: elements
at the paths that are asked for, in any order; all else is read over.
"""

from collections import Counter

from lxml import etree

from registry.hl7v3.tree import Node
from xds.errors import Where
from xds.namespaces import HL7V3, local
from xds.soap.xml import elements, line


def paths_to(*paths: str) -> frozenset[str]:
    """Return these paths and those that lead there."""
    return frozenset(
        "/".join(path.split("/")[:depth])
        for path in paths
        for depth in range(1, path.count("/") + 2)
        if path
    )


def read_tree(body: etree._Element, where: Where, paths: frozenset[str]) -> Node:
    """Return what of a message stands at these paths; `where` is the body's own place."""
    return _node(body, "", where, paths)


def _node(element: etree._Element, path: str, where: Where, paths: frozenset[str]) -> Node:
    children: list[Node] = []
    counts: Counter[str] = Counter()
    for child in elements(element):
        name = local(str(child.tag))
        child_path = f"{path}/{name}" if path else name
        if child.tag != f"{{{HL7V3}}}{name}" or child_path not in paths:
            continue
        counts[name] += 1
        step = f"hl7:{name}" if counts[name] == 1 else f"hl7:{name}[{counts[name]}]"
        children.append(_node(child, child_path, where.child(step, line(child)), paths))
    return Node(
        name=local(str(element.tag)),
        attributes={
            str(k): str(v) for k, v in element.attrib.items() if not str(k).startswith("{")
        },
        where=where,
        children=tuple(children),
    )
