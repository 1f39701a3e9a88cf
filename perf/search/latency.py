#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Latency at shares of each contender's own no-drop rate, contenders in turn. Prints a row of JSON for
each contender and share.

A turn is many short windows; those in which the machine was away are left out, and counted."""
import json
import statistics

from halving import merge, percentile
from load import arguments, no_drop, run, say

SHARES = {"p50_us": 0.5, "p90_us": 0.9, "p99_us": 0.99, "p999_us": 0.999}


def turn(contender, rate, args):
    """Windows until enough were undisturbed, or too many were not."""
    clean, spoilt = [], []
    contender.load.ask(f"rate {rate:.0f}")
    while len(clean) < args.windows and len(clean) + len(spoilt) < args.repeats * args.windows:
        got = contender.trial(f"run {args.window}")
        got["pairs"] = contender.load.ask("histogram")["histogram"]
        (spoilt if got["away"] else clean).append(got)
    used = clean or spoilt
    pairs = merge(got["pairs"] for got in used)
    sample = {name: percentile(pairs, share) for name, share in SHARES.items()}
    sample.update(max_us=max(got["latency_us"]["max"] for got in used),
                  rate_pps=round(statistics.mean(got["rate_pps"] for got in used)),
                  lost=sum(got["lost"] for got in used), windows=len(used),
                  stolen_windows=len(spoilt), disturbed=not clean)
    return sample


def row(contender, percent, samples, yardstick):
    """`yardstick`: testpmd's samples of the same turns, or None."""
    made = {"contender": contender.name, "load_percent": percent}
    made.update((name, statistics.median(s[name] for s in samples)) for name in SHARES)
    p99 = [s["p99_us"] for s in samples]
    made["spread"] = (max(p99) - min(p99)) / statistics.mean(p99)
    made["ratio_to_testpmd"] = yardstick and statistics.median(
        s["p99_us"] / y["p99_us"] for s, y in zip(samples, yardstick))
    made["rate_pps"] = statistics.median(s["rate_pps"] for s in samples)
    made["lost"] = sum(s["lost"] for s in samples)
    made["stolen_windows"] = sum(s["stolen_windows"] for s in samples)
    made["disturbed"] = any(s["disturbed"] for s in samples)
    made["samples"] = samples
    return made


def limits(contenders, args):
    """Each one's own rate."""
    found = {}
    for c in contenders:
        c.go_on()
        c.load.ask("warm 0.01")
        found[c.name], _, tried = no_drop(c, args.trial, args.precision, args.repeats)
        c.stand_still()
        say(f"latency: {args.what}: {c.name} loses nothing up to {found[c.name] / 1e6:.2f} Mpps"
            f" ({len(tried)} trials)")
    return found


def measure(contenders, args):
    found = limits(contenders, args)
    for percent in args.loads:
        samples = {c.name: [] for c in contenders}
        for number in range(args.rounds):
            say(f"latency: {args.what}: {percent} % of that, turn {number + 1} of {args.rounds}")
            for c in contenders:
                c.go_on()
                samples[c.name].append(turn(c, found[c.name] * percent / 100, args))
                c.stand_still()
        for c in contenders:
            made = row(c, percent, samples[c.name], samples.get("testpmd"))
            print(json.dumps({**made, "no_drop_pps": round(found[c.name])}))


def main():
    parser = arguments(__doc__, trial=5, precision=0.01)
    parser.add_argument("--loads", type=lambda s: [int(n) for n in s.split(",")], default=[10, 50, 80])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--windows", type=int, default=50, help="in a turn")
    parser.add_argument("--window", type=float, default=0.05, help="seconds")
    run("latency", measure, parser.parse_args())


if __name__ == "__main__":
    main()
