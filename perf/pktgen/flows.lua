-- SPDX-License-Identifier: BSD-3-Clause
-- Plain frames into an attach port: many flows, by their source port, to one peer.
local ovnet = dofile(os.getenv("OVNET_PKTGEN") .. "/ovnet.lua")

ovnet.plain()
local range = ovnet.range()
range.src_port(ovnet.tx, "max", ovnet.sport + ovnet.flows - 1)
range.src_port(ovnet.tx, "inc", 1)
ovnet.measure("flows")
