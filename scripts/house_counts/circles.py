"""Circles of imports within one crate.

Modules that stand side by side are held against each other, with all that is below them: an
import from `a::x` of something in `b::y` is one of `b` by `a`. What a module and those below it
have of each other is no circle; a module is made of its parts."""

from __future__ import annotations

import re
from collections import defaultdict

USE = re.compile(r"\buse\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])(?:r#)?((?:crate|self|super|[a-z_]\w*)(?:::[A-Za-z_]\w*)+)")


def spread(tree: str, above: tuple = ()):
    """The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`."""
    tree = tree.strip()
    opened = tree.find("{")
    if opened < 0:
        words = re.split(r"\s+as\s+", tree)[0]
        yield above + segments(words)
        return
    head = above + segments(tree[:opened])
    depth, start, inner = 0, 0, tree[opened + 1 : tree.rindex("}")] + ","
    for at, letter in enumerate(inner):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            if inner[start:at].strip():
                yield from spread(inner[start:at], head)
            start = at + 1


def segments(words: str) -> tuple:
    return tuple(word.strip() for word in words.split("::") if word.strip())


def mentions(code: str):
    """Every path that the code names, in imports or in passing."""
    for found in USE.finditer(code):
        yield from spread(found[1])
    for found in PATH.finditer(USE.sub("", code)):
        yield segments(found[1])


def meant(path: tuple, here: tuple, modules: dict):
    """The module that a path leads into; `None` when it leads out of the crate."""
    rest = list(path)
    if rest[0] == "crate":
        base, rest = (), rest[1:]
    elif rest[0] in ("self", "super"):
        base = here
        while rest and rest[0] in ("self", "super"):
            base = base[:-1] if rest[0] == "super" else base
            rest = rest[1:]
    elif here + (rest[0],) in modules:
        base = here
    else:
        return None
    while rest and base + (rest[0],) in modules:
        base, rest = base + (rest[0],), rest[1:]
    return base


def apart(one: tuple, other: tuple):
    """Where the ways to two modules part; `None` when one is above the other."""
    for depth, (a, b) in enumerate(zip(one, other)):
        if a != b:
            return depth
    return None


def components(edges: dict) -> list:
    """Strongly connected components of more than one node (Tarjan)."""
    index, least, stack, found = {}, {}, [], []

    def visit(node) -> None:
        index[node] = least[node] = len(index)
        stack.append(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                least[node] = min(least[node], least[other])
            elif other in stack:
                least[node] = min(least[node], index[other])
        if least[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def circles(sources: list) -> list:
    """Of each circle: the names of its modules, and the imports in it as (file, words)."""
    modules = {source.module: source for source in sources}
    levels = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for source in sources:
        here = source.module
        for path in mentions(source.code):
            other = meant(path, here, modules) if path else None
            depth = apart(here, other) if other else None
            if depth is not None:
                ends = levels[here[:depth]][here[depth]][other[depth]]
                ends.add((source.path, "::".join(path)))
    found = []
    for above, edges in sorted(levels.items()):
        for names in components({node: set(ends) for node, ends in edges.items()}):
            imports = {
                entry
                for one in names
                for other, entries in edges.get(one, {}).items()
                if other in names
                for entry in entries
            }
            found.append((["::".join(above + (name,)) for name in names], imports))
    return found
