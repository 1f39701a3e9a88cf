#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Asks over a control socket at a steady rate until SIGTERM, then prints how often it was answered. What
was not asked in time, as so many answers were owed, is made up for.

  events.py stats SOCKET PER_SECOND    the statistics there are, in turn
  events.py taps SOCKET PER_SECOND     a tap is added, and removed
"""
import json
import select
import signal
import socket
import sys
import time

METHODS = {"stats": (b"stats", b"drops", b"ports", b"workers"), "taps": (b"tap-add", b"tap-del")}
BEHIND = 256  # answers that may be owed


def ask(s, kind, rate, stopped):
    """By the clock, whether the answers before are there or not: up to BEHIND of them. Count, seconds."""
    methods, sent, answered, part = METHODS[kind], 0, 0, b""
    start = time.monotonic()
    while answered < sent or not stopped or sent % len(methods) != 0:
        due = int((time.monotonic() - start) * rate) if not stopped else sent + sent % len(methods)
        for _ in range(sent, min(due, answered + BEHIND)):
            s.sendall(b'{"method": "%s"}\n' % methods[sent % len(methods)])
            sent += 1
        if not select.select([s], [], [], 1 / rate)[0]:
            continue
        *lines, part = (part + s.recv(1 << 20)).split(b"\n")
        for line in lines:
            if not line.startswith(b'{"result"'):
                sys.exit(f"events: {methods[answered % len(methods)].decode()}: {line.decode()}")
        answered += len(lines)
    return answered, time.monotonic() - start


def main():
    kind, path, rate = sys.argv[1], sys.argv[2], float(sys.argv[3])
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        count, seconds = ask(s, kind, rate, stopped)
    print(json.dumps({kind: count, f"{kind}_per_s": round(count / seconds)}))


if __name__ == "__main__":
    main()
