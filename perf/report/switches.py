# SPDX-License-Identifier: BSD-3-Clause
"""ovnet beside other switches on the same ports: core and pvp."""
import plots
from markdown import image, percent, table
from results import pairs

ORDER = ("ovnet", "testpmd", "ovs", "vpp")

CORE = """One worker on one CPU, the same ports, frames, burst and CPU for all, in turn. testpmd only forwards: what it takes is
what the ports cost, which ovnet pays as well. *ratio* is packets a second over ovnet's, turn by turn; *ovs* is the
best of its settings. Size is that of the frame on the overlay's side; outside it has 50 bytes more."""
PVP = """From a guest into the overlay and from the overlay to the guest, at the same time, on one saturated CPU. *busy
cycles*: TSC cycles of the rounds that found packets, for each packet that left. *ovnet to it*: ovnet's busy cycles
over that one's, turn by turn."""


def known(contenders):
    return [c for c in ORDER if c in contenders] + sorted(set(contenders) - set(ORDER))


def one_of(rows, key, *wish):
    """The first wish that there is, so that a plot has one of each case."""
    there = [r.get(key) for r in rows]
    return next((w for w in wish if w in there), there[0] if there else None)


def case_bars(rows, keys, value):
    """Groups and series: a group for each case, in it a bar for each contender."""
    cases = pairs(rows, keys)
    series = [(who, [by.get(who, {}).get(value) for by in cases.values()])
              for who in known({w for by in cases.values() for w in by})]
    return [" ".join(str(c) for c in case if c is not None) for case in cases], series


def core_plot(rows, path):
    peers, sink = one_of(rows, "peers", 4096), one_of(rows, "sink", "null")
    rows = [r for r in rows if r["peers"] == peers and r["sink"] == sink]
    plots.bars(path, f"Rate by size: one core, {peers:,} peers, into {sink}", "Mpps",
               *case_bars(rows, ("path", "size"), "mpps"))


def core_section(data, results, folder):
    core_plot(data["rows"], folder / "core.svg")
    return [CORE, image(folder / "core.svg", "rate by size"), table(
        ["path", "size", "peers", "sink", "contender", "Mpps", "cycles per packet", "ratio", "spread", "lost"],
        [[r["path"], r["size"], r["peers"], r["sink"], r["contender"], r["mpps"],
          r["cycles_per_packet"], r.get("ratio_to_ovnet"), percent(r["spread"]), percent(r.get("lost"))]
         for r in data["rows"]])] + settings(data["rows"])


def settings(rows):
    """OVS is the best of what was tried; the others are said, too."""
    lines = []
    for r in rows:
        for name, of in (r.get("settings") or {}).items():
            rate = of.get("mpps") if isinstance(of, dict) else of
            lines.append([r["path"], r.get("size"), r.get("peers"), r.get("sink"), name, rate])
    return ["OVS's settings:", table(["path", "size", "peers", "sink", "setting", "Mpps"], lines)] \
        if lines else []


def pvp_section(data, results, folder):
    rows = data["rows"]
    peers = one_of(rows, "peers", 4096)
    plots.bars(folder / "pvp.svg", f"Guest to uplink and back: one core, {number_of(peers)} peers",
               "busy TSC cycles per packet",
               *case_bars([r for r in rows if r.get("peers") == peers],
                          ("port", "direction", "size"), "busy_cycles"))
    return [PVP, image(folder / "pvp.svg", "busy cycles per packet"), table(
        ["port", "size", "peers", "contender", "busy cycles", "ovnet to it", "Mpps", "spread", "lost"],
        [[r.get("port"), r.get("size"), r.get("peers"), r["contender"], r.get("busy_cycles"),
          r.get("busy_ovnet_to_this"), r.get("mpps"), percent(r.get("spread")), percent(r.get("lost"))]
         for r in rows])]


def number_of(value):
    return f"{value:,}" if isinstance(value, int) else str(value)
