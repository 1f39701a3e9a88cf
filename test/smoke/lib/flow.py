#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A steady flow of numbered UDP datagrams: is one lost, duplicated or out of order?

send ADDRESS PORT RATE: until SIGTERM; then prints how many, and for how many seconds.
receive PORT: until SIGTERM; then prints, as JSON, what arrived.
"""
import json
import signal
import socket
import struct
import sys
import time

BURST_S = 0.002  # a wakeup each: finer pacing costs more than the packets do
SO_RCVBUFFORCE = 33


def send(to, port, rate):
    number, refused, start, over = 0, 0, time.monotonic(), []
    # Not in the middle of one, which would be sent and not counted.
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((to, port))
        while not over:
            due = int((time.monotonic() - start) * rate)
            # After a stall it catches up a few bursts per wakeup: what is under test is the
            # overlay, not the queue of the pod's device.
            for _ in range(min(due - number, int(rate * BURST_S) * 4)):
                try:
                    s.send(struct.pack("!Q", number) + bytes(200))
                except OSError:
                    refused += 1  # by an ICMP error: lost
                number += 1
            time.sleep(BURST_S)
    print(json.dumps({"sent": number, "refused": refused, "seconds": time.monotonic() - start}))


def receive(port):
    seen, last, gap, over = bytearray(), -1, 0.0, []
    got = {"received": 0, "duplicated": 0, "reordered": 0}
    # What has come by then is counted, however busy the machine: until nothing more comes.
    signal.signal(signal.SIGTERM, lambda *_: over.append(True))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        s.settimeout(0.2)
        s.bind(("0.0.0.0", port))
        then = None
        while True:
            try:
                (number,) = struct.unpack_from("!Q", s.recv(2048))
            except TimeoutError:
                if over:
                    break
                continue
            now = time.monotonic()
            gap, then = max(gap, now - (then or now)), now
            if number >= len(seen):
                seen.extend(bytes(number + 100000 - len(seen)))
            got["received"] += 1
            got["duplicated"] += seen[number]
            got["reordered"] += number < last and not seen[number]
            seen[number], last = 1, max(number, last)
    distinct = got["received"] - got["duplicated"]
    print(json.dumps({**got, "distinct": distinct, "gap_ms": int(gap * 1000)}))


if sys.argv[1] == "send":
    send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    receive(int(sys.argv[2]))
