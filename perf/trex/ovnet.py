# SPDX-License-Identifier: BSD-3-Clause
"""Traffic for ovnetd as a bench node, from Cisco's TRex in stateless mode. Never run by TRex where this was written.

    start -f perf/trex/ovnet.py -m 1mpps -p 0 -t --path decap --size imix --peers 4096 --mac 02:...

encap: plain frames into the attach port; decap: VXLAN into the uplink. Each packet is from or to the next peer: the
field engine writes its number wherever a frame has it. Frames and the node's leases are perf/core's."""
import argparse
import pathlib
import sys

from trex_stl_lib.api import (Ether, STLPktBuilder, STLScVmRaw, STLStream, STLTXCont, STLVmFixIpv4, STLVmFlowVar,
                              STLVmWrFlowVar)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "core"))
import frames  # noqa: E402

IP, INNER_ETHERNET, INNER_IP = 14, 50, 64  # where headers are
SOURCE, DEST = 12, 16                      # of an IP header
# Of an address 10.HIGH.LOW.N, and of 172.16.0.1 + the peer's number.
SUBNET, LOW_HALF = 1, 2


class OnePeer(frames.Frames):
    """The frame the others are made of: the first peer's, of one size."""

    def __init__(self, path, size):
        super().__init__(path, "64", 1)
        self.sizes = (size,)


def writes(path):
    """Where the peer's number is, in two bytes; what is added to it."""
    if path == "encap":
        return [(IP + DEST + SUBNET, 0)]
    return [(IP + SOURCE + LOW_HALF, 1), (INNER_ETHERNET + 10, 0), (INNER_IP + SOURCE + SUBNET, 0)]


def engine(path, peers):
    commands = [STLVmFlowVar(name="peer", min_value=0, max_value=peers - 1, size=2, op="inc")]
    commands += [STLVmWrFlowVar(fv_name="peer", pkt_offset=at, add_val=more) for at, more in writes(path)]
    commands += [STLVmFixIpv4(offset=at) for at in ((IP,) if path == "encap" else (IP, INNER_IP))]
    return STLScVmRaw(commands)


def stream(args, size, share):
    frame = OnePeer(args.path, size).sent(0)
    if args.mac:
        frame = bytes.fromhex(args.mac.replace(":", "")) + frame[6:]
    return STLStream(packet=STLPktBuilder(pkt=Ether(frame), vm=engine(args.path, args.peers)),
                     mode=STLTXCont(pps=share))


class Profile:
    """get_streams() is TRex's to call."""

    def get_streams(self, direction=0, tunables=(), **_):
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--path", choices=("encap", "decap"), default="encap")
        parser.add_argument("--size", choices=frames.SIZES, default="64", help="of the inner frame, without FCS")
        parser.add_argument("--peers", type=int, choices=range(1, frames.FRAMES + 1), default=frames.FRAMES,
                            metavar=f"1..{frames.FRAMES}")
        parser.add_argument("--mac", help="of the node's port")
        args = parser.parse_args(list(tunables))
        sizes = frames.SIZES[args.size]
        return [stream(args, size, sizes.count(size)) for size in dict.fromkeys(sizes)]


def register():
    return Profile()
