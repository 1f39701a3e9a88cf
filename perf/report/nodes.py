# SPDX-License-Identifier: BSD-3-Clause
"""Whole nodes: pods behind kernels, a node with nothing to do."""
import plots
from loads import scalars
from markdown import image, percent, table

HOST = """From pod to pod behind the kernels of two hosts, ovnet beside the kernel's own vxlan device in turn. *ratio* is over the
kernel's of the same case, *CPU* seconds of the whole machine for 10^9 bytes that arrived. Streams and round trips go by
the kernel lane."""
IDLE = """A node with ports nothing comes by, then single packets through it. *wake* is with a worker that sleeps, *awake*
with one that never does, *bare* what a process that does nothing else takes to be woken on this machine."""
LEASES = "The control plane under a full lease tree in a real etcd; `perf/README.md` and `perf/leases.sh` say what each is."
PORTS = "Ports added and removed over the control socket while two others carry traffic."


def offloads(row):
    return "offloads" if row["underlay_offload"] else "none"


def host_plot(rows, path):
    cases = {}
    for r in rows:
        cases.setdefault((r["proto"], r["streams"], offloads(r)), {})[r["contender"]] = r["gbps"]
    plots.bars(path, "Pod to pod", "Gbit/s", [f"{p} {s} {o}" for p, s, o in cases],
               [(who, [by.get(who) for by in cases.values()]) for who in ("ovnet", "kernel")])


def host_section(data, results, folder):
    out = [HOST]
    if data["rows"]:
        host_plot(data["rows"], folder / "host.svg")
        out += [image(folder / "host.svg", "throughput from pod to pod"), table(
            ["proto", "streams", "underlay", "contender", "Gbit/s", "ratio", "spread", "lost", "CPU s/GB",
             "ping p50 µs", "p99", "loaded p50", "p99"],
            [[r["proto"], r["streams"], offloads(r), r["contender"], r["gbps"], r["ratio_to_kernel"],
              percent(r["spread"]), percent(r["lost"]), r["cpu_s_per_gb"], r["rtt_us_p50"],
              r["rtt_us_p99"], r["rtt_loaded_us_p50"], r["rtt_loaded_us_p99"]] for r in data["rows"]])]
    if data.get("rates"):
        out += ["Frames of 64 bytes, by uplink driver:", table(
            ["contender", "driver", "kpps", "ratio", "spread", "CPU µs per packet"],
            [[r["contender"], r["driver"], r["kpps"], r["ratio_to_kernel"], percent(r["spread"]),
              r["cpu_us_per_packet"]] for r in data["rates"]])]
    return out


def told(text):
    return lambda data, results, folder: [text, table(["", ""], scalars(data))]


idle_section, leases_section, ports_section = told(IDLE), told(LEASES), told(PORTS)
