#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What a packet generator needs beside ovnetd as a bench node: frames to replay, and the node's leases and
configuration. The frames are those of perf/core (perf/core/frames.py), whose answers are known byte by byte."""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "core"))
import frames  # noqa: E402
from make import leases  # noqa: E402

CONF = """registry = {{ type = "static"; file = "{folder}/leases.json"; }};
dpdk = {{ mode = "poll"; }};
uplinks = ( {{ devargs = "{uplink}"; address = "{own}/24"; gateway = "{gateway}";
              neighbours = ( {{ ip = "{gateway}"; mac = "{gateway_mac}"; }} ); }} );
ports = ( {{ name = "gen"; driver = "dpdk"; devargs = "{attach}";
            addresses = "{subnet}/24"; mac = "{machine_mac}"; }} );
"""


class Replay(frames.Frames):
    """So many frames of so few flows: a flow keeps its peer, addresses and ports, sizes go round."""

    def __init__(self, path, size, peers, flows, mac):
        super().__init__(path, size, peers)
        self.flows = flows
        self.mac = mac
        self.place = 0

    def size(self, number):
        return self.sizes[self.place % len(self.sizes)]

    def frame(self, place):
        """The one at that place in the file."""
        self.place = place
        frame = self.sent(place % self.flows)
        return frame if self.mac is None else self.mac + frame[6:]


def mac_address(text):
    mac = bytes.fromhex(text.replace(":", ""))
    if len(mac) != 6:
        raise argparse.ArgumentTypeError(f"'{text}' is no MAC address")
    return mac


def count(text):
    number = int(text)
    if not 1 <= number <= frames.FRAMES:
        raise argparse.ArgumentTypeError(f"takes 1 to {frames.FRAMES}, not {number}")
    return number


def write_pcap(args):
    replay = Replay(args.path, args.size, args.peers, args.flows, args.mac)
    frames.write_pcap(args.file, map(replay.frame, range(frames.FRAMES)))


def write_node(args):
    folder = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "leases.json").write_text(json.dumps(leases(args.peers)), encoding="ascii")
    (folder / "ovnet.conf").write_text(CONF.format(
        folder=folder, uplink=args.uplink, attach=args.attach, own=frames.address(frames.OWN_UNDERLAY),
        gateway=frames.address(frames.GATEWAY), gateway_mac=frames.GATEWAY_MAC.hex(":"),
        subnet=frames.address(frames.OWN_SUBNET), machine_mac=frames.MACHINE_MAC.hex(":")),
        encoding="ascii")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_subparsers(required=True)
    pcap = what.add_parser("pcap", help="frames for replay")
    pcap.add_argument("file")
    pcap.add_argument("--path", choices=("encap", "decap"), default="decap",
                      help="encap: plain frames for the attach port; decap: VXLAN for the uplink (default)")
    pcap.add_argument("--size", choices=frames.SIZES, default="64", help="of the inner frame")
    pcap.add_argument("--peers", type=count, default=frames.FRAMES)
    pcap.add_argument("--flows", type=count, default=frames.FRAMES)
    pcap.add_argument("--mac", type=mac_address, help="of the node's port; default: perf/core's")
    pcap.set_defaults(write=write_pcap)
    node = what.add_parser("node", help="leases.json and ovnet.conf of the node")
    node.add_argument("folder", type=pathlib.Path)
    node.add_argument("--attach", required=True, help="devargs of the attach port")
    node.add_argument("--uplink", required=True, help="devargs of the uplink")
    node.add_argument("--peers", type=count, default=frames.FRAMES)
    node.set_defaults(write=write_node)
    return parser.parse_args()


def main():
    args = arguments()
    try:
        args.write(args)
    except OSError as why:
        sys.exit(f"make: {why}")


if __name__ == "__main__":
    main()
