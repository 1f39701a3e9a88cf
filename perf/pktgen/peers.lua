-- SPDX-License-Identifier: BSD-3-Clause
-- Plain frames into an attach port: to another peer each time, a subnet each, and many flows.
local ovnet = dofile(os.getenv("OVNET_PKTGEN") .. "/ovnet.lua")

ovnet.plain()
local range = ovnet.range()
range.dst_ip(ovnet.tx, "max", ovnet.last_peer())
range.dst_ip(ovnet.tx, "inc", "0.0.1.0")
range.src_port(ovnet.tx, "max", ovnet.sport + ovnet.flows - 1)
range.src_port(ovnet.tx, "inc", 1)
ovnet.measure("peers")
