#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends whole frames that nobody honest would, by a packet socket in the sender's namespace.

Every layer's addresses are given, so each can be a lie on its own: Ethernet, the outer header
(vxlan and udp), VXLAN, the inner Ethernet and IP header. Inside is UDP to the discard port.
"""
import argparse
import ipaddress
import socket
import struct

ETHERTYPE = {4: 0x0800, 6: 0x86DD}


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_udp(src, dst, dport, payload, tos):
    """(version, IP packet)"""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    length = 8 + len(payload)
    head = struct.pack("!4H", 40000, dport, length, 0)
    pseudo = src.packed + dst.packed + struct.pack("!IHBB", length, 0, 0, 17)
    if src.version == 4:
        pseudo = src.packed + dst.packed + struct.pack("!BBH", 0, 17, length)
    total = checksum(pseudo + head + payload) or 0xFFFF
    datagram = head[:6] + struct.pack("!H", total) + payload
    if src.version == 6:
        return 6, struct.pack("!IHBB", 6 << 28 | tos << 20, length, 17, 64) + src.packed + \
            dst.packed + datagram
    ip = struct.pack("!2B3H2BH", 0x45, tos, 20 + length, 1, 0, 64, 17, 0) + src.packed + dst.packed
    return 4, ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + datagram


def frame(a):
    version, packet = ip_udp(a.inner_src, a.inner_dst, 9, bytes(64), a.tos)
    if a.tunnel == "vxlan":
        packet = struct.pack("!II", a.flags << 24, a.vni << 8) + mac(a.inner_mac) + \
            mac("020000000001") + struct.pack("!H", ETHERTYPE[version]) + packet
    if a.tunnel != "none":
        port = {"vxlan": 8472, "udp": 8285}[a.tunnel]
        version, packet = ip_udp(a.outer_src, a.outer_dst, port, packet, a.outer_tos)
    if a.damage:
        packet = packet[:1] + bytes((packet[1] ^ 3,)) + packet[2:]
    return mac(a.eth_dst) + mac(a.eth_src) + struct.pack("!H", ETHERTYPE[version]) + packet


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--eth-src", "--eth-dst", "--inner-src", "--inner-dst"):
        p.add_argument(name, required=True)
    p.add_argument("--tunnel", choices=("vxlan", "udp", "none"), required=True)
    p.add_argument("--outer-src")
    p.add_argument("--outer-dst")
    p.add_argument("--inner-mac", help="the inner destination MAC")
    p.add_argument("--vni", type=int, default=1)
    p.add_argument("--flags", type=int, default=8)
    p.add_argument("--tos", type=int, default=0, help="of the inner header")
    p.add_argument("--outer-tos", type=int, default=0)
    p.add_argument("--damage", action="store_true",
                   help="flip the first header's ECN bits behind its checksum's back")
    p.add_argument("--dev", default="eth0")
    p.add_argument("--count", type=int, default=1)
    args = p.parse_args()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((args.dev, 0))
        for _ in range(args.count):
            s.send(frame(args))


main()
