#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what a case of `scale` needs into a folder: leases, those with which they take turns, and for
each generator its frames. Prints the mean length of what has to come of them."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "core"))
import frames  # noqa: E402
import make  # noqa: E402

PEERS = 4096
CHANGING = 512  # leases that come and go, and as many used ones whose node gets another MAC address
SIDES = ("10.255.0.0/25", "10.255.0.128/25")  # of our subnet: what lives behind each attach port


class Side(frames.Frames):
    """What one generator of several sends: from, or to, its part of our subnet."""

    def __init__(self, path, side):
        super().__init__(path, "64", PEERS)
        self.side = side

    def own(self, number):
        return frames.OWN_SUBNET + 128 * self.side + 2 + number % 125

    def sent(self, number):
        frame = super().sent(number)
        if not self.encap:  # two queues of one port
            return frame
        # DPDK's pcap driver numbers its ports, and behind each lives another machine.
        return (frame[:5] + bytes([frame[5] + self.side]) + frame[6:11] +
                bytes([frame[11] + self.side]) + frame[12:])


def changed(registry):
    """The same leases, some of them others', and some more."""
    leases = dict(registry["leases"])
    for peer in range(CHANGING):
        key = frames.address(frames.PEER_SUBNET + (peer << 8)) + "-24"
        leases[key] = make.lease(frames.PEER_UNDERLAY + peer,
                                 b"\x4a" + frames.peer_vtep(peer)[1:])
    for peer in range(PEERS, PEERS + CHANGING):
        key = frames.address(frames.PEER_SUBNET + (peer << 8)) + "-24"
        leases[key] = make.lease(frames.PEER_UNDERLAY + peer, frames.peer_vtep(peer))
    return registry | {"leases": leases}


def main():
    path, folder = sys.argv[1:]
    registry = make.leases(PEERS)
    for name, what in ("leases.json", registry), ("other.json", changed(registry)):
        with open(f"{folder}/{name}", "w", encoding="ascii") as f:
            json.dump(what, f)
    for side in range(len(SIDES)):
        case = Side(path, side)
        frames.write_pcap(f"{folder}/{path}{side}.pcap", map(case.sent, range(frames.FRAMES)))
    print(len(case.wanted(0)))


if __name__ == "__main__":
    main()
