#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Drives the generator (perf/load, its commands and answers by two FIFOs) window by window, and prints
one JSON object.

  trial.py ... search HIGHEST SHARE   the highest rate at which nothing is lost, and the generator has no
                                      more than that share of its CPU
  trial.py ... run RATE WINDOWS       so many windows at that rate in which the machine was not away

A window in which it was, for more than 100 us, at the generator (as perf/load says) or at the worker
(churn/witness), is counted by itself and repeated: five times as often, then there are fewer."""
import argparse
import json
import socket
import sys
import time

WINDOW = 0.02  # seconds
PROBE = 10     # windows that say whether a rate will do
STEPS = 7      # of the search: to 1 %


def dropped(path):
    """Packets that ovnetd refused so far, by reason."""
    with socket.socket(socket.AF_UNIX) as s, s.makefile() as answers:
        s.connect(path)
        s.sendall(b'{"method": "drops"}\n')
        drops = json.loads(answers.readline())["result"]
    drops = drops["drops"] if isinstance(drops, dict) else drops
    return {d["reason"]: d["packets"] for d in drops}


class Generator:
    def __init__(self, args):
        self.commands = open(args.commands, "w", encoding="ascii")
        self.answers = open(args.answers, encoding="ascii")
        self.witness = open(args.witness, encoding="ascii")
        self.schedstat = f"/proc/{args.generator}/schedstat"

    def ask(self, command):
        print(command, file=self.commands, flush=True)
        answer = json.loads(self.answers.readline())
        if "error" in answer:
            sys.exit(f"trial: load: {command}: {answer['error']}")
        return answer

    def away(self, since):
        """Was the worker's CPU away since then?"""
        time.sleep(0.001)  # the witness looks twice
        seen = [json.loads(line) for line in self.witness]
        return [w for w in seen if w["at_s"] > since]

    def ran(self):
        """Seconds it had its CPU so far."""
        with open(self.schedstat, encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e9

    def window(self, rate):
        self.ask(f"rate {rate:.0f}")
        since, ran = time.monotonic(), self.ran()
        self.ask(f"run {WINDOW}")
        share = (self.ran() - ran) / (time.monotonic() - since)
        away = self.away(since)
        figures = self.ask("histogram") | {"share": share}
        figures["away"] = {"generator": figures["stolen_count"]}
        for why in ("machine", "others"):
            figures["away"][why] = sum(w["why"] == why for w in away)
        return figures



class Sum:
    """What windows have in common."""

    def __init__(self):
        self.windows = self.sent = self.lost = self.refused = self.skipped = self.wrong = 0
        self.share = 0
        self.buckets = {}

    def add(self, figures):
        self.windows += 1
        for member in ("sent", "lost", "refused", "skipped", "share"):
            setattr(self, member, getattr(self, member) + figures[member])
        self.wrong += sum(figures[w] for w in ("doubled", "late", "corrupt", "foreign"))
        for us, count in figures["histogram"]:
            self.buckets[us] = self.buckets.get(us, 0) + count

    def below(self, share):
        """Of so many the latency is at most that."""
        due = share * sum(self.buckets.values())
        for us in sorted(self.buckets):
            due -= self.buckets[us]
            if due <= 0:
                return us
        return None


def probe(generator, rate):
    """Why this rate is too high, or None."""
    clean, tries = Sum(), 0
    while clean.windows < PROBE:
        figures = generator.window(rate)
        tries += 1
        # Who sends too much is away, too: with what it has to do.
        if figures["skipped"] > 0 and tries > 2 * PROBE:
            return clean, "the generator"
        if tries > 10 * PROBE:
            sys.exit(f"trial: {tries} windows of {WINDOW} s, and the machine was away in all but "
                     f"{clean.windows}, the last time {figures['away']}: it is too busy for this")
        if not any(figures["away"].values()):
            clean.add(figures)
            if figures["lost"]:
                return clean, "ovnet"
    return clean, None


def search(generator, highest, share):
    """By halves; to begin with in great steps."""
    low, high, why = 0, highest, "the highest rate to look for"
    while high - low > highest / 2 ** STEPS / 2:
        rate = high if why.startswith("the highest") else (low + high) / 2
        clean, reason = probe(generator, rate)
        if not reason and clean.share > share * clean.windows:
            reason = f"the generator, which is to leave {1 - share:.0%} of its CPU to others"
        if reason:
            high, why = rate, reason
        else:
            low = rate
            if low == high:
                break
    if low == 0:
        sys.exit(f"trial: at no rate nothing is lost; at {rate:.0f}/s, {clean.lost} of {clean.sent}")
    return {"rate_pps": round(low), "limited_by": why}


def run(generator, rate, windows, ctl):
    clean, stolen, losses = Sum(), Sum(), []
    away = {"generator": 0, "machine": 0, "others": 0}
    before, begun = dropped(ctl), time.monotonic()
    while clean.windows < windows and clean.windows + stolen.windows < 6 * windows:
        figures = generator.window(rate)
        disturbed = any(figures["away"].values())
        (stolen if disturbed else clean).add(figures)
        for who in away:
            away[who] += figures["away"][who] > 0
        if figures["lost"] and not disturbed:
            now = dropped(ctl)
            losses.append({"lost": figures["lost"], "refused": figures["refused"],
                           "holes": figures["holes"][:8], "max_us": figures["latency_us"]["max"],
                           "dropped": {r: now[r] - before[r] for r in now if now[r] > before[r]}})
        before = dropped(ctl) if figures["lost"] else before
    if clean.windows == 0:
        sys.exit(f"trial: the machine was away in each of {stolen.windows} windows of {WINDOW} s "
                 f"({away}): it is too busy for this")
    return {"sent": clean.sent, "lost": clean.lost, "refused": clean.refused,
            "wrong": clean.wrong, "windows": clean.windows, "window_s": WINDOW,
            "rate_mpps": round(clean.sent / clean.windows / WINDOW / 1e6, 4),
            "skipped": clean.skipped, "losses": losses[:64],
            "generator_share": round(clean.share / clean.windows, 3),
            "stolen": {"windows": stolen.windows, "sent": stolen.sent, "lost": stolen.lost,
                       "by": away},
            "seconds": round(time.monotonic() - begun, 1),
            "latency_us": {"p50": clean.below(0.5), "p99": clean.below(0.99),
                           "p999": clean.below(0.999), "max": clean.below(1)},
            "histogram": sorted(clean.buckets.items())}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("commands", "answers", "generator", "witness", "ctl"):
        parser.add_argument(name)
    verbs = parser.add_subparsers(dest="verb", required=True)
    what = verbs.add_parser("search")
    what.add_argument("highest", type=float)
    what.add_argument("share", type=float)
    what = verbs.add_parser("run")
    what.add_argument("rate", type=float)
    what.add_argument("windows", type=int)
    args = parser.parse_args()
    generator = Generator(args)
    if args.verb == "search":
        print(json.dumps(search(generator, args.highest, args.share)))
    else:
        print(json.dumps(run(generator, args.rate, args.windows, args.ctl)))


if __name__ == "__main__":
    main()
