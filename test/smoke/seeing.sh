#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What an operator sees of packets: captures with exact counts, read by tshark as they grow; those
# refused; the way of some; why another one would not arrive. Who reads slowly disturbs nobody.
# runs: asan
. "$(dirname "$0")/lib.sh"

see() {
	timeout 20 "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" "$@"
}

# begun N: so many captures and traces have.
begun() {
	[ "$(grep -Ec 'a (capture|trace) begins' "$LAB_DIR/a/log")" -ge "$1" ]
}

# in_file FILE FILTER: packets.
in_file() {
	tshark -r "$1" -d udp.port==8472,vxlan -Y "$2" 2>/dev/null | wc -l
}

lab_up
ovnet_host a
linux_host b
reach a b
peer=$(pod_ip b)
nobody=10.5.251.7
uplink=$(see --json ports | jq -r '.[] | select(.role == "uplink") | .name')
mac=$(vtep_mac "$(subnet a)")

# forged: from b, in the name of somebody else.
forged() {
	on b "$OVNET_ROOT/test/smoke/lib/vxlan_send.py" --to "$(host_ip a)" --count 1 \
		--inner-mac "$mac" --inner-src "$nobody" --inner-dst "$(pod_ip a)"
}

say "a capture that is read while it grows, both sides of the tunnel"
mkfifo "$LAB_DIR/fifo"
spawn "$LAB_DIR/live" bash -c "exec tshark -l -n -r - -T fields -e frame.interface_name \
	-e icmp.seq <'$LAB_DIR/fifo'"
reader=$SPAWNED
spawn "$LAB_DIR/live.log" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" capture \
	--inner "icmp and host $peer" -w "$LAB_DIR/fifo"
pipe=$SPAWNED
within 5 "it begins" begun 1
in_pod a ping -n -c 3 -i 0.02 "$peer" >/dev/null
seen_live() {
	[ "$(grep -c "^$1" "$LAB_DIR/live")" -ge "$2" ]
}
within 5 "tshark shows what came, while it runs" seen_live 'ovnet0 in' 3
within 5 "and what went" seen_live 'eth0.* out' 3
kill -0 "$pipe" || fail "the capture has ended by itself"
kill -INT "$pipe"
wait "$pipe" || fail "it ended with $?: $(cat "$LAB_DIR/live.log")"
within 5 "and tshark with it" gone_or_zombie "$reader"

say "exact counts"
spawn "$LAB_DIR/count.log" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" capture \
	--inner "icmp[icmptype] == icmp-echo and host $peer" -w "$LAB_DIR/count.pcapng"
counting=$SPAWNED
within 5 "it begins" begun 2
in_pod a ping -n -c 7 -i 0.02 "$peer" >/dev/null
forged
kill -INT "$counting"
wait "$counting" || fail "the capture ended with $?"
f=$LAB_DIR/count.pcapng
equal "packets in it" 14 "$(in_file "$f" icmp)"
equal "as they came" 7 "$(in_file "$f" 'frame.interface_name == "ovnet0 in" and not vxlan')"
equal "as they left" 7 "$(in_file "$f" 'frame.interface_name contains " out" and vxlan.vni == 1')"
expect "the summary says so" grep -q '^14 packets$' "$LAB_DIR/count.log"

say "so many, of one port, as lines"
see capture ovnet0 -c 2 >"$LAB_DIR/lines" 2>&1 &
lines=$!
within 5 "it begins" begun 3
in_pod a ping -n -c 2 -i 0.02 "$peer" >/dev/null
wait "$lines" || fail "$(cat "$LAB_DIR/lines")"
expect "a line for each" grep -q "ovnet0 in .* > $peer icmp echo request, 84 bytes" "$LAB_DIR/lines"

say "what is refused"
see capture --drops -c 1 -w "$LAB_DIR/drops.pcapng" 2>/dev/null &
drops=$!
within 5 "it begins" begun 4
forged
wait "$drops" || fail "the capture of drops failed"
equal "refused, with the reason" 1 "$(in_file "$LAB_DIR/drops.pcapng" \
	"ip.src == $nobody and frame.comment contains \"inner-source, came by $uplink\"")"
equal "kept with nobody looking" "inner-source $uplink ip $(printf '%02x' ${nobody//./ })" \
	"$(see --json drops --last inner-source |
		jq -r '.[0] | [.reason, .port, .link, .bytes[24:32]] | join(" ")')"
expect "for people, too" eval "see drops --last | grep -q 'inner-source .* ${nobody}[ .].*> $(pod_ip a)'"
expect "no such reason" eval "! see drops --last because 2>/dev/null"

say "the way of some packets"
see --json trace -c 2 --inner "host $nobody or (icmp and dst host $peer)" >"$LAB_DIR/trace" &
trace=$!
within 5 "it begins" begun 5
forged
in_pod a ping -n -c 3 -i 0.02 "$peer" >/dev/null
wait "$trace" || fail "the trace failed"
ways() {
	jq -r ".[$1] | [([.stages[].stage] | join(\" \")), .outcomes[0].outcome, (.outcomes[0].reason // .outcomes[0].port)] | join(\": \")" "$LAB_DIR/trace"
}
equal "the first one's" "rx classify decap drop: refused: inner-source" "$(ways 0)"
equal "the second one's" "rx classify route encap tx: sent: $uplink" "$(ways 1)"

say "why, with no packet sent"
see --json why "$(pod_ip a)" "$peer" >"$LAB_DIR/why"
equal "there" "classify route encap tx" "$(jq -r '.there.stages | join(" ")' "$LAB_DIR/why")"
equal "back" "classify decap deliver tx ovnet0" \
	"$(jq -r '[.back.stages[], .back.sent[0].port] | join(" ")' "$LAB_DIR/why")"
equal "by whom" "$(host_ip b)" "$(jq -r .there.peer.public_ip "$LAB_DIR/why")"
equal "refused" no-peer "$(see --json why "$(pod_ip a)" "$nobody" | jq -r '.there.refused[0].reason')"
equal "too large" "oversize true" "$(see --json why "$(pod_ip a)" "$peer" --size 2000 --df |
	jq -r '[.there.refused[0].reason // "oversize", .there.sent[0].answer] | join(" ")')"
expect "for people" eval "see why $(pod_ip a) $peer | grep -q 'leaves by .*vxlan 1: .*icmp echo request'"
expect "no addresses" eval "! see why a b 2>/dev/null"

say "what is not begun"
not_begun() {
	local words=$1 out
	shift
	out=$(see "$@" 2>&1) && fail "ovnetctl $* began"
	[[ $out == *"$words"* ]] || fail "ovnetctl $*: wanted '$words', found '$out'"
}
not_begun "there is no port nobody" capture nobody
not_begun "see pcap-filter(7)" capture --filter 'nonsense here'
not_begun "the filter will not do" capture --filter 'ip protochain 17'
not_begun "takes two addresses" why "$peer"
not_begun "there is no port nobody" why "$(pod_ip a)" "$peer" --from nobody
held=()
for n in 1 2 3 4; do
	spawn "$LAB_DIR/held" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" \
		"$([ $n = 1 ] && echo trace || echo capture)" --inner 'host 192.0.2.1'
	held+=("$SPAWNED")
	within 5 "number $n begins" begun $((5 + n))
	[ $n != 1 ] || not_begun "another trace runs" trace
done
not_begun "4 captures and traces run" capture
kill -INT "${held[@]}"
wait "${held[@]}" || fail "one of those ended with $?"

say "a slow reader"
spawn "$LAB_DIR/slow.log" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" capture -w "$LAB_DIR/slow.pcapng"
slow=$SPAWNED
within 5 "it begins" begun 10
kill -STOP "$slow"
got=$(in_pod a ping -q -n -f -c 4000 -s 1300 "$peer" | sed -n 's/.* \([0-9]*\) received.*/\1/p')
equal "answers while nobody reads" 4000 "$got"
expect "ovnetd answers meanwhile" see status
kill -CONT "$slow"
kill -INT "$slow"
wait "$slow" || fail "the slow capture ended with $?"
read -r written lost < <(sed -n 's/^\([0-9]*\) packets\(, \([0-9]*\) more were lost.*\)*$/\1 \3/p' "$LAB_DIR/slow.log")
[ "$((written + ${lost:-0}))" -ge 16000 ] || fail "of 16000 packets $written + ${lost:-0} were seen"
[ "${lost:-0}" -gt 0 ] || fail "nothing was lost: the reader was not slow"
equal "as the file says" "$written" "$(in_file "$LAB_DIR/slow.pcapng" frame)"
all_arrive a b 62

say "a daemon that ends while somebody looks"
spawn "$LAB_DIR/last.log" "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" capture -w "$LAB_DIR/last.pcapng"
last=$SPAWNED
within 5 "it begins" begun 11
in_pod a ping -n -c 1 "$peer" >/dev/null
within 5 "it is written" eval '[ "$(in_file "$LAB_DIR/last.pcapng" icmp)" -ge 4 ]'
ovnetd_stop a
rc=0
wait "$last" || rc=$?
equal "its status" 1 "$rc"
expect "it says why" grep -q 'ovnetd has ended the capture' "$LAB_DIR/last.log"
