#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes what a case of the bench node needs: leases, and what the generator sends. Prints how many
frames those are, and the mean length of what has to come of them."""
import argparse
import json

import frames


def lease(underlay, vtep):
    return {"PublicIP": frames.address(underlay), "BackendType": "vxlan",
            "BackendData": {"VNI": frames.VNI, "VtepMAC": vtep.hex(":")}}


def leases(peers):
    """A static registry: ours and the peers'."""
    entries = {frames.address(frames.OWN_SUBNET) + "-24":
               lease(frames.OWN_UNDERLAY, frames.OWN_VTEP)}
    for peer in range(peers):
        key = frames.address(frames.PEER_SUBNET + (peer << 8)) + "-24"
        entries[key] = lease(frames.PEER_UNDERLAY + peer, frames.peer_vtep(peer))
    config = {"Network": frames.NETWORK, "SubnetLen": 24,
              "Backend": {"Type": "vxlan", "VNI": frames.VNI, "Port": frames.VXLAN_PORT}}
    return {"config": config, "leases": entries}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", choices=("encap", "decap"))
    parser.add_argument("size", help=f"{', '.join(frames.SIZES)}, or bytes")
    parser.add_argument("peers", type=int)
    parser.add_argument("leases", help="file to write: a static registry of ovnetd's")
    parser.add_argument("pcap", help="file to write: the generator's frames")
    frames.add_macs(parser)
    args = parser.parse_args()
    with open(args.leases, "w", encoding="ascii") as f:
        json.dump(leases(args.peers), f)
    case = frames.Frames(args.path, args.size, args.peers, args.in_mac, args.out_mac)
    frames.write_pcap(args.pcap, map(case.sent, range(frames.FRAMES)))
    due = sum(len(case.wanted(n)) for n in range(frames.FRAMES))
    print(frames.FRAMES, due / frames.FRAMES)


if __name__ == "__main__":
    main()
