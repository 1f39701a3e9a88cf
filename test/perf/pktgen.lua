-- SPDX-License-Identifier: BSD-3-Clause
-- Stands in for pktgen, which is not packaged: knows the functions its releases have and what they take, refuses all
-- else, and prints what a profile asked of it. It says nothing of what pktgen does with that.
local name = ...

local function call(what, ...)
	local words = {}
	for i = 1, select("#", ...) do
		words[i] = tostring((select(i, ...)))
	end
	print(what .. " " .. table.concat(words, " "))
end

-- takes(WHAT, N): refuses another number of arguments, as luaL_error() does in pktgen.
local function takes(what, n)
	return function(...)
		if select("#", ...) ~= n then
			error(what .. ": wrong number of arguments", 2)
		end
		call(what, ...)
	end
end

local function strict(members, of)
	return setmetatable(members, {__index = function(_, key)
		error(of .. " has no " .. key, 2)
	end})
end

local arity = {screen = 1, reset = 1, set = 3, set_type = 2, set_proto = 2, set_mac = 3, set_ipaddr = 3,
	set_range = 2, pcap = 2, clear = 1, delay = 1, start = 1, stop = 1, quit = 0}
local ranges = {ip_proto = 2, dst_mac = 3, src_mac = 3, src_ip = 3, dst_ip = 3, src_port = 3, dst_port = 3,
	pkt_size = 3}

local range = {}
for what, n in pairs(ranges) do
	range[what] = takes("range." .. what, n)
end
local all = {range = strict(range, "pktgen.range")}
for what, n in pairs(arity) do
	all[what] = takes(what, n)
end

local places = {eth_dst_addr = 1, eth_src_addr = 1, ip_dst_addr = 1, ip_src_addr = 1, sport = 1, dport = 1, ethType = 1,
	ipProto = 1, vlanid = 1, pktSize = 1}

function all.seqTable(number, port, packet)
	assert(number >= 0 and number < 16, "seqTable: there are sixteen places")
	for key in pairs(packet) do
		assert(places[key], "seqTable: no " .. key)
	end
	for key in pairs(places) do
		assert(packet[key] ~= nil, "seqTable: " .. key .. " is missing")
	end
	call("seqTable", number, port, packet.ip_dst_addr, packet.pktSize)
end

function all.portStats(port, what)
	assert(what == "port")
	return {[tonumber(port)] = {opackets = 1000, ipackets = 990}}
end

pktgen = strict(all, "pktgen")
dofile(name)
