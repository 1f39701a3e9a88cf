#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long a process that does nothing else takes from a write to its pipe, on another CPU, until it
runs: what of a sleeping worker's time is the machine's, virtual ones most of all. bare.py TIMES"""
import json
import os
import select
import signal
import sys
import time

SPACING = 0.01  # seconds; as between packets


def sleeper(pipe, answers, cpu):
    os.sched_setaffinity(0, {cpu})
    waits = select.epoll()
    waits.register(pipe, select.EPOLLIN)
    while True:
        waits.poll()
        woken = time.monotonic_ns()
        written = int.from_bytes(os.read(pipe, 8), "big")
        os.write(answers, (woken - written).to_bytes(8, "big"))


def main():
    cpus = sorted(os.sched_getaffinity(0))
    (pipe, to_sleeper), (answers, to_us) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        sleeper(pipe, to_us, cpus[-1])
    os.sched_setaffinity(0, {cpus[0]})
    took = []
    try:
        for _ in range(int(sys.argv[1])):
            os.write(to_sleeper, time.monotonic_ns().to_bytes(8, "big"))
            took.append(int.from_bytes(os.read(answers, 8), "big") / 1000)
            time.sleep(SPACING)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    took.sort()
    print(json.dumps({"p50": round(took[len(took) // 2], 1),
                      "p99": round(took[len(took) * 99 // 100], 1)}))


if __name__ == "__main__":
    main()
