-- SPDX-License-Identifier: BSD-3-Clause
-- What the profiles share: where frames go, and the measurement. Never run where this was written (pktgen is not
-- packaged there): see README.md.
--
-- perf/pktgen/run.sh says in the environment what is wanted.

local function setting(name, default)
	local text = os.getenv("OVNET_" .. name)
	return text ~= nil and text ~= "" and text or default
end

local FCS = 4 -- pktgen counts it, ovnet's figures do not

local M = {
	tx = setting("TX", "0"),
	rx = setting("RX", "0"),
	mac = setting("MAC", "02:70:63:61:70:00"), -- the node's port
	machine = "02:00:00:00:00:01",             -- what lives behind the attach port
	size = tonumber(setting("SIZE", "64")),
	peers = tonumber(setting("PEERS", "4096")),
	flows = tonumber(setting("FLOWS", "1000")),
	rate = tonumber(setting("RATE", "100")),
	seconds = tonumber(setting("SECONDS", "10")),
	own = "10.255.0.2",      -- as in perf/core/frames.py
	first_peer = "10.0.0.2", -- the next peer's subnet is the next /24
	sport = 20000,
	dport = 5201,
}

function M.with_fcs(size)
	return size + FCS
end

-- The last peer's address.
function M.last_peer()
	local n = M.peers - 1
	return string.format("10.%d.%d.2", n // 256, n % 256)
end

-- From own to the first peer, one flow: what all profiles begin with.
function M.plain()
	pktgen.screen("off")
	pktgen.reset("all")
	pktgen.set(M.tx, "count", 0) -- until stopped
	pktgen.set(M.tx, "rate", M.rate)
	pktgen.set(M.tx, "burst", 64)
	pktgen.set(M.tx, "size", M.with_fcs(M.size))
	pktgen.set(M.tx, "sport", M.sport)
	pktgen.set(M.tx, "dport", M.dport)
	pktgen.set_type(M.tx, "ipv4")
	pktgen.set_proto(M.tx, "udp")
	pktgen.set_mac(M.tx, "dst", M.mac)
	pktgen.set_mac(M.tx, "src", M.machine)
	pktgen.set_ipaddr(M.tx, "src", M.own .. "/24")
	pktgen.set_ipaddr(M.tx, "dst", M.first_peer)
end

-- fixed(set, value): a range of one.
local function fixed(set, value, none)
	set(M.tx, "start", value)
	set(M.tx, "min", value)
	set(M.tx, "max", value)
	set(M.tx, "inc", none)
end

-- A range of all that stays the same, to be widened before M.measure().
function M.range()
	local r = pktgen.range
	r.ip_proto(M.tx, "udp")
	fixed(r.dst_mac, M.mac, "00:00:00:00:00:00")
	fixed(r.src_mac, M.machine, "00:00:00:00:00:00")
	fixed(r.src_ip, M.own, "0.0.0.0")
	fixed(r.dst_ip, M.first_peer, "0.0.0.0")
	fixed(r.src_port, M.sport, 0)
	fixed(r.dst_port, M.dport, 0)
	fixed(r.pkt_size, M.with_fcs(M.size), 0)
	pktgen.set_range(M.tx, "on")
	return r
end

local function counted(port)
	return pktgen.portStats(port, "port")[tonumber(port)]
end

-- Sends for as long as wanted, and says what was sent and what came back.
function M.measure(profile)
	pktgen.clear("all")
	pktgen.delay(500)
	pktgen.start(M.tx)
	pktgen.delay(M.seconds * 1000)
	pktgen.stop(M.tx)
	pktgen.delay(1000) -- what is underway arrives
	local sent, received = counted(M.tx).opackets, counted(M.rx).ipackets
	local line = string.format('{"bench": "pktgen", "profile": "%s", "size": %d, "peers": %d, "flows": %d, ' ..
		'"rate_percent": %g, "seconds": %g, "sent": %d, "received": %d, "lost": %d, "mpps": %.4f}',
		profile, M.size, M.peers, M.flows, M.rate, M.seconds, sent, received, sent - received,
		received / M.seconds / 1e6)
	local file = setting("JSON", nil)
	if file ~= nil then
		local f = assert(io.open(file, "w"))
		f:write(line, "\n")
		f:close()
	end
	print(line)
	pktgen.quit()
end

return M
