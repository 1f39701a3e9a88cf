#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A switch between a trunk and an access port of one of its VLANs, in place of the kernel's VLAN
device, which not every kernel has: frames of TRUNK with that tag leave by ACCESS without it, those of
ACCESS leave by TRUNK with it, nothing else passes.

usage: trunk.py TRUNK ACCESS VID"""
import select
import socket
import struct
import sys

ETH_P_ALL, TYPE, MACS, LARGEST = 3, 0x8100, 12, 70000
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
AUXDATA = struct.Struct("IIIHHHH")  # of <linux/if_packet.h>: the kernel takes tags off what it receives
VLAN_VALID = 1 << 4
SO_RCVBUFFORCE = 33


def door(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    s.bind((name, ETH_P_ALL))
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    return s


def receive(s):
    """A frame, or None of our own sending; the tag it had, or None."""
    frame, control, _, address = s.recvmsg(LARGEST, 128)
    if address[2] == PACKET_OUTGOING:
        return None, None
    for level, kind, data in control:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, *_, tci, tpid = AUXDATA.unpack(data[:AUXDATA.size])
            if status & VLAN_VALID:
                return frame, (tpid, tci)
    return frame, None


def main(trunk, access, vid):
    tag = struct.pack("!HH", TYPE, vid)
    while True:
        for s in select.select([trunk, access], [], [])[0]:
            frame, had = receive(s)
            if frame is None:
                continue
            if s is access and had is None:
                trunk.send(frame[:MACS] + tag + frame[MACS:])
            elif s is trunk and had == (TYPE, vid):
                access.send(frame)


main(door(sys.argv[1]), door(sys.argv[2]), int(sys.argv[3]))
