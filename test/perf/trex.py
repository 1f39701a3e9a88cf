#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""perf/trex/ovnet.py without TRex: what its field engine would write makes, for each peer, the very frame of perf/core.
The engine's commands are carried out here as TRex's reference describes them; it says nothing of TRex itself."""
import pathlib
import struct
import sys
import types

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True


class Said:
    """Any of TRex's classes: what it was made with."""

    def __init__(self, *args, **named):
        self.args = args
        self.__dict__.update(named)


names = ("STLPktBuilder", "STLScVmRaw", "STLStream", "STLTXCont", "STLVmFixIpv4", "STLVmFlowVar", "STLVmWrFlowVar")
api = types.ModuleType("trex_stl_lib.api")
for name in names:
    setattr(api, name, type(name, (Said,), {}))
api.Ether = bytes
sys.modules["trex_stl_lib"] = types.ModuleType("trex_stl_lib")
sys.modules["trex_stl_lib.api"] = api
sys.path.insert(0, str(ROOT / "perf" / "trex"))
import ovnet  # noqa: E402
import frames  # noqa: E402


def carried_out(stream, peer):
    frame = bytearray(stream.packet.pkt)
    for command in stream.packet.vm.args[0]:
        what = type(command).__name__
        if what == "STLVmWrFlowVar":
            struct.pack_into("!H", frame, command.pkt_offset, peer + command.add_val)
        elif what == "STLVmFixIpv4":
            at = command.offset
            struct.pack_into("!H", frame, at + 10, 0)
            struct.pack_into("!H", frame, at + 10, frames.checksum(bytes(frame[at:at + 20])))
    return bytes(frame)


def main():
    for path in ("encap", "decap"):
        streams = ovnet.register().get_streams(tunables=["--path", path, "--size", "imix", "--peers", "4096"])
        if [s.mode.pps for s in streams] != [7, 4, 1]:
            sys.exit(f"FAIL: trex.py: {path}: IMIX is not 7:4:1")
        for stream, size in zip(streams, (64, 570, 1400)):
            for peer in (0, 1, 255, 256, 4095):
                due = ovnet.OnePeer(path, size)
                due.peer = lambda number, p=peer: p
                if carried_out(stream, peer) != due.sent(0):
                    sys.exit(f"FAIL: trex.py: {path}, {size} bytes: not perf/core's frame of peer {peer}")
    print("TRex's profile makes perf/core's frames; TRex itself did not run")


if __name__ == "__main__":
    main()
