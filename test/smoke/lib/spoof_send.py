#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends whole frames that nobody honest would, by a packet socket in the sender's namespace.

Every layer's addresses are given, so each can be a lie on its own: Ethernet, the outer header
(vxlan and udp), VXLAN, the inner Ethernet and IP header. Inside is UDP to the discard port, or to
another one, ping, ARP, neighbour discovery, a router's advertisement.
"""
import argparse
import ipaddress
import socket
import struct
import sys

ETHERTYPE = {4: 0x0800, 6: 0x86DD}


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_udp(src, dst, ports, payload, tos):
    """(version, IP packet)"""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    length = 8 + len(payload)
    head = struct.pack("!4H", *ports, length, 0)
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


def ip_echo(src, dst, number):
    """(4, an ICMP echo request), as ping has it."""
    src, dst = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    icmp = struct.pack("!BBHHH", 8, 0, 0, 9, number) + bytes(56)
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    ip = struct.pack("!2B3H2BH", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0) + src.packed + dst.packed
    return 4, ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + icmp


def neighbour(a):
    """(Ethernet type, what says that inner_src is at inner_mac): an ARP request, an advertisement."""
    src, dst = ipaddress.ip_address(a.inner_src), ipaddress.ip_address(a.inner_dst)
    here = mac(a.inner_mac or a.eth_src)
    if src.version == 4:
        return 0x0806, struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + here + src.packed + bytes(6) + \
            dst.packed
    return 0x86DD, discovery(src, dst, struct.pack("!BBHI", 136, 0, 0, 0x20000000) + src.packed +
                             b"\x02\x01" + here)


def router(a):
    """An advertisement by inner_src, to whoever believes it: a default router for half an hour."""
    src, dst = ipaddress.ip_address(a.inner_src), ipaddress.ip_address(a.inner_dst)
    return 0x86DD, discovery(src, dst, struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) +
                             b"\x01\x01" + mac(a.inner_mac or a.eth_src))


def discovery(src, dst, icmp):
    head = src.packed + dst.packed
    total = checksum(head + struct.pack("!II", len(icmp), 58) + icmp)
    return struct.pack("!IHBB", 6 << 28, len(icmp), 58, 255) + head + icmp[:2] + \
        struct.pack("!H", total) + icmp[4:]


# A datagram longer than the one before is merged with none: what is counted is what was sent.
def frame(a, number=0):
    if a.neighbour or a.router:
        ethertype, packet = router(a) if a.router else neighbour(a)
        return mac(a.eth_dst) + mac(a.eth_src) + struct.pack("!H", ethertype) + packet
    if a.echo:
        version, packet = ip_echo(a.inner_src, a.inner_dst, number)
    else:
        version, packet = ip_udp(a.inner_src, a.inner_dst, (a.sport, a.dport), bytes(64 + 2 * number), a.tos)
    if a.tunnel == "vxlan":
        packet = struct.pack("!II", a.flags << 24, a.vni << 8) + mac(a.inner_mac) + \
            mac("020000000001") + struct.pack("!H", ETHERTYPE[version]) + packet
    if a.tunnel != "none":
        port = a.outer_port or {"vxlan": 8472, "udp": 8285}[a.tunnel]
        version, packet = ip_udp(a.outer_src, a.outer_dst, (40000, port), packet, a.outer_tos)
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
    p.add_argument("--inner-mac", help="the inner destination MAC, or a neighbour's")
    p.add_argument("--neighbour", action="store_true", help="ARP or neighbour discovery, no packet")
    p.add_argument("--router", action="store_true", help="a router's advertisement, no packet")
    p.add_argument("--echo", action="store_true", help="ICMP echo requests, no UDP; IPv4")
    p.add_argument("--outer-port", type=int, help="instead of the tunnel's own")
    p.add_argument("--sport", type=int, default=40000)
    p.add_argument("--dport", type=int, default=9)
    p.add_argument("--vni", type=int, default=1)
    p.add_argument("--flags", type=int, default=8)
    p.add_argument("--tos", type=int, default=0, help="of the inner header")
    p.add_argument("--outer-tos", type=int, default=0)
    p.add_argument("--damage", action="store_true",
                   help="flip the first header's ECN bits behind its checksum's back")
    p.add_argument("--dev", default="eth0")
    p.add_argument("--count", type=int, default=1)
    p.add_argument("--more", action="store_true",
                   help="frames by the lines of stdin: options that replace those given here")
    p.add_argument("--print", action="store_true",
                   help="in hexadecimal digits, a line each and once, instead of sending")
    args = p.parse_args()
    every = [p.parse_args(sys.argv[1:] + line.split()) for line in sys.stdin] if args.more else [args]
    if args.print:
        for one in every:
            print(frame(one).hex())
        return
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((args.dev, 0))
        for one in every:
            for number in range(one.count):
                s.send(frame(one, number))


main()
