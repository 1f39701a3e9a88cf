#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints what ovnetd has counted by now, all of it of one moment: microseconds of the clock, packets
received by some ports, packets and bytes sent by others, busy cycles, drops other than of a full
sink. With seconds, the same again after them: to start this program takes more than some can spare."""
import json
import socket
import sys
import time

METHODS = ("ports", "workers", "drops")
FULL = ("tx-full", "device-missed")  # the latter: of a guest's ring, the same packets again


def ask(path):
    with socket.socket(socket.AF_UNIX) as s, s.makefile() as answers:
        s.connect(path)
        now = time.time_ns() // 1000
        # Together: they are answered without anything in between.
        s.sendall(b"".join(json.dumps({"method": m}).encode() + b"\n" for m in METHODS))
        return now, [json.loads(answers.readline())["result"] for _ in METHODS]


def counted(path, came_by, left_by):
    now, (ports, workers, drops) = ask(path)
    port = {p["name"]: p for p in ports}
    drops = drops["drops"] if isinstance(drops, dict) else drops
    return (now, sum(port[p]["rx_packets"] for p in came_by),
            sum(port[p]["tx_packets"] for p in left_by),
            sum(port[p]["tx_bytes"] for p in left_by), sum(w["busy_cycles"] for w in workers),
            sum(d["packets"] for d in drops if d["reason"] not in FULL))


def main():
    asked = sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(",")
    print(*counted(*asked), flush=True)
    for seconds in sys.argv[4:]:
        time.sleep(float(seconds))
        print(*counted(*asked), flush=True)


if __name__ == "__main__":
    main()
