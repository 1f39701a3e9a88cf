#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Sends broken packets by the thousand, the same ones for the same seed.

wire: whole frames with mutated VXLAN packets by a packet socket on the sender's interface.
host: packets of any kind into a host device, past the kernel's own checks.
"""
import argparse
import random
import socket
import struct
import time

ETH_P_IP, ETH_P_IPV6 = 0x0800, 0x86DD
ODD = (0, 1, 7, 8, 14, 19, 20, 29, 30, 49, 50, 0x7FFF, 0x8000, 0xFFFF)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def ip4(src, dst, payload, proto=17, options=b"", frag=0):
    head = struct.pack("!2B3H2BH4s4s", 0x45 + len(options) // 4, 0,
                       20 + len(options) + len(payload), 7, frag, 64, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(sport, dport, payload):
    return struct.pack("!4H", sport, dport, 8 + len(payload), 0) + payload


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def options(r):
    return r.choice((b"", b"", b"\x01" * 4, b"\x01" * 40, r.randbytes(4 * r.randrange(11))))


def body(r, largest):
    return r.randbytes(r.choice((0, 1, 4, r.randrange(100), r.randrange(100), r.randrange(1400),
                                 largest)))


def mutate(r, data, start):
    """A few changes somewhere behind `start`."""
    data = bytearray(data)
    for _ in range(r.choice((0, 1, 1, 1, 2, 4))):
        end = min(len(data), start + 110)
        if end - start < 3:
            break
        at = r.randrange(start, end - 1)
        kind = r.randrange(7)
        if kind == 0:
            data[at] = r.randrange(256)
        elif kind == 1:
            data[at] ^= 1 << r.randrange(8)
        elif kind == 2:
            data[at:at + 2] = struct.pack("!H", r.choice(ODD))
        elif kind == 3:
            del data[r.randrange(start, len(data)):]
        elif kind == 4:
            data += r.randbytes(r.randrange(1, 60))
        elif kind == 5:
            data[at:at] = r.randbytes(r.choice((1, 2, 4, 8)))
        else:
            del data[at:at + r.choice((1, 2, 4, 8))]
    return bytes(data)


def frame(r, a):
    """One frame, somewhere between sound and noise."""
    inner = ip4(a.inner_src, a.inner_dst, udp(r.randrange(65536), 9, body(r, a.largest - 100)),
                options=options(r), frag=r.choice((0, 0, 0, 0x2000, 1, 0x4000)))
    tag = r.choice((b"",) * 12 + (b"\x81\0\0\1", b"\x88\xa8\0\1\x81\0\0\1"))
    vxlan = struct.pack("!II", 0x08 << 24, 1 << 8) + mac(a.inner_mac) + mac("020000000001")
    vxlan += r.choice((b"",) * 12 + (b"\x81\0\0\1",)) + struct.pack("!H", ETH_P_IP) + inner
    if r.randrange(20) == 0:
        vxlan = r.randbytes(r.randrange(200))
    datagram = udp(r.randrange(32768, 61000), 8472, vxlan)
    where = r.choice(("outer", "udp", "inner", "inner", "none"))
    if where == "inner":
        datagram = mutate(r, datagram, 16)
    elif where == "udp":
        datagram = mutate(r, datagram, 4)
    packet = ip4(a.outer_src, a.to, datagram, options=options(r) if r.randrange(4) == 0 else b"",
                 frag=r.choice((0,) * 12 + (0x4000, 0x2000, 100)))
    if where == "outer":
        packet = mutate(r, packet, 0)
    return (mac(a.dst_mac) + mac(a.src_mac) + tag + struct.pack("!H", ETH_P_IP)
            + packet)[:a.largest + 14]


def host_packet(r, a):
    """An IP packet as no kernel would send it; now and then a good one."""
    if r.randrange(8) == 0:
        return ETH_P_IPV6, mutate(r, b"\x60" + r.randbytes(r.randrange(200)), 0)
    if r.randrange(12) == 0:
        return ETH_P_IP, r.randbytes(r.randrange(1, 64))
    src, dst = a.inner_src, r.choice((a.inner_dst, a.inner_dst, a.inner_dst, "10.5.251.9",
                                      "255.255.255.255", "224.0.0.1", "0.0.0.0", a.inner_src))
    payload = r.choice((udp(r.randrange(65536), 9, body(r, a.largest - 68)), r.randbytes(7), b""))
    packet = ip4(src, dst, payload, proto=r.choice((17, 17, 17, 6, 1, 132, 4, 255)),
                 options=options(r), frag=r.choice((0, 0, 0, 0x2000, 0x4000, 1, 0x1FFF)))
    return ETH_P_IP, mutate(r, packet[:a.largest], r.choice((0, 20)))[:a.largest]


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("where", choices=("wire", "host"))
    p.add_argument("--dev", required=True)
    p.add_argument("--count", type=int, default=20000)
    p.add_argument("--rate", type=int, default=20000, help="packets per second at most")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--largest", type=int, default=1500, help="bytes of IP")
    for name in ("inner-src", "inner-dst", "inner-mac", "outer-src", "to", "dst-mac", "src-mac"):
        p.add_argument(f"--{name}", default="")
    a = p.parse_args()
    r, sent = random.Random(a.seed), 0
    kind = socket.SOCK_RAW if a.where == "wire" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_PACKET, kind) as s:
        s.bind((a.dev, 0))
        start = time.monotonic()
        for i in range(a.count):
            try:
                if a.where == "wire":
                    s.send(frame(r, a))
                else:
                    proto, data = host_packet(r, a)
                    s.sendto(data, (a.dev, proto))
                sent += 1
            except OSError:
                pass  # the kernel refused that one: too short or too long for the device
            if i % 50 == 0:
                time.sleep(max(0, start + i / a.rate - time.monotonic()))
    print(sent)


main()
