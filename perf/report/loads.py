# SPDX-License-Identifier: BSD-3-Clause
"""What comes of a switch under a steady load: latency, scale, churn."""
import plots
from markdown import image, percent, table

LATENCY = """Microseconds from a generator through the switch and back to the generator, at parts of the rate without loss."""
RFC2544 = """Found by search, none lost in a trial; sizes count the FCS here. *throughput*, frames a second; *back to back*, the longest burst none of which is
lost; *loss* in the JSON is the rate of it by load. Trials in which the machine was away are repeated and counted."""
SCALE = """Two workers of one ovnetd beside one: one FIB that changes all the while, one packet pool, one uplink. *apart* are two
daemons with a worker each, which share nothing but the machine: what it can give at all."""
CHURN = """At 80 % of the rate without loss, while leases come and go, statistics are read, ports are added and removed, and taps
switched. The twin run has the same load and no events. Windows in which the machine itself was away for more than
100 µs are counted apart and repeated."""


def columns_of(rows, skip=()):
    """What all has a single value, in the order in which it comes."""
    names = dict.fromkeys(k for r in rows for k, v in r.items() if not isinstance(v, (list, dict)))
    return [n for n in names if n not in skip]


def generic(rows, skip=()):
    names = columns_of(rows, skip)
    return table([n.replace("_", " ") for n in names], [[r.get(n) for n in names] for r in rows])


def latency_plot(rows, path):
    series = []
    for way, who in dict.fromkeys((r.get("path", ""), r["contender"]) for r in rows):
        for part in ("p50_us", "p99_us"):
            points = sorted((r["load_percent"], r[part]) for r in rows if r["contender"] == who
                            and r.get("path", "") == way and r.get(part) is not None)
            series.append((f"{way} {who} {part[:-3]}", points))
    series = [s for s in series if s[1]]
    plots.lines(path, "Latency by load", "microseconds", "percent of the rate without loss", series,
                logscale="y", xtics=sorted({r["load_percent"] for r in rows}))


def rfc2544_section(data, results, folder):
    rows = data["rows"]
    cases = dict.fromkeys((r["path"], r["size"]) for r in rows)
    who = dict.fromkeys(r["contender"] for r in rows)
    plots.bars(folder / "rfc2544.svg", "Throughput without loss", "Mpps", [" ".join(c) for c in cases],
               [(w, [next((r["throughput_pps"] / 1e6 for r in rows if (r["path"], r["size"]) == c
                           and r["contender"] == w and r["throughput_pps"] is not None), None)
                     for c in cases]) for w in who])
    return [RFC2544, image(folder / "rfc2544.svg", "throughput without loss"), generic(rows)]


def latency_section(data, results, folder):
    latency_plot(data["rows"], folder / "latency.svg")
    return [LATENCY, image(folder / "latency.svg", "latency by load"), generic(data["rows"])]


def scale_section(data, results, folder):
    rows = data["rows"]
    plots.bars(folder / "scale.svg", "Workers", "Mpps", [f"{r['what']}, {r['workers']}" for r in rows],
               [("ovnet", [r["mpps"] for r in rows])])
    return [SCALE, image(folder / "scale.svg", "rate by workers"), generic(rows)]


def scalars(data, skip=()):
    envelope = {"bench", "cpu", "cpus", "kernel", "memory", "versions", "commit", "date", "tsc_hz", "quick",
                "noise", "rows", *skip}
    out = []
    for key, value in data.items():
        if key in envelope or isinstance(value, list):
            continue
        if isinstance(value, dict):
            out += [[f"{key}.{k}", v] for k, v in value.items() if not isinstance(v, (list, dict))]
        else:
            out.append([key, value])
    return out


def away(data):
    """What was lost while the machine was away, which does not count but is no secret."""
    stolen = (data.get("churned") or {}).get("stolen")
    if not stolen:
        return []
    by = ", ".join(f"{n:,} seen by {who}" for who, n in (stolen.get("by") or {}).items())
    return [f"Apart from that: in {stolen['windows']:,} windows the machine was away ({by}); of the {stolen['sent']:,}"
            f" packets sent in them {stolen['lost']:,} were lost."]


def churn_section(data, results, folder):
    said = []
    if data.get("sent") and data.get("lost") is not None:
        said = [f"Of {data['sent']:,} packets {data['lost']:,} were lost."] + away(data)
    return [CHURN, *said, table(["", ""], scalars(data))]


def plain_section(data, results, folder):
    """Of a verb that has no section of its own: all it says."""
    out = []
    if scalars(data):
        out.append(table(["", ""], scalars(data)))
    if data.get("rows"):
        out.append(generic(data["rows"]))
    return out
