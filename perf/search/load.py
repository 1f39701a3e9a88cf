# SPDX-License-Identifier: BSD-3-Clause
"""A contender with its generator: trials, those apart in which the machine was away."""
import argparse
import json
import os
import select
import signal
import sys

from halving import highest
from machine import Watch, busiest

AWAY_US = 100  # in which the worker did not run; the generator's own gaps are as long
ANSWER_S = 60  # beside what a trial takes by itself


class Failed(Exception):
    pass


class Load:
    """perf/load/load, which is there already, by two FIFOs."""

    def __init__(self, commands, answers):
        self.to = open(commands, "w", encoding="ascii")
        self.answers = open(answers, encoding="ascii")

    def read(self, seconds):
        # Whoever started it has its FIFOs open as well, so its end does not end them.
        if not select.select([self.answers], [], [], seconds)[0]:
            raise Failed("load: the generator does not answer, its log may say why")
        answer = json.loads(self.answers.readline())
        if "error" in answer:
            raise Failed(f"load: {answer['error']}")
        return answer

    def ask(self, command):
        word, _, number = command.partition(" ")
        self.to.write(command + "\n")
        self.to.flush()
        return self.read(ANSWER_S + (float(number) if word == "run" else 0))


class Contender:
    """Its processes stand still unless it is measured."""

    def __init__(self, name, pids, commands, answers):
        self.name, self.pids = name, pids
        self.worker = busiest(pids) if pids else None
        self.load = Load(commands, answers)
        self.trials = self.disturbed = 0
        self.still = False
        self.stand_still()

    def signal(self, number):
        for pid in self.pids:
            os.kill(pid, number)

    def stand_still(self):
        if not self.still:
            self.signal(signal.SIGSTOP)
        self.still = True

    def go_on(self):
        if self.still:
            self.signal(signal.SIGCONT)
        self.still = False

    def trial(self, command):
        """One, as load has it, with `machine`, and `away`: was it?"""
        watch = Watch(self.worker)
        got = self.load.ask(command)
        got["machine"] = watch.missing()
        got["away"] = (got["stolen_count"] > 0 or got["machine"]["steal_us"] > 0
                       or got["machine"]["worker_waited_us"] > AWAY_US)
        self.trials += 1
        self.disturbed += got["away"]
        if got["corrupt"] or got["doubled"]:
            raise Failed(f"{self.name}: {got['corrupt']} frames are not what they have to be,"
                         f" {got['doubled']} came twice: {json.dumps(got)[:800]}")
        return got

    def lossless(self, command, repeats):
        """A trial; one that lost frames, or did not keep its rate, while the machine was away is
        repeated. The last one, with `repeated`."""
        for repeated in range(repeats + 1):
            got = self.trial(command)
            got["repeated"] = repeated
            held = got["skipped"] <= 0.01 * got["sent"]
            if not got["away"] or (got["lost"] == 0 and held):
                break
        return got


def short(got):
    """Of a trial, what goes into JSON: its lists may be long."""
    keep = ("sent", "received", "lost", "refused", "skipped", "asked_pps", "rate_pps", "seconds",
            "latency_us", "stolen_count", "holes_count", "machine", "away", "repeated")
    return {key: got[key] for key in keep if key in got}


def say(text):
    print(text, file=sys.stderr, flush=True)


def no_drop(contender, seconds, precision, repeats):
    """The highest rate at which nothing is lost, and what was tried. First what it forwards at most: it is
    somewhere below that, or a little above where it needs the queues for that."""
    tried = []

    def passes(rate):
        contender.load.ask(f"rate {rate:.0f}")
        got = contender.lossless(f"run {seconds}", repeats)
        tried.append(short(got))
        return got["lost"] == 0

    contender.load.ask("rate 0")
    got = contender.trial(f"run {min(seconds, 1)}")
    most = got["received"] / got["seconds"]
    highest(passes, 0.6 * most, 1.15 * most, precision)
    good = max((t for t in tried if t["lost"] == 0), key=lambda t: t["rate_pps"], default=None)
    if not good:
        raise Failed(f"{contender.name}: frames are lost at any rate: {json.dumps(tried[-1])}")
    return good["rate_pps"], most, tried


def arguments(description, trial, precision):
    """A parser with what all searches take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("contenders", help="file: a list of name, pids, commands, answers")
    parser.add_argument("--what", default="", help="in messages")
    parser.add_argument("--trial", type=float, default=trial, help="seconds")
    parser.add_argument("--precision", type=float, default=precision, help="of a rate, a share")
    parser.add_argument("--repeats", type=int, default=3, help="of what was disturbed")
    return parser


def run(bench, measure, args):
    """measure(contenders, args), which prints rows. Whatever comes of it, nobody stands still then."""
    with open(args.contenders, encoding="ascii") as f:
        contenders = [Contender(**one) for one in json.load(f)]
    try:
        measure(contenders, args)
    except Failed as why:
        sys.exit(f"{bench}: {args.what}: {why}")
    finally:
        for c in contenders:
            c.go_on()
