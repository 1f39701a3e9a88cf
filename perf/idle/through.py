#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Single packets into one device, and how long after that they come out of another one, by the kernel's
timestamps at both: through.py NS DEVICE NS DEVICE ADDRESS PACKETS"""
import ctypes
import json
import os
import socket
import struct
import sys
import time

ETH_P_ALL, SO_TIMESTAMPNS = 3, 35
CLONE_NEWNET = 0x40000000
MAGIC = b"ovnetidl"
SPACING = 0.01  # seconds; longer than any worker waits awake
PORT, OVERLAY_PORT = 7300, 8472
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    with open(f"/run/netns/{namespace}", encoding="ascii") as f:
        if libc.setns(f.fileno(), CLONE_NEWNET) != 0:
            sys.exit(f"cannot enter {namespace}: {os.strerror(ctypes.get_errno())}")


def tap(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.bind((device, ETH_P_ALL))
    s.settimeout(1)
    return s


def stamp(s, number):
    """When that packet passed, in nanoseconds; None: it does not come."""
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            data, about, _, _ = s.recvmsg(2048, 64)
        except TimeoutError:
            return None
        at = data.find(MAGIC)
        if at < 0 or int.from_bytes(data[at + 8:at + 16], "big") != number:
            continue
        seconds, ns = struct.unpack("qq", about[0][2])
        return seconds * 10**9 + ns
    return None


def main():
    ns_in, device_in, ns_out, device_out, address, packets = sys.argv[1:]
    enter(ns_out)
    out = tap(device_out)
    # Nobody is to say that there is nobody.
    deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deaf.bind(("0.0.0.0", OVERLAY_PORT))
    enter(ns_in)
    came = tap(device_in)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    took, lost = [], 0
    for number in range(int(packets)):
        sender.sendto(MAGIC + number.to_bytes(8, "big"), (address, PORT))
        a, b = stamp(came, number), stamp(out, number)
        if a is None or b is None:
            lost += 1
        else:
            took.append((b - a) / 1000)
        time.sleep(SPACING)
    if not took:
        sys.exit("no packet came through")
    took.sort()
    print(json.dumps({"packets": int(packets), "lost": lost, "p50": round(took[len(took) // 2], 1),
                      "p99": round(took[len(took) * 99 // 100], 1)}))


if __name__ == "__main__":
    main()
