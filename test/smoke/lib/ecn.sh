# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A switch that marks packets, and what pods see of it. Sourced behind lib.sh.
# ECN fields by their number: 0 not capable, 1 ECT(1), 2 ECT(0), 3 CE.

# ecn_watch HOST...: their pods count echo requests by ECN field.
ecn_watch() {
	local h n
	for h in "$@"; do
		{
			echo "table ip marks {"
			for n in 0 1 2 3; do
				echo "counter seen$n { }"
			done
			echo "chain in { type filter hook input priority 0;"
			for n in 0 1 2 3; do
				echo "icmp type echo-request ip ecn $n counter name seen$n"
			done
			printf '}\n}\n'
		} | in_pod "$h" nft -f -
	done
}

ecn_counts() {
	in_pod "$1" nft -j list counters table ip marks |
		json '[.nftables[] | select(.counter).counter | "\(.name) \(.packets)"] | sort |
			map(split(" ")[1]) | join(" ")'
}

# ecn_seen FROM TO ECN: three echo requests with that field; "n0 n1 n2 n3" arrive.
ecn_seen() {
	in_pod "$2" nft reset counters table ip marks >/dev/null
	in_pod "$1" ping -n -c 3 -i 0.05 -W 1 -Q "$3" "$(pod_ip "$2")" >/dev/null || true
	ecn_counts "$2"
}

# congest STATEMENT: the fabric does that to every packet of the overlay. calm: no more.
congest() {
	ip netns exec "$LAB-fabric" nft -f - <<-END
		table bridge congested {
			chain forward {
				type filter hook forward priority 0
				ether type ip udp dport { 8472, 8285 } ip $1
			}
		}
	END
}

calm() {
	ip netns exec "$LAB-fabric" nft delete table bridge congested
}

# ecn_outer FROM TO: what ovnet puts on the outer header is the packet's own field.
ecn_outer() {
	local n
	for n in 0 1 2 3; do
		capture_start "$1" "udp and src host $(host_ip "$1") and dst host $(host_ip "$2")"
		in_pod "$1" ping -n -c 2 -i 0.05 -W 1 -Q $n "$(pod_ip "$2")" >/dev/null
		capture_stop
		equal "outer ECN from $1 to $2 with $n inside" $n \
			"$(captured "$1" ip.dsfield.ecn | cut -d, -f1 | sort -u)"
	done
}

# ecn_passes FROM TO: every field as it was; marked on the way, CE.
ecn_passes() {
	local n wanted
	for n in 0 1 2 3; do
		wanted=(0 0 0 0)
		wanted[n]=3
		equal "ECN $n from $1 to $2 arrives" "${wanted[*]}" "$(ecn_seen "$1" "$2" $n)"
	done
	congest "ecn { ect0, ect1 } ip ecn set ce"
	for n in 1 2; do
		equal "ECN $n from $1 to $2, marked on the way" "0 0 0 3" "$(ecn_seen "$1" "$2" $n)"
	done
	equal "what is not capable from $1 to $2, past a switch that marks" "3 0 0 0" \
		"$(ecn_seen "$1" "$2" 0)"
	calm
}

# ecn_illegal FROM TO: CE on a packet that is not ECN capable inside; TO runs ovnet.
ecn_illegal() {
	local before
	before=$(drops "$2" ecn-illegal)
	congest "ecn set ce"
	equal "from $1 to $2, not capable, marked all the same" "0 0 0 0" "$(ecn_seen "$1" "$2" 0)"
	calm
	equal "packets $2 refused for it" $((before + 3)) "$(drops "$2" ecn-illegal)"
}
