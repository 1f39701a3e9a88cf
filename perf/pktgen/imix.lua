-- SPDX-License-Identifier: BSD-3-Clause
-- Plain frames into an attach port: seven of 64 bytes, four of 570, one of 1400, to as many peers. pktgen's sequence has
-- sixteen places; for IMIX to thousands of peers replay.lua sends a file.
local ovnet = dofile(os.getenv("OVNET_PKTGEN") .. "/ovnet.lua")

local SIZES = {64, 570, 64, 570, 64, 1400, 64, 570, 64, 570, 64, 64} -- as in perf/core/frames.py

ovnet.plain()
for i, size in ipairs(SIZES) do
	local peer = (i - 1) % ovnet.peers
	pktgen.seqTable(i - 1, ovnet.tx, {
		eth_dst_addr = ovnet.mac,
		eth_src_addr = ovnet.machine,
		ip_dst_addr = string.format("10.0.%d.2", peer),
		ip_src_addr = ovnet.own .. "/24",
		sport = ovnet.sport + i,
		dport = ovnet.dport,
		ethType = "ipv4",
		ipProto = "udp",
		vlanid = 1, -- not sent: VLAN is off
		pktSize = ovnet.with_fcs(size),
	})
end
pktgen.set(ovnet.tx, "seq_cnt", #SIZES)
ovnet.measure("imix")
