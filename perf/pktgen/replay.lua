-- SPDX-License-Identifier: BSD-3-Clause
-- Frames of a file, again and again: VXLAN into an uplink, or plain ones that no other profile can make. pktgen's
-- own vxlan mode has an outer header only, no packet in it, so every node drops what it sends.
local ovnet = dofile(os.getenv("OVNET_PKTGEN") .. "/ovnet.lua")

pktgen.screen("off")
pktgen.set(ovnet.tx, "count", 0)
pktgen.set(ovnet.tx, "rate", ovnet.rate)
pktgen.set(ovnet.tx, "burst", 64)
pktgen.pcap(ovnet.tx, "on") -- pktgen was started with -s PORT:FILE
ovnet.measure("replay")
