#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who may include whom, as the folders promise it.

Headers are found by name alone, so names must be unique. What a file may include follows from
its folder; that lib/lease, lib/kernel and lib/encap stay free of DPDK is checked through all
headers they reach. Prints file:line and the cure, exits 1 if there is anything to print.
"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "packet": {"base"},
    "port": {"base", "packet"},
    "encap": {"base"},
    "fib": {"base", "encap"},
    "lease": {"base"},
    "kernel": {"base"},
    "path": {"base", "packet", "port", "encap", "fib"},
    "ctl": {"base", "packet", "port", "encap", "fib", "path", "lease", "kernel"},
}
NO_DPDK = {"lease", "kernel", "encap"}
WRITER = "fib_writer.h"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder(path):
    """lib/port/xdp/x.c -> port; app/ovnetd/x.c -> app."""
    return path.parts[1] if path.parts[0] == "lib" else path.parts[0]


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        m = INCLUDE.match(line)
        if m:
            yield number, m.group(1), m.group(2)


def find_headers(files, complain):
    headers = {}
    for path in (f for f in files if f.suffix == ".h"):
        other = headers.setdefault(path.name, path)
        if other != path and "lib" in (path.parts[0], other.parts[0]):
            complain(path, 1, f"has the name of {other}: rename one")
    return headers


def reaches_dpdk(path, headers, seen):
    """The chain of headers that leads from `path` to an rte_ header, or None."""
    seen.add(path)
    for _, kind, name in includes(path):
        if name.startswith("rte_"):
            return [name]
        target = headers.get(name)
        if kind == '"' and target and target not in seen:
            chain = reaches_dpdk(target, headers, seen)
            if chain:
                return [name, *chain]
    return None


def check(path, headers, complain):
    own = folder(path)
    for number, kind, name in includes(path):
        target = headers.get(pathlib.PurePath(name).name)
        if kind == "<" or target is None:
            continue
        if name == WRITER and own not in {"fib", "app", "test", "perf"}:
            complain(path, number, "only app/, test/ and perf/ write the FIB: include fib.h")
        elif own in ALLOWED and folder(target) not in ALLOWED[own] | {own}:
            may = ", ".join(sorted(ALLOWED[own])) or "nothing of the project"
            complain(path, number, f"lib/{own} may include {may}, not {folder(target)} ({name}): "
                     "move the code to where it may, or pass what it needs by a callback")
    if own in NO_DPDK:
        chain = reaches_dpdk(path, headers, set())
        if chain:
            complain(path, 1, f"lib/{own} is tested without an EAL, but reaches "
                     f"{' -> '.join(chain)}: drop that include")


def main():
    bad = []

    def complain(path, number, text):
        bad.append(f"{path}:{number}: {text}")

    files = [pathlib.PurePath(a) for a in sys.argv[1:]]
    files = [pathlib.Path(f) for f in files if f.parts[0] in {"lib", "app", "test", "perf"}]
    headers = find_headers(files, complain)
    for path in files:
        check(path, headers, complain)
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
