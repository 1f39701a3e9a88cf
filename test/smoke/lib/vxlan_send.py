#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends VXLAN packets that a healthy peer would not: run it in the sending host's namespace.

The kernel makes the outer Ethernet and IPv4 headers, everything from UDP on is made here, so
each field can be wrong on its own.
"""
import argparse
import socket
import struct


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def inner_ip(args):
    """An IPv4 packet with UDP to the discard port, not to be fragmented."""
    payload = bytes(args.size)
    udp = struct.pack("!4H", 40000, 9, 8 + len(payload), 0)
    head = struct.pack("!2B3H2BH4s4s", 0x45, 0, 28 + len(payload), 1, 0x4000, 64, 17, 0,
                       socket.inet_aton(args.inner_src), socket.inet_aton(args.inner_dst))
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + udp + payload


def packet(args):
    mac = bytes.fromhex(args.inner_mac.replace(":", ""))
    inner = mac + bytes.fromhex("020000000001") + struct.pack("!H", args.ethertype) + inner_ip(args)
    vxlan = struct.pack("!II", args.flags << 24, args.vni << 8)
    body = (vxlan + inner)[:args.cut]
    length = 8 + len(body) if args.udp_length is None else args.udp_length
    return struct.pack("!4H", 50000, 8472, length, 0) + body


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--to", required=True, help="the receiving host")
    p.add_argument("--inner-mac", required=True)
    p.add_argument("--inner-src", required=True)
    p.add_argument("--inner-dst", required=True)
    p.add_argument("--vni", type=int, default=1)
    p.add_argument("--flags", type=lambda s: int(s, 0), default=0x08)
    p.add_argument("--ethertype", type=lambda s: int(s, 0), default=0x0800)
    p.add_argument("--size", type=int, default=64, help="bytes in the inner UDP packet")
    p.add_argument("--cut", type=int, help="bytes to keep behind the outer UDP header")
    p.add_argument("--udp-length", type=int, help="what the outer UDP header claims")
    p.add_argument("--count", type=int, default=1)
    args = p.parse_args()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as s:
        for _ in range(args.count):
            s.sendto(packet(args), (args.to, 0))


main()
