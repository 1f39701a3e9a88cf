#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the frames of `churn`: to peers whose leases stay while others come and go."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "core"))
import frames  # noqa: E402


class ToThoseThatStay(frames.Frames):
    def __init__(self, first, peers):
        super().__init__("encap", "64", peers)
        self.first = first

    def peer(self, number):
        return self.first + super().peer(number)

    def own(self, number):
        return frames.OWN_SUBNET + 2 + number % 125  # the lower half; the upper one is changing ports'


def main():
    first, peers, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    case = ToThoseThatStay(first, peers)
    frames.write_pcap(path, map(case.sent, range(frames.FRAMES)))


if __name__ == "__main__":
    main()
