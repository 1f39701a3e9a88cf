#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Compares what came out of a switch with what has to come, byte by byte, for every peer.

Of an outer header only the IP identification (with the checksum over it) and the source port are
the sender's own choice: the former may be any, the latter has to be in range and spread flows. Who
is a bridge, not a router, has some more (frames.py). Before its word counts, the check has to find
each single fault put into what it just accepted.
"""
import argparse
import struct
import sys

import frames


class Wrong(Exception):
    pass


def describe(number, peer, got, want):
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    return (f"frame {number} (peer {peer}) differs from byte {at} on: it has {len(got)} bytes,"
            f" {len(want)} are due\n  came {got[:128].hex()}\n  due  {want[:128].hex()}")


def number_of(case, frame):
    at = 42 + (frames.OVERHEAD if case.encap else 0)
    if len(frame) < at + 4:
        raise Wrong(f"a frame of {len(frame)} bytes that nobody sent: {frame.hex()}")
    return struct.unpack_from("!I", frame, at)[0]


def check_one(case, frame):
    """Its number; for encap also its source port."""
    number, port = number_of(case, frame), 0
    if number >= frames.FRAMES:
        raise Wrong(f"a frame that nobody sent: {frame[:128].hex()}")
    if case.encap:
        port, _ = frames.chosen(frame)
        if port not in frames.SOURCE_PORTS:
            raise Wrong(f"frame {number}: outer source port {port}")
    want = case.due(number, frame)
    if frame != want:
        raise Wrong(describe(number, case.peer(number), frame, want))
    return number, port


def check_all(case, got):
    """Each frame once, each as it has to be."""
    seen, ports = set(), set()
    for frame in got:
        number, port = check_one(case, frame)
        if number in seen:
            raise Wrong(f"frame {number} came twice")
        seen.add(number)
        ports.add(port)
    if len(seen) < frames.FRAMES:
        missing = next(n for n in range(frames.FRAMES) if n not in seen)
        raise Wrong(f"{frames.FRAMES - len(seen)} of {frames.FRAMES} frames did not come, the"
                    f" first is {missing} (peer {case.peer(missing)})")
    if case.encap and len(ports) < frames.FRAMES // 2:
        raise Wrong(f"{frames.FRAMES} flows share {len(ports)} outer source ports")


def faults(case, got):
    """What the check has to find, from no switching at all to one byte of one frame."""
    yield "frames are as they were sent", [case.sent(n) for n in range(frames.FRAMES)]
    yield "a frame is missing", got[1:]
    yield "a frame came twice", got + got[:1]
    yield "a frame took another's place", got[:-1] + got[:1]
    yield "a frame is cut short", [got[0][:-1]] + got[1:]
    yield "a frame is longer", [got[0] + b"\0"] + got[1:]
    for at in range(len(got[0])):
        if at in case.free():
            continue
        broken = bytearray(got[0])
        broken[at] ^= 0x80
        yield f"byte {at} is wrong", [bytes(broken)]


def finds_faults(case, got):
    for what, broken in faults(case, got):
        try:
            # A frame that is wrong by itself needs no others to be found.
            if len(broken) == 1:
                check_one(case, broken[0])
            else:
                check_all(case, broken)
        except Wrong:
            continue
        raise Wrong(f"the check itself is of no use: it does not see that {what}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pcap", help="what came out")
    parser.add_argument("path", choices=("encap", "decap"))
    parser.add_argument("size", help=f"{', '.join(frames.SIZES)}, or bytes")
    parser.add_argument("peers", type=int)
    parser.add_argument("--also", metavar="PCAP", help="and by another queue")
    parser.add_argument("--bridge", action="store_true", help="of a switch that is no router")
    frames.add_macs(parser)
    args = parser.parse_args()
    kind = frames.Bridged if args.bridge else frames.Frames
    pcaps = [args.pcap] + ([args.also] if args.also else [])
    try:
        case = kind(args.path, args.size, args.peers, args.in_mac, args.out_mac)
        got = [frame for pcap in pcaps for frame in frames.read_pcap(pcap)]
        check_all(case, got)
        finds_faults(case, got)
    except (Wrong, ValueError, OSError) as why:
        sys.exit(f"check: {args.path}, size {args.size}, {args.peers} peers: {why}")


if __name__ == "__main__":
    main()
