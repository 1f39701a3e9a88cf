#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Adds and removes ports over the control socket, as many as there are rounds, and prints what it did.
Some are there at a time; which one goes is chance. Each has to open, and to go."""
import json
import random
import socket
import sys
import time

ALIVE = 16
FIRST, ADDRESSES = 128, 120  # of 10.255.0.0/24


class Daemon:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.answers = self.socket.makefile()

    def ask(self, method, params):
        self.socket.sendall(json.dumps({"method": method, "params": params}).encode() + b"\n")
        answer = json.loads(self.answers.readline())
        if "result" not in answer:
            sys.exit(f"churn: {method} {params}: {answer.get('error', answer)}")
        return answer["result"]


def members(kind, name, folder):
    if kind == "tap":
        return {"driver": "tap"}
    if kind == "null":
        return {"driver": "dpdk", "devargs": f"net_null_{name},no-rx=1"}
    return {"driver": "vhost", "path": f"{folder}/{name}.sock", "server": "true"}


def add(daemon, number, name, kind, folder):
    params = {"name": name, "addresses": f"10.255.0.{FIRST + number % ADDRESSES}"}
    state = daemon.ask("port-add", params | members(kind, name, folder))["state"]
    if state != "open":
        sys.exit(f"churn: port {name} ({kind}) was added, but is '{state}'")


def main():
    path, folder, prefix, rounds = sys.argv[1:]
    daemon, alive, start = Daemon(path), [], time.monotonic()
    kinds = {"tap": 0, "null": 0, "vhost": 0}
    chance = random.Random(1)
    for number in range(int(rounds)):
        kind = list(kinds)[number % len(kinds)]
        kinds[kind] += 1
        add(daemon, number, f"{prefix}{number}", kind, folder)
        alive.append(f"{prefix}{number}")
        if len(alive) == ALIVE:
            daemon.ask("port-del", {"name": alive.pop(chance.randrange(ALIVE))})
    for name in alive:
        daemon.ask("port-del", {"name": name})
    print(json.dumps({"alive": ALIVE, "kinds": kinds,
                      "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
