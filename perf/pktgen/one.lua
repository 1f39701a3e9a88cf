-- SPDX-License-Identifier: BSD-3-Clause
-- Plain frames into an attach port: one flow to one peer.
local ovnet = dofile(os.getenv("OVNET_PKTGEN") .. "/ovnet.lua")

ovnet.plain()
ovnet.measure("one")
