#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who may include whom, as the rooms promise it.

A room is a folder; #include names it ("fib/fib.h", "peers/set.h"), so that each line shows which
room it reaches into. What a file of lib/ or app/ovnetd may include follows from its room; that lib/lease,
lib/kernel, lib/lane and lib/encap stay free of DPDK is checked through all headers they reach. Prints
file:line and the cure, exits 1 if there is anything to print.
"""
import pathlib
import re
import sys

# What a room of lib/ may include beside itself. Other programs, tests and perf may include all.
LIB = {
    "base": "",
    "loop": "base",
    "packet": "base",
    "port": "base packet",
    "encap": "base",
    "fib": "base encap",
    "path": "base packet port encap fib",
    "capture": "base loop packet port encap fib path",
    "lease/flannel": "base",
    "lease/registry": "base loop lease/flannel",
    "lease/registry/etcd": "base loop lease/flannel lease/registry",
    "lease/registry/file": "base loop lease/flannel lease/registry",
    "lease": "base loop lease/flannel lease/registry",
    "kernel": "base loop",
    "lane": "base kernel",
    "ctl": "base",
}
# What a room of app/ovnetd may include of the others, beside all of lib/. Files that stand in no
# room put the rooms together: these, methods/ and metrics/, which answer about all of them, may all.
OVNETD = {
    "conf": "",
    "run": "conf",
    "engine": "conf run",
    "ports": "conf run engine",
    "node": "conf run engine",
    "capture": "conf run engine ports",
    "attach": "conf run engine ports node",
    "guests": "conf run engine ports node attach",
    "underlay": "conf run engine ports node",
    "host": "conf run engine ports node underlay",
    "peers": "conf run engine ports node underlay host",
    "lane": "conf run engine ports node underlay host peers",
    "handover": "conf run engine ports node underlay host peers",
    "preflight": "conf run engine ports node underlay host peers lane takeover",
    "watch": "conf run engine ports node peers",
    "takeover": "conf run engine ports node underlay host peers lane",
}
NO_DPDK = {"lease", "kernel", "lane", "encap"}
WRITER = "fib/fib_writer.h"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
GENERATED = (".pb-c.h", ".skel.h")


def room(path):
    """lib/port/xdp/x.c -> port; lib/lease/flannel/x.c -> lease/flannel; elsewhere the folder."""
    parts = path.parts[:-1]
    if parts[0] != "lib":
        return "/".join(parts)
    for n in (4, 3, 2):
        if "/".join(parts[1:n]) in LIB:
            return "/".join(parts[1:n])
    return parts[1]


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        m = INCLUDE.match(line)
        if m and not m.group(2).endswith(GENERATED):
            yield number, m.group(1), m.group(2)


def ovnetd_room(path):
    """app/ovnetd/peers/set.c -> peers; "" for files of app/ovnetd itself; elsewhere None."""
    if path.parts[:2] != ("app", "ovnetd"):
        return None
    return path.parts[2] if len(path.parts) > 3 else ""


def check_ovnetd(path, number, name, target, complain):
    own, to = ovnetd_room(path), ovnetd_room(target)
    if to is None or own not in OVNETD or to == own or to in OVNETD[own].split():
        return
    complain(path, number, f"{own}/ may include {OVNETD[own].replace(' ', '/, ') or 'no room'}/, "
             f"not {name}: get what it needs as an argument, or tell what happened by a callback "
             "that reactions.c answers")


def find(path, name, files):
    """The file that #include "name" of `path` means; None: not ours, or its folder is left out."""
    for base in ("lib", "app/ovnetd", "test", "perf", path.parent):
        target = pathlib.Path(base, name)
        if target in files and not (base == path.parent and target.parts[0] == "lib"):
            return target
    return None


def check_edges(path, files, complain):
    own = room(path)
    may = LIB.get(own, "")
    for number, kind, name in includes(path):
        if kind == "<":
            continue
        target = find(path, name, files)
        if target is None:
            complain(path, number, f"no header {name}: name its folder, as in \"fib/fib.h\"")
            continue
        to = room(target)
        if path.parts[0] != "lib":
            check_ovnetd(path, number, name, target, complain)
            continue
        may_not = to != own and to not in may.split()
        if name == WRITER and own != "fib":
            complain(path, number, "only app/, test/ and perf/ write the FIB: include fib/fib.h")
        elif may_not:
            complain(path, number, f"lib/{own} may include {may.replace(' ', ', ') or 'nothing'}"
                     f", not {to} ({name}): move the code to where it may, or pass what it needs "
                     "by a callback")


def reaches_dpdk(path, files, seen):
    """The chain of headers that leads from `path` to an rte_ header, or None."""
    seen.add(path)
    for _, kind, name in includes(path):
        if name.startswith("rte_"):
            return [name]
        target = find(path, name, files) if kind == '"' else None
        if target and target not in seen:
            chain = reaches_dpdk(target, files, seen)
            if chain:
                return [name, *chain]
    return None


def main():
    bad = []

    def complain(path, number, text):
        bad.append(f"{path}:{number}: {text}")

    files = {pathlib.Path(a) for a in sys.argv[1:]}
    files = {f for f in files if f.parts[0] in {"lib", "app", "test", "perf"}}
    for path in sorted(files):
        check_edges(path, files, complain)
        if room(path).split("/")[0] in NO_DPDK:
            chain = reaches_dpdk(path, files, set())
            if chain:
                complain(path, 1, f"{room(path)} is tested without an EAL, but reaches "
                         f"{' -> '.join(chain)}: drop that include")
    print("\n".join(bad), end="\n" if bad else "")
    return 1 if bad else 0


sys.exit(main())
