#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A report in Markdown, with plots, of the JSON of perf/run.sh's verbs. Runs by perf/report.sh."""
import argparse
import pathlib
import sys

import excerpts
import loads
import nodes
import plots
import stages
import switches
from markdown import percent, table
from results import Results
from targets import all_targets

SECTIONS = {"stages": ("The packet path by stage", stages.section),
            "core": ("One core beside other switches", switches.core_section),
            "pvp": ("Guest to uplink and back", switches.pvp_section),
            "scale": ("A second worker", loads.scale_section),
            "churn": ("Nothing lost while all changes", loads.churn_section),
            "latency": ("Latency", loads.latency_section),
            "rfc2544": ("Throughput by RFC 2544", loads.rfc2544_section),
            "host": ("Pods behind the hosts' kernels", nodes.host_section),
            "idle": ("A node with nothing to do", nodes.idle_section),
            "leases": ("The control plane", nodes.leases_section),
            "ports": ("Ports that come and go", nodes.ports_section)}


def machine(results):
    """What the runs have in common; where they differ, all of it."""
    def of(key):
        return sorted({str(d[key]) for d in results.found.values() if d.get(key) is not None})

    names = {name: sorted({d["versions"][name] for d in results.found.values()
                           if name in d.get("versions", {})})
             for d in results.found.values() for name in d.get("versions", {})}
    versions = ", ".join(f"{n} {' and '.join(v)}" for n, v in names.items())
    dates = of("date")
    when = dates[0] + (f" to {dates[-1]}" if len(dates) > 1 else "") if dates else "unknown"
    return table(["", ""], [
        ["machine", ", ".join(of("cpu")) + f", {', '.join(of('cpus'))} CPUs, Linux {', '.join(of('kernel'))}"],
        ["TSC", ", ".join(sorted({f"{int(hz) / 1e6:.0f} MHz" for hz in of("tsc_hz")}))],
        ["memory", ", ".join(of("memory"))],
        ["versions", versions], ["commit", ", ".join(of("commit"))], ["measured", when]])


def noise(results):
    rows = []
    for verb in results.all_verbs():
        data, outcome = results.get(verb), results.outcomes.get(verb, {})
        of = (data or {}).get("noise") or {}
        before, during = of.get("before", {}), of.get("during", {})
        rows.append([verb, results.failed(verb) or ("measured" if data else "not measured"),
                     outcome.get("seconds"), "quick" if (data or {}).get("quick") else "",
                     *(percent(x / 100) if x is not None else "–" for x in (
                         before.get("busy_percent"), during.get("steal_percent"),
                         during.get("niced_percent")))])
    return table(["verb", "outcome", "seconds", "", "busy before", "stolen", "niced"], rows)


def warnings(results):
    out = []
    if any(d.get("quick") for d in results.found.values()):
        out.append("**Quick runs are among these (see below): short turns, few of them. They say that it works, and"
                   " roughly how fast.**")
    if any("4 KB" in d.get("memory", "") for b, d in results.found.items() if b not in ("leases", "ports")):
        out.append("**Some of these ran without hugepages, which costs a lot.**")
    loud = [b for b, d in results.found.items() if is_loud(d.get("noise"))]
    if loud:
        out.append(f"**The machine was not all ours during {', '.join(loud)} (see the end): those figures may be off, the more"
                   " the busier it was.**")
    return out


def is_loud(of):
    return bool(of) and (of["before"]["busy_percent"] >= 10 or of["during"]["steal_percent"] >= 1
                         or of["during"]["niced_percent"] >= 2)


def section(verb, results, folder):
    title, make = SECTIONS.get(verb, (verb, loads.plain_section))
    out = [f"## {title} (`{verb}`)"]
    data, failed = results.get(verb), results.failed(verb)
    if data is None:
        return out + [f"**{results.missing(verb)}**"]
    if failed:
        out.append(f"**{failed}**")
    return out + make(data, results, folder)


def report(results, folder):
    targets = all_targets(results)
    out = ["# How fast ovnet is", "Made by `perf/report.sh` from what `perf/run.sh` measured. Figures of two machines, or"
           " of two runs on a busy one, do not compare; ratios within one run do.",
           machine(results), *warnings(results), "## Targets", table(
               ["verb", "what", "wanted", "measured, the worst case", "reached"],
               [[t.verb, t.what, t.wanted, t.measured, t.word()] for t in targets])]
    for verb in results.all_verbs():
        out += section(verb, results, folder)
    out += ["## What ran, and what ran beside it", noise(results)]
    return "\n\n".join(out) + "\n"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbs", required=True, help="all there are")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--into", type=pathlib.Path, nargs="*", default=[],
                        help="documents with excerpts of it")
    parser.add_argument("--files", nargs="+", required=True)
    return parser.parse_args()


def main():
    args = arguments()
    try:
        results = Results(args.files, args.verbs.split())
        args.out.write_text(report(results, args.out.parent), encoding="utf-8")
        for document in args.into:
            excerpts.update(document, args.out, results)
    except (ValueError, OSError, plots.Unplotted) as why:
        sys.exit(f"report: {why}")
    except KeyError as why:
        sys.exit(f"report: a row lacks {why}: JSON of another release?")


if __name__ == "__main__":
    main()
