#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Numbered UDP datagrams in several flows at once: are they in order on arrival?

receive: prints "received out-of-order" once nothing came for a second. send: to a receiver.
"""
import argparse
import socket
import struct
import time

PORT = 7000


def receive():
    last, got, late = {}, 0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.bind(("0.0.0.0", PORT))
        s.settimeout(10)  # until the first one
        try:
            while True:
                flow, number = struct.unpack("!II", s.recv(2048)[:8])
                s.settimeout(1)
                got += 1
                late += number < last.get(flow, 0)
                last[flow] = max(number, last.get(flow, 0))
        except TimeoutError:
            print(got, late)


def send(to, flows, count, rate):
    socks = []
    for _ in range(flows):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.connect((to, PORT))
        socks.append(s)
    start = time.monotonic()
    for number in range(count):
        for flow, s in enumerate(socks):
            s.send(struct.pack("!II", flow, number) + bytes(200))
        time.sleep(max(0, start + number * flows / rate - time.monotonic()))


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--send", metavar="ADDRESS")
    p.add_argument("--flows", type=int, default=8)
    p.add_argument("--count", type=int, default=2500, help="datagrams of each flow")
    p.add_argument("--rate", type=int, default=30000, help="datagrams per second")
    a = p.parse_args()
    if a.send:
        send(a.send, a.flows, a.count, a.rate)
    else:
        receive()


main()
