#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints what ovnetd has counted by now, all of it of one moment: TSC cycles of its workers (their mean),
packets received by some ports, packets and bytes sent by others, drops."""
import json
import socket
import sys

METHODS = ("ports", "workers", "drops")


def ask(path):
    with socket.socket(socket.AF_UNIX) as s, s.makefile() as answers:
        s.connect(path)
        # Together: they are answered without anything in between.
        s.sendall(b"".join(json.dumps({"method": m}).encode() + b"\n" for m in METHODS))
        return [json.loads(answers.readline())["result"] for _ in METHODS]


def main():
    path, came_by, left_by = sys.argv[1:]
    ports, workers, drops = ask(path)
    port = {p["name"]: p for p in ports}
    drops = drops["drops"] if isinstance(drops, dict) else drops

    def sum_of(names, member):
        return sum(port[name][member] for name in names.split(","))

    # Workers that poll count all the time there is: the clock of those who count the packets, which
    # does not depend on when somebody who shares their CPU gets to ask.
    print(sum(w["total_cycles"] for w in workers) / len(workers), sum_of(came_by, "rx_packets"),
          sum_of(left_by, "tx_packets"), sum_of(left_by, "tx_bytes"),
          sum(d["packets"] for d in drops))


if __name__ == "__main__":
    main()
