# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The demo's table: what was measured between two pods, as a row for people and for JSON.

RED='' GREEN='' BOLD='' PLAIN=''
if [ -t 1 ]; then
	RED=$'\e[31m' GREEN=$'\e[32m' BOLD=$'\e[1m' PLAIN=$'\e[0m'
fi

ROW='%-9s %-9s %5s %4s %8s %11s %9s %6s  %s\n'

pairs_header() {
	printf "$BOLD$ROW$PLAIN" from to ping TTL 'RTT ms' 'TCP Gbit/s' contents drops ok
}

# host_of NAME: where that pod is.
host_of() {
	if is_vm "$1"; then cat "$LAB_DIR/$1/host"; else echo "$1"; fi
}

# pair_drops FROM TO: what the ovnet hosts among them refused so far.
pair_drops() {
	local h sum=0
	for h in $(printf '%s\n' "$(host_of "$1")" "$(host_of "$2")" | sort -u); do
		[ "$(<"$LAB_DIR/$h/kind")" = linux ] || sum=$((sum + $(drops "$h" || echo 0)))
	done
	echo $sum
}

# pair_ttl FROM TO: two on the way route, and with udp both ends of the tunnel. On one host those two
# are ovnet and the kernel.
pair_ttl() {
	if [ "$LAB_BACKEND" = udp ] && [ "$(host_of "$1")" != "$(host_of "$2")" ]; then
		echo 60
	else
		echo 62
	fi
}

# pair_copy FROM TO [4|6]: contents compared.
pair_copy() {
	if is_vm "$1" || is_vm "$2"; then
		vm_copy "$@"
	elif [ "${3:-4}" = 6 ]; then
		tcp_copy6 "$1" "$2"
	else
		tcp_copy "$1" "$2"
	fi
}

# pair_measure FROM TO: prints the row, adds it to $LAB_DIR/pairs.json; false if it is not ok.
pair_measure() {
	local got ttl rtt gbps before lost tcp=false ping=false ok=no
	before=$(pair_drops "$1" "$2")
	read -r got ttl rtt < <(ping_figures 5 0.02 in_pod "$1" ping "$(pod_ip "$2")")
	[ "$got" != 5 ] || [ "$ttl" != "$(pair_ttl "$1" "$2")" ] || ping=true
	! pair_copy "$1" "$2" || tcp=true
	gbps=$(iperf "$1" "$2" 1)
	lost=$(($(pair_drops "$1" "$2") - before))
	[ "$ping$tcp" != truetrue ] || [ "$gbps" = 0 ] || ok=yes
	jq -nc --arg from "$1" --arg to "$2" --argjson ping $ping --argjson rtt "$rtt" \
		--argjson tcp $tcp --argjson gbps "$gbps" --argjson ttl "$ttl" --argjson drops $lost \
		'{from: $from, to: $to, ping_ok: $ping, rtt_ms: $rtt, tcp_ok: $tcp, tcp_gbps: $gbps,
		ttl: $ttl, drops: $drops}' >>"$LAB_DIR/pairs.json"
	pair_row "$1" "$2" "$got" "$ttl" "$rtt" "$gbps" $tcp $lost $ok
	[ $ok = yes ] || remember_failure "FAIL: $(where): $1 to $2: $got of 5 pings, TTL $ttl, TCP \
contents same: $tcp, $gbps Gbit/s"
	[ $ok = yes ]
}

pair_row() {
	local contents=differ drops=$8 ok=$RED$9$PLAIN
	[ "$7" != true ] || contents=same
	[ "$9" != yes ] || ok=$GREEN$9$PLAIN
	[ "$(<"$LAB_DIR/$1/kind")$(<"$LAB_DIR/$2/kind")" != linuxlinux ] || drops=-
	printf "$ROW" "$1" "$2" "$3/5" "$4" "$5" "$6" $contents "$drops" "$ok"
}
