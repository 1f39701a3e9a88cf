#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""No circle of files: where a calls b, b does not lead back to a.

A circle is a lump that can only be read, tested and moved as a whole. Edges are the global
functions and objects that a .c file names and another one of lib/ or the same program defines.
What has to go back goes by a callback. Prints file:line of an edge of each circle and the way
around, exits 1 if there is any.
"""
import pathlib
import re
import sys

STRIP = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\])+'", re.S)
WORD = re.compile(r"\b[A-Za-z_]\w*\b")
# Global definitions, as clang-format writes them: from the first column, `{` or ` = ` to follow.
FUNCTION = re.compile(
    r"^(?!static\b|typedef\b|extern\b|struct \w+ \{|enum\b|union\b)[a-z][\w *\n\t]*?"
    r"[ *](\w+)\([^;{}=]*\)\n\{", re.M)
OBJECT = re.compile(r"^(?:const )?struct \w+ \**(?:const )?(\w+)(?:\[\w*\])? = ", re.M)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def code(path):
    """The text without comments, strings, preprocessor lines; line numbers stay."""
    text = STRIP.sub(blank, path.read_text(errors="replace"))
    text = re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)
    return re.sub(r"\bSTAGE\((\w+)\)", r"STAGE_\1", text)


def unit(path):
    """What is linked together: all of lib/, or one program."""
    return "lib" if path.parts[0] == "lib" else "/".join(path.parts[:2])


def definitions(texts):
    found = {}
    for path, text in texts.items():
        for pattern in (FUNCTION, OBJECT):
            for m in pattern.finditer(text):
                if m.group(1) != "main":
                    found[unit(path), m.group(1)] = path
    return found


def edges(path, text, defined):
    """file -> line of the first use."""
    uses = {}
    for m in WORD.finditer(text):
        for place in (unit(path), "lib"):
            target = defined.get((place, m.group(0)))
            if target is not None and target != path:
                uses.setdefault(target, text.count("\n", 0, m.start()) + 1)
                break
    return uses


def way_back(graph, start, first):
    """The shortest way from `first` to `start`, both included; None: there is none."""
    seen, ways = {first}, [[first]]
    while ways:
        way = ways.pop(0)
        if way[-1] == start:
            return way
        for target in sorted(graph[way[-1]]):
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def main():
    files = [pathlib.Path(a) for a in sys.argv[1:]]
    texts = {f: code(f) for f in files if f.suffix == ".c" and f.parts[0] in {"lib", "app"}}
    defined = definitions(texts)
    graph = {path: edges(path, text, defined) for path, text in texts.items()}
    reported, bad = set(), []
    for path in sorted(graph):
        for target, line in sorted(graph[path].items()):
            way = way_back(graph, path, target)
            if way is None or reported & set(way):
                continue
            reported |= set(way)
            bad.append(f"{path}:{line}: a circle of files: " + " -> ".join(
                str(f) for f in [path, *way]) + ": let one of them have a callback")
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
