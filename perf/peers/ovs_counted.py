#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Prints what ovs-vswitchd has counted by now: microseconds of the clock, packets its poll-mode thread
received, packets and bytes sent by some ports, cycles spent on packets, packets lost for want of a flow.
With seconds, the same again after them."""
import json
import re
import socket
import sys
import time


class Daemon:
    """JSON-RPC as ovs-appctl speaks it; a process for each question would take longer than the answer."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def ask(self, method, *params):
        self.socket.sendall(json.dumps({"id": 0, "method": method, "params": params}).encode())
        data = b""
        while True:
            data += self.socket.recv(1 << 20)
            try:
                answer = json.loads(data)
            except ValueError:
                continue  # there is more to come
            if answer["error"]:
                sys.exit(f"ovs_counted: {method}: {answer['error']}")
            return answer["result"]


def number(pattern, text):
    return int(re.search(pattern, text).group(1))


def signed(cycles):
    """It takes the 32 lowest bits of a round's length for a signed number: whoever stood still in one for
    seconds may have less than before, even less than none. What comes behind that is right."""
    return cycles - (1 << 64) if cycles >> 63 else cycles


def sent(ports, name):
    port = re.search(rf"^  port \d+: {name} \(.*?(?=^  port|\Z)", ports, re.M | re.S).group(0)
    return number(r"TX packets:(\d+)", port), number(r"TX bytes:(\d+)", port)


def counted(daemon, names):
    now = time.time_ns() // 1000
    pmd = daemon.ask("dpif-netdev/pmd-stats-show")
    ports = daemon.ask("dpctl/show", "-s")
    pmd = pmd[pmd.index("pmd thread"):pmd.index("main thread:")]
    packets, octets = map(sum, zip(*(sent(ports, name) for name in names)))
    return (now, number(r"packets received: (\d+)", pmd), packets, octets,
            signed(number(r"processing cycles: (\d+)", pmd)),
            number(r"miss with failed upcall: (\d+)", pmd))


def main():
    daemon, names = Daemon(sys.argv[1]), sys.argv[2].split(",")
    print(*counted(daemon, names), flush=True)
    for seconds in sys.argv[3:]:
        time.sleep(float(seconds))
        print(*counted(daemon, names), flush=True)


if __name__ == "__main__":
    main()
