# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the report in other documents, each between two marks: <!-- perf/report.sh: NAME --> and <!-- end -->."""
import os
import re

from markdown import table
from results import pairs
from stages import label
from switches import known, one_of
from targets import all_targets, stages_rows

MARKS = re.compile(r"(<!-- perf/report\.sh: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def rates(results, _):
    """Mpps of the smallest frames, a row for each way and sink."""
    rows = results.rows("core", size="64")
    if not rows:
        return f"`core` is {results.missing('core')}."
    peers = one_of(rows, "peers", 4096)
    cases = pairs([r for r in rows if r["peers"] == peers], ("path", "sink"))
    who = known({w for by in cases.values() for w in by})
    return table([f"Mpps, 64 B, one core, {peers:,} peers", *who],
                 [[f"{path} into {sink}", *(by.get(w, {}).get("mpps") for w in who)]
                  for (path, sink), by in cases.items()])


def where(results, link):
    """What figures are of, and how many targets are reached."""
    targets = all_targets(results)
    data = results.get("core") or next(iter(results.found.values()))
    reached = sum(t.reached is True for t in targets)
    measured = sum(t.reached is not None for t in targets)
    quick = " A quick run, noisy." if data.get("quick") else ""
    return (f"{data['cpu']}, {data['memory']}, DPDK {data.get('versions', {}).get('dpdk')}, commit"
            f" {data.get('commit')}.{quick} Of {len(targets)} targets {measured} were measured and {reached} reached:"
            f" [the report]({link('REPORT.md')}) has them all, with spreads and what spoils figures.")


def summary(results, link):
    out = [rates(results, link)]
    if results.rows("core"):
        out.append(f"![rate by size]({link('core.svg')})")
    return "\n\n".join(out + [where(results, link)])


def stages(results, link):
    rows = [r for r in stages_rows(results) if r["peers"] in (256, 65536)]
    if not rows:
        return f"`stages` is {results.missing('stages')}."
    names = dict.fromkeys(name for r in rows for name in r["stages"])
    return table(["64 B, peers", "cycles", "floor", "floors", *names], [
        [label(r), r["cycles_per_packet"], r.get("floor"), r.get("floors"),
         *(r["stages"].get(n) for n in names)] for r in rows]) \
        + f"\n\n![cycles by stage]({link('stages.svg')})\n\n{where(results, link)}"


def peers(results, link):
    if not stages_rows(results):
        return f"`stages` is {results.missing('stages')}."
    return f"![cost by peers]({link('peers.svg')})"


EXCERPTS = {"summary": summary, "rates": rates, "stages": stages, "peers": peers}


def update(file, report, results):
    """file: with such marks; report: the whole one, its plots beside it."""
    def link(name):
        target = report if name == "REPORT.md" else report.parent / name
        return os.path.relpath(target.resolve(), file.resolve().parent)

    def filled(found):
        if found[2] not in EXCERPTS:
            raise ValueError(f"{file}: no excerpt '{found[2]}', there are {', '.join(EXCERPTS)}")
        return found[1] + EXCERPTS[found[2]](results, link) + "\n" + found[3]

    text, n = MARKS.subn(filled, file.read_text(encoding="utf-8"))
    if n == 0:
        raise ValueError(f"{file}: put lines '<!-- perf/report.sh: summary -->' and '<!-- end -->'"
                         " where the figures have to be")
    file.write_text(text, encoding="utf-8")
