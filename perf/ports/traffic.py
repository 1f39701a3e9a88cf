#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends numbered packets at a steady rate from the TAP "in" to what lives at "out" and back, and
counts which of them arrive. On SIGTERM it sends no more, waits for those underway, and prints what
became of all. What the kernel or the daemon had no room for was sent as well, and is lost."""
import fcntl
import json
import select
import signal
import socket
import struct
import sys
import time

ETH_P_IP, PACKET_OUTGOING = 0x0800, 4
SO_RCVBUFFORCE, SIOCGIFHWADDR = 33, 0x8927
MAGIC = b"ovnetprf"
LENGTH = 114  # of a frame
BUFFER = 64 << 20
QUIET = 3  # seconds without a packet: no more will come
STEP = 0.002  # seconds between two looks
NET = 0x0AFF0000


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


class End:
    """One of the TAPs, from the kernel's side."""

    def __init__(self, iface, router, own, other):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        self.socket.bind((iface, ETH_P_IP))
        self.socket.setblocking(False)
        mac = fcntl.ioctl(self.socket, SIOCGIFHWADDR, struct.pack("256s", iface.encode()))[18:24]
        ip = struct.pack("!BBHHHBBHII", 0x45, 0, LENGTH - 14, 0, 0, 64, 17, 0, own, other)
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        udp = struct.pack("!4H", 20000, 5201, LENGTH - 34, 0)
        self.head = bytes.fromhex(router.replace(":", "")) + mac + b"\x08\0" + ip + udp + MAGIC
        self.sent = self.refused = self.received = self.twice = self.slowest = 0
        self.seen = bytearray()

    def send(self):
        stamp = struct.pack("!QQ", self.sent, time.monotonic_ns())
        self.sent += 1
        try:
            self.socket.send((self.head + stamp).ljust(LENGTH, b"."))
        except OSError:
            self.refused += 1

    def take(self, frame, kind):
        if kind == PACKET_OUTGOING or frame[42:50] != MAGIC:
            return
        number, at = struct.unpack_from("!QQ", frame, 50)
        if number >= len(self.seen):
            self.seen.extend(bytes(number + 1 - len(self.seen)))
        self.twice += self.seen[number]
        self.received += 1 - self.seen[number]
        self.seen[number] = 1
        self.slowest = max(self.slowest, time.monotonic_ns() - at)

    def receive(self):
        """Whether there was anything."""
        for count in range(1024):
            try:
                frame, address = self.socket.recvfrom(2048)
            except OSError:  # nothing there, or for the moment no device
                return count > 0
            self.take(frame, address[2])
        return True


def run(ends, rate, stopped):
    start, sent, told = time.monotonic(), 0, False
    while not stopped:
        due = int((time.monotonic() - start) * rate)
        for _ in range(sent, due):
            ends[sent % 2].send()
            sent += 1
        select.select([e.socket for e in ends], [], [], STEP)
        for end in ends:
            end.receive()
        if not told and all(e.received > 0 for e in ends):
            print("passing", flush=True)
            told = True


def drain(ends):
    last = time.monotonic()
    while time.monotonic() - last < QUIET:
        if sum(e.received for e in ends) == sum(e.sent for e in ends):
            return
        select.select([e.socket for e in ends], [], [], STEP)
        if any([e.receive() for e in ends]):
            last = time.monotonic()


def main():
    rate, router_in, router_out = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    ends = [End("in", router_in, NET + 7, NET + 70), End("out", router_out, NET + 70, NET + 7)]
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    run(ends, rate, stopped)
    drain(ends)
    total = {of: sum(getattr(e, of) for e in ends)
             for of in ("sent", "received", "refused", "twice")}
    print(json.dumps(total | {"slowest_ms": round(max(e.slowest for e in ends) / 1e6, 1)}))


if __name__ == "__main__":
    main()
