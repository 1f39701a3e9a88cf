#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A datagram, and the next one when its answer is there: how many microseconds each took.

answered.py answer PORT, answered.py ask ADDRESS PORT SECONDS
"""
import json
import socket
import sys
import time

SIZE = 64


def answer(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", port))
    while True:
        data, who = s.recvfrom(2048)
        s.sendto(data, who)


def ask(address, port, seconds):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((address, port))
    s.settimeout(1)
    took, lost, number = [], 0, 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        number += 1
        data = number.to_bytes(8, "big") * (SIZE // 8)
        start = time.perf_counter_ns()
        try:
            s.send(data)
            while s.recv(2048) != data:
                pass
        except (TimeoutError, ConnectionRefusedError):
            lost += 1
            time.sleep(0.05)
            continue
        took.append((time.perf_counter_ns() - start) / 1000)
    if not took:
        sys.exit("no answer came")
    took.sort()
    print(json.dumps({"n": len(took), "lost": lost, "p50": round(took[len(took) // 2], 1),
                      "p99": round(took[len(took) * 99 // 100], 1),
                      "per_second": round(len(took) / seconds)}))


if __name__ == "__main__":
    if sys.argv[1] == "answer":
        answer(int(sys.argv[2]))
    else:
        ask(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
