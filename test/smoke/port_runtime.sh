#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetctl port: attach ports come, change and go while ovnetd runs; they are there after a restart
# and after kill -9 at any moment; what will not do is refused with the cure, and changes nothing.
# runs: asan
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib/port.sh"

state() {
	port show "$1" --json | json .state
}

lab_up
host_add a ovnet
linux_host b
ovnetd_start a --port=name=fixed,driver=tap,addresses=10.99.1.1
ovnetd_wait a

say "come, change, go"
equal "of a port that came" "box         open" "$(port add box driver=tap "addresses=$(at 130)")"
expect "its TAP is there" on a ip link show box
port_is box '[.from, .state, .driver, .addresses[0], .port.role] | join(" ")' \
	"run time open tap $(at 130)/32 attach"
port_is fixed .from configuration
port_is box '[.server, .dhcp] | map(type) | unique | join(" ")' boolean
ns_add box-pod
ip -n "$LAB-a" link set dev box netns "$LAB-box-pod" name eth0
ip -n "$LAB-box-pod" addr add "$(at 130)/24" dev eth0
ip -n "$LAB-box-pod" link set eth0 up
ip -n "$LAB-box-pod" route add default via "$(at 1)"
expect "a pod of b from behind it" on box-pod ping -c 1 -W 5 "$(address_plus "$(base b)" 2)"
mac=$(on box-pod cat /sys/class/net/eth0/address)
id=$(port show box --json | json .port.id)
expect "another address" port set box "addresses=$(at 131),$(at 132)"
port_is box '.addresses | join(" ")' "$(at 131)/32 $(at 132)/32"
port_is box '.port.id' "$id"
equal "its interface stays" "$mac" "$(on box-pod cat /sys/class/net/eth0/address)"
expect "the former one is not its own any more" eval \
	'! on box-pod ping -c 1 -W 1 -I "$(at 130)" "$(address_plus "$(base b)" 2)"'
ip -n "$LAB-box-pod" addr add "$(at 131)/24" dev eth0
expect "the new one is" on box-pod ping -c 1 -W 5 -I "$(at 131)" "$(address_plus "$(base b)" 2)"
expect "what takes another device" port set box mtu=1300
port_is box '[.state, .mtu, .port.mtu] | join(" ")' "open 1300 1300"
expect "its preset again" port set box mtu=
port_is box .port.mtu 1450
expect "a second one" port add gen "addresses=$(at 140)" devargs=net_null0,no-rx=1
expect "gone" port del gen
expect "and at once again, by the same device" port add gen "addresses=$(at 141)" devargs=net_null0,no-rx=1
port_is gen .state open
expect "a list" eval 'port show | grep -q "^gen .*run time .*open"'

say "what will not do"
port_refused 'port fixed is of the configuration; change it there' del fixed
port_refused 'port fixed is of the configuration; change it there' set fixed mtu=1300
port_refused 'there is no port nobody; .ovnetctl port show. lists them' del nobody
port_refused 'there is no port nobody' show nobody
port_refused 'port a: without addresses; give' add a driver=tap
port_refused 'port a: mtu: "x" will not do; give 0 to 65000' add a driver=tap "addresses=$(at 150)" mtu=x
port_refused 'port a: address: no such member, did you mean "addresses"' add a "address=$(at 150)"
port_refused 'port a: queues: 32 is out of range; give 0 to 31' add a "addresses=$(at 150)" queues=32
port_refused 'port a: address 10.99.0.7/32 is not in this node.s subnet' add a driver=tap addresses=10.99.0.7
port_refused 'port a: address .* is port box.s already; give this one another' \
	add a driver=tap "addresses=$(at 131)"
port_refused 'port box: the name box is port box.s already' add box driver=tap "addresses=$(at 150)"
port_refused 'port a: interface box is port box.s already' add a driver=tap iface=box "addresses=$(at 150)"
port_refused 'port a: device net_null0 is port gen.s already' add a devargs=net_null0 "addresses=$(at 150)"
port_refused 'port a: MAC 02:.* is port fixed.s already' add a driver=tap "addresses=$(at 150)" \
	"mac=$(port show fixed --json | json .mac)"
port_refused 'port ovnet0: ovnet0 is the host device' add ovnet0 driver=tap "addresses=$(at 150)"
port_refused 'port eth0: eth0 is the uplink; give this port another' \
	add eth0 driver=tap iface=x "addresses=$(at 150)"
port_refused 'DPDK cannot open .net_none0' add a devargs=net_none0 "addresses=$(at 150)"
port_refused 'there is no interface g0, or it is down' add a driver=af_xdp iface=g0 "addresses=$(at 150)"
port_refused 'MTU 9000 do not fit a buffer' add a driver=tap mtu=9000 "addresses=$(at 150)"
port_refused 'there are 8192 packet buffers.* a 4 x 2048 \+ gen 1 x 1024 \+ workers 1 x 128.*set dpdk.mbufs to' \
	add a devargs=net_null1 queues=4 descriptors=2048 "addresses=$(at 150)"
port_refused 'port gen: address .* is port box.s already' set gen "addresses=$(at 131)"
for words in "sow" "add" "add x" "add x=1 y=2" "add x y" "set box name=other" "del" "del x y" "show --keep"; do
	rc=0
	# shellcheck disable=SC2086
	port $words >"$LAB_DIR/out" 2>&1 || rc=$?
	equal "exit status of wrong usage: port $words" 2 "$rc"
done
expect "one that comes later is kept" port add veth driver=af_xdp iface=g0 "addresses=$(at 150)" --keep
port_is veth .state "not open"
ip -n "$LAB-a" link add g0 type veth peer name g1
ip -n "$LAB-a" link set g1 up
ip -n "$LAB-a" link set g0 up
within 5 "and opens" eval '[ "$(state veth)" = open ]'

say "a restart, and a kill at any moment"
kept() {
	port show --json | json '[.[] | select(.from == "run time") | .name] | join(" ")'
}
before=$(port show --json | json 'map(del(.port, .reason))')
ovnetd_stop a
ovnetd_start a --port=name=fixed,driver=tap,addresses=10.99.1.1
ovnetd_wait a
equal "ports after a restart" "$before" "$(port show --json | json 'map(del(.port, .reason))')"
within 5 "they are open" eval '[ "$(port show --json | json "map(.state) | unique | join(\" \")")" = open ]'
for delay in 0 0.002 0.005 0.01 0.02; do
	port del late >"$LAB_DIR/out" 2>&1 || true
	answered=
	{ port add late driver=tap "addresses=$(at 160)" || echo refused; } >"$LAB_DIR/out" 2>&1 &
	sleep "$delay"
	ovnetd_kill9 a
	wait $!
	grep -q refused "$LAB_DIR/out" || answered=" late"
	ovnetd_start a
	ovnetd_wait a
	now=$(kept)
	[ "$now" = "box gen veth late" ] || equal "after kill -9 in the middle" "box gen veth$answered" "$now"
done

say "a file that is not good, or another subnet's"
ovnetd_stop a
was=$(jq -r .subnet "$LAB_DIR/a/state/ports.json")
equal "subnet in the file" "$(subnet a)" "$was"
jq '.subnet = "10.5.255.0/24" | .ports[1].addresses = "10.5.255.7"
	| .ports += [{name: "bad", driver: "tap"}]' "$LAB_DIR/a/state/ports.json" >"$LAB_DIR/ports.json"
cat "$LAB_DIR/ports.json" >"$LAB_DIR/a/state/ports.json"
ovnetd_start a
ovnetd_wait a
warned() {
	ctl a status | jq -e --arg re "$1" '.warnings | any(test($re))' >/dev/null
}
expect "another subnet's is told" warned "ports.json is of subnet 10.5.255.0/24.* 1 ports of it .*gen for one"
expect "what is no port is told" warned '1 ports of .*ports.json do not do'
expect "why" logged a 'port bad: without addresses'
port_is bad .state "left out"
port_is box .state open
expect "cured" port set gen "addresses=$(at 141)"
expect "cured" port del bad
equal "warnings left" 0 "$(ctl a status | json '.warnings | map(select(test("ports.json"))) | length')"
ovnetd_stop a
echo '{"version":1,"ports":[' >"$LAB_DIR/a/state/ports.json"
ovnetd_start a
ovnetd_wait a
expect "a malformed one is set aside" [ -s "$LAB_DIR/a/state/ports.json.bad" ]
expect "and told" logged a 'ports.json line [0-9]+: .*set aside as .*ports.json.bad'
equal "ports of it" "" "$(kept)"
rm -r "$LAB_DIR/a/state"
: >"$LAB_DIR/a/state"
port_refused 'ports.json cannot be written: Not a directory' add box driver=tap "addresses=$(at 130)"
within 5 "what was not kept is gone" eval '! on a ip link show box >"$LAB_DIR/out" 2>&1'
rm "$LAB_DIR/a/state"
expect "a disk that is there again" port add box driver=tap "addresses=$(at 130)"
ovnetd_stop a
