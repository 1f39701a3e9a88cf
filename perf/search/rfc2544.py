#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""RFC 2544's tests of one contender at each frame size: throughput, latency at that rate, frame loss
rate, back-to-back frames. Prints a row of JSON for each size."""
import json
import statistics

from halving import highest
from load import Failed, arguments, no_drop, run, say, short


def throughput(c, args):
    """First by short trials; those as long as they have to be only around what these found."""
    rate, most, tried = no_drop(c, min(args.trial, args.first), args.precision, args.repeats)
    if args.trial > args.first:
        def passes(at):
            c.load.ask(f"rate {at:.0f}")
            tried.append(short(c.lossless(f"run {args.trial}", args.repeats)))
            return tried[-1]["lost"] == 0
        highest(passes, 0.97 * rate, rate, args.precision)
        good = [t for t in tried if t["lost"] == 0 and t["seconds"] > 0.9 * args.trial]
        if not good:
            raise Failed(f"{c.name}: no trial of {args.trial} s without a loss")
        rate = max(t["rate_pps"] for t in good)
    return {"throughput_pps": round(rate), "overload_pps": round(most), "trials": tried}


def latency(c, rate, args):
    c.load.ask(f"rate {rate:.0f}")
    return [short(c.lossless(f"run {args.trial}", args.repeats)) for _ in range(args.latencies)]


def loss(c, rate, args):
    """From beyond the throughput down, in tenths of it, until two trials in a row lost nothing."""
    points, good = [], 0
    for percent in range(130, 0, -10):
        c.load.ask(f"rate {rate * percent / 100:.0f}")
        got = c.lossless(f"run {args.trial}", args.repeats)
        points.append({"percent": percent, "loss_rate": got["lost"] / got["sent"], **short(got)})
        good = good + 1 if got["lost"] == 0 else 0
        if good == 2:
            break
    return points


def back_to_back(c, args):
    """The longest burst, as fast as the generator can, that comes through whole; so many seconds at most."""
    most = int(args.longest * c.trial("burst 100000")["rate_pps"])
    lengths, rates = [], []

    def passes(frames):
        got = c.lossless(f"burst {frames:.0f}", args.repeats)
        if got["lost"] == 0:
            rates.append(got["rate_pps"])
        return got["lost"] == 0
    for _ in range(args.bursts):
        lengths.append(int(highest(passes, 4096, most, 0.02)))
    return {"back_to_back_frames": round(statistics.mean(lengths)), "back_to_back_most": most,
            "back_to_back_pps": statistics.median(rates) if rates else 0,
            "back_to_back_samples": lengths}


def one(c, size, path, args):
    c.load.ask(f"frames {path}")
    made = {"contender": c.name, "size": size, **throughput(c, args)}
    rate = made["throughput_pps"]
    say(f"rfc2544: {args.what}, size {size}: {rate / 1e6:.3f} Mpps without a loss; latency, loss, bursts")
    samples = latency(c, rate, args)
    for name in ("p50", "p99", "p999"):
        made[f"{name}_us"] = statistics.median(s["latency_us"][name] for s in samples)
    made["loss"] = loss(c, rate, args)
    made.update(back_to_back(c, args))
    made["samples"] = samples
    return made


def measure(contenders, args):
    for c in contenders:
        c.go_on()
        c.load.ask("warm 0.02")
        c.load.ask("drain 100")
        for word in args.sizes:
            made = one(c, *word.split("=", 1), args)
            print(json.dumps({**made, "trials_run": c.trials, "trials_disturbed": c.disturbed}),
                  flush=True)
            c.trials = c.disturbed = 0
        c.stand_still()


def main():
    parser = arguments(__doc__, trial=60, precision=0.005)
    parser.add_argument("sizes", nargs="+", help="SIZE=FILE.pcap")
    parser.add_argument("--first", type=float, default=2, help="seconds, of the first search")
    parser.add_argument("--latencies", type=int, default=3, help="trials at the throughput's rate")
    parser.add_argument("--bursts", type=int, default=50, help="searches for the longest burst")
    parser.add_argument("--longest", type=float, default=2, help="seconds, of a burst")
    run("rfc2544", measure, parser.parse_args())


if __name__ == "__main__":
    main()
