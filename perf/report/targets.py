# SPDX-License-Identifier: BSD-3-Clause
"""What ovnet wants to reach, and whether it did in these figures: never a reason to leave one out."""
from dataclasses import dataclass

from results import pairs

PACKETS = 8192  # in rotation, of the rows that are judged


@dataclass
class Target:
    verb: str
    what: str
    wanted: str
    measured: str
    reached: bool | None  # None: not measured

    def word(self):
        return "not measured" if self.reached is None else "yes" if self.reached else "**no**"


def judge(verb, what, found, limit, unit, at_most=True, digits=2):
    """found: [(case, value)], the worst of which counts."""
    wanted = f"{'≤' if at_most else '≥'} {limit:g}{unit}"
    found = [(case, value) for case, value in found if value is not None]
    if not found:
        return Target(verb, what, wanted, "–", None)
    found.sort(key=lambda f: f[1], reverse=at_most)
    case, worst = found[0]
    reached = worst <= limit if at_most else worst >= limit
    where = f" ({case}), best of {len(found)}: {found[-1][1]:.{digits}f}" if len(found) > 1 else ""
    return Target(verb, what, wanted, f"{worst:.{digits}f}{unit}{where}", reached)


def stages_rows(results, **want):
    """Those of VXLAN over IPv4, as a node would have it: all else is beside the point."""
    data = results.get("stages") or {}
    rows = results.rows("stages", **{"backend": "vxlan4", "size": "64"} | want)
    burst = max((r.get("burst", 0) for r in rows), default=0)
    return [r for r in rows if r.get("packets", PACKETS) == PACKETS
            and r.get("burst", 0) == burst
            and r.get("memory", data["memory"]) == data["memory"]
            and (r["path"] == "encap" or r["validation"] == "strict")]


def stages(results):
    for path, limit in (("encap", 1.5), ("decap", 1.8)):
        rows = [r for r in stages_rows(results, path=path, peers=256)
                if r.get("mix", "uniform") == "uniform"]
        strict = ", strict validation" if path == "decap" else ""
        yield judge("stages", f"{path}, 64 B, 256 peers{strict}",
                    [("", r.get("floors")) for r in rows], limit, " floors")
    growth = []
    for path in ("encap", "decap"):
        of = {r["peers"]: r["cycles_per_packet"] for r in stages_rows(results, path=path, mix="zipf")}
        if 256 in of and 65536 in of:
            growth.append((path, of[65536] / of[256]))
    yield judge("stages", "65,536 peers beside 256, Zipf mix", growth, 1.35, " times")


def core(results):
    cases = pairs(results.rows("core"), ("path", "size", "peers", "sink"))
    for path, limit in (("encap", 4.5), ("decap", 5.5)):
        yield judge("core", f"{path} beside the best of OVS's settings",
                    factors(cases, path, "ovs"), limit, " times", at_most=False)
    for path in ("encap", "decap"):
        yield judge("core", f"{path} beside testpmd io", factors(cases, path, "testpmd"), 0.5,
                    " times", at_most=False)


def factors(cases, path, other):
    """ovnet's packets a second over another's."""
    def factor(by):
        turns = by["ovnet"].get(f"ratio_to_{other}")
        return turns if turns is not None else 1 / by[other]["ratio_to_ovnet"]

    return [(f"{size} B, {peers:,} peers, {sink}", factor(by))
            for (of, size, peers, sink), by in cases.items()
            if of == path and other in by and by[other].get("ratio_to_ovnet")]


def busy_ratio(by, other):
    """Turn by turn, where the verb says so."""
    row = by[other]
    if row.get("busy_ovnet_to_this") is not None or not row.get("busy_cycles"):
        return row.get("busy_ovnet_to_this")
    return by["ovnet"]["busy_cycles"] / row["busy_cycles"]


def pvp(results):
    cases = pairs(results.rows("pvp"), ("port", "direction", "size", "peers"))
    for other, limit in (("ovs", 0.5), ("testpmd", 1.6)):
        found = [(" ".join(str(c) for c in case if c is not None), busy_ratio(by, other))
                 for case, by in cases.items() if other in by]
        yield judge("pvp", f"busy cycles per packet beside {other}'s", found, limit, " times")


def scale(results):
    rows = [r for r in results.rows("scale") if r.get("workers") == 2
            and not r.get("what", "").endswith("apart")]
    yield judge("scale", "two workers beside one",
                [(r.get("what", ""), r.get("ratio_to_one")) for r in rows], 1.9, " times",
                at_most=False)


def churn(results):
    data = results.get("churn") or {}
    yield judge("churn", "packets lost", [("", data.get("lost"))], 0, "", digits=0)
    yield judge("churn", "p99.9 beside the undisturbed twin run's", [("", data.get("p999_ratio"))],
                2, " times")


def latency(results):
    rows = results.rows("latency", contender="ovnet", load_percent=50)
    yield judge("latency", "p99 at 50 % load beside testpmd's",
                [(r.get("path", ""), r.get("ratio_to_testpmd")) for r in rows], 1.5, " times")


def all_targets(results):
    return [t for part in (stages, core, pvp, scale, churn, latency) for t in part(results)]
