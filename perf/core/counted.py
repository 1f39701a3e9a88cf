#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints what ovnetd has counted by now, all of it of one moment: microseconds of the clock, packets
received by one port, packets and bytes sent by another, busy cycles, drops other than tx-full."""
import json
import socket
import sys
import time

METHODS = ("ports", "workers", "drops")


def ask(path):
    with socket.socket(socket.AF_UNIX) as s, s.makefile() as answers:
        s.connect(path)
        now = time.time_ns() // 1000
        # Together: they are answered without anything in between.
        s.sendall(b"".join(json.dumps({"method": m}).encode() + b"\n" for m in METHODS))
        return now, [json.loads(answers.readline())["result"] for _ in METHODS]


def main():
    path, came_by, left_by = sys.argv[1:]
    now, (ports, workers, drops) = ask(path)
    port = {p["name"]: p for p in ports}
    drops = drops["drops"] if isinstance(drops, dict) else drops
    print(now, port[came_by]["rx_packets"], port[left_by]["tx_packets"],
          port[left_by]["tx_bytes"], sum(w["busy_cycles"] for w in workers),
          sum(d["packets"] for d in drops if d["reason"] != "tx-full"))


if __name__ == "__main__":
    main()
