#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The files that pktgen replays hold the very frames of perf/core, whose answers are known: pktgen_pcap.py DIR."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "perf" / "core"))
import frames  # noqa: E402

MAC = "02:aa:bb:cc:dd:ee"


def made(folder, *options):
    file = folder / "made.pcap"
    subprocess.run([ROOT / "perf/pktgen/make.py", "pcap", file, *options], check=True)
    return frames.read_pcap(file)


def expect(what, good):
    if not good:
        sys.exit(f"FAIL: pktgen_pcap.py: {what}")


def flow(frame):
    """Addresses and ports of what is inside."""
    return frame[76:88]


def main():
    folder = pathlib.Path(sys.argv[1])
    for path in ("encap", "decap"):
        for size in frames.SIZES:
            case = frames.Frames(path, size, 256)
            want = [case.sent(n) for n in range(frames.FRAMES)]
            expect(f"{path}, size {size}: other frames than perf/core's",
                   made(folder, "--path", path, "--size", size, "--peers", "256") == want)
    theirs = made(folder, "--mac", MAC)
    ours = [frames.Frames("decap", "64", frames.FRAMES).sent(n) for n in range(frames.FRAMES)]
    expect("--mac: more than the MAC address differs",
           [f[6:] for f in theirs] == [f[6:] for f in ours]
           and {f[:6] for f in theirs} == {bytes.fromhex(MAC.replace(":", ""))})
    few = made(folder, "--flows", "3", "--size", "imix")
    expect("--flows 3: not three flows", len({flow(f) for f in few}) == 3)
    expect("--flows 3: sizes do not go round", {len(f) for f in few} == {114, 620, 1450})


if __name__ == "__main__":
    main()
