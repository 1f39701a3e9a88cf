#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A host of flannel's udp backend, for the tests: run it in the host's namespace.

The bare inner IPv4 packet in UDP, from and to the same port, DF set by the socket's path MTU
discovery; the TTL counts down on the way out and again on the way in, a packet whose TTL is used
up vanishes; whatever is sent to the socket goes to the TUN. Leases are read from a file whenever
it changes: "10.5.7.0/24 10.168.0.12 ..." per line.
"""
import fcntl
import ipaddress
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000


def tun_open(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def ttl_down(packet):
    """The packet with its TTL one less, None if it is used up."""
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[8] <= 1:
        return None
    out = bytearray(packet)
    out[8] -= 1
    total = struct.unpack_from("!H", out, 10)[0] + 0x100
    struct.pack_into("!H", out, 10, (total & 0xFFFF) + (total >> 16))
    return out


class Leases:
    def __init__(self, path):
        self.path, self.stamp, self.peers = path, None, []

    def find(self, packet):
        stamp = os.stat(self.path).st_mtime_ns
        if stamp != self.stamp:
            with open(self.path, encoding="ascii") as f:
                rows = [line.split() for line in f]
            self.peers = [(ipaddress.ip_network(r[0]), r[1]) for r in rows]
            self.stamp = stamp
        target = ipaddress.ip_address(bytes(packet[16:20]))
        return next((ip for net, ip in self.peers if target in net), None)


def main():
    device, address, port, leases = sys.argv[1], sys.argv[2], int(sys.argv[3]), Leases(sys.argv[4])
    tun = tun_open(device)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, port))
    print("ready", flush=True)
    while True:
        readable, _, _ = select.select([tun, sock], [], [])
        if tun in readable:
            packet = ttl_down(os.read(tun, 65536))
            peer = leases.find(packet) if packet else None
            if peer is not None:
                try:
                    sock.sendto(packet, (peer, port))
                except OSError as e:
                    print(f"to {peer}: {e}", file=sys.stderr)
        if sock in readable:
            packet = ttl_down(sock.recv(1472))
            if packet is not None:
                os.write(tun, packet)


if __name__ == "__main__":
    main()
