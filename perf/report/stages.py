# SPDX-License-Identifier: BSD-3-Clause
"""Cycles by stage, beside the floor, and what many peers cost."""
import plots
from markdown import image, table
from targets import stages_rows

NOTE = """Cycles of the TSC for a packet, without a device. *floor* is what no encapsulation can do without, in the same run:
the source, one load by the packet's address, one copy of 64 bytes, the sink. The columns by stage have a
clock between them; for plain packets they are the steps of the short way (docs/speed.md). The clock costs something and
keeps stages from overlapping, so they need not add up to the whole."""


def label(row):
    return f"{row['path']} {row['peers']:,}" + (" zipf" if row.get("mix") == "zipf" else "")


def stages_plot(rows, path):
    rows = [r for r in rows if r["peers"] in (256, 65536)]
    names = dict.fromkeys(name for r in rows for name in r["stages"])
    marks = [("whole", [r["cycles_per_packet"] for r in rows])]
    if any("floor" in r for r in rows):
        marks.append(("floor", [r.get("floor") for r in rows]))
    plots.stacked(path, "Cycles by stage, 64 B", "TSC cycles per packet", [label(r) for r in rows],
                  [(name, [r["stages"].get(name) for r in rows]) for name in names], marks)


def curve(rows, value):
    points = sorted((r["peers"], r[value]) for r in rows if r.get(value) is not None)
    return points


def peers_plot(rows, path):
    series = []
    for way in ("encap", "decap"):
        for mix in ("uniform", "zipf"):
            of = [r for r in rows if r["path"] == way and r.get("mix", "uniform") == mix]
            series.append((f"{way}, {mix}", curve(of, "cycles_per_packet")))
    for mix in ("uniform", "zipf"):
        of = [r for r in rows if r["path"] == "encap" and r.get("mix", "uniform") == mix]
        series.append((f"floor, {mix}", curve(of, "floor")))
    series = [s for s in series if s[1]]
    plots.lines(path, "Cost by peers, 64 B", "TSC cycles per packet", "peers", series,
                xtics=sorted({x for _, points in series for x, _ in points}))


def rows_table(rows):
    names = dict.fromkeys(name for r in rows for name in r["stages"])
    return table(
        ["path", "backend", "peers", "mix", "size", "validation", "packets", "burst", "memory", "cycles",
         "±", "floor", "floors", *names],
        [[r["path"], r["backend"], r["peers"], r.get("mix", "uniform"), r["size"],
          r["validation"] if r["path"] == "decap" else "–", r.get("packets"), r.get("burst"),
          r.get("memory", "").replace(" pages", "").replace(" hugepages", ""), r["cycles_per_packet"],
          r["spread"], r.get("floor"), r.get("floors"), *(r["stages"].get(n) for n in names)]
         for r in rows])


def section(data, results, folder):
    rows = stages_rows(results)
    out = [NOTE, "Built by " + str(data.get("compiler")) + ", level " + str(data.get("level")) + "."]
    if rows:
        stages_plot(rows, folder / "stages.svg")
        peers_plot(rows, folder / "peers.svg")
        out += [image(folder / "stages.svg", "cycles by stage, with the floor"),
                image(folder / "peers.svg", "cost by peers")]
    out.append("<details><summary>all rows: ± is within what half of the repetitions lie</summary>\n\n"
               + rows_table(data["rows"]) + "\n\n</details>")
    return out
