# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Traffic between pods and what is asserted about it. FROM and TO are hosts; the packets go
# from pod to pod.

ping_once() {
	in_pod "$1" ping -n -c 1 -W 1 "$(pod_ip "$2")"
}

# reach FROM TO: also waits for leases, routes and neighbours to arrive.
reach() {
	within 10 "the pod of $1 reaches the pod of $2" ping_once "$1" "$2"
}

unreachable() {
	! ping_once "$1" "$2" >/dev/null
}

# ping_figures COUNT INTERVAL COMMAND...: runs ping (COMMAND is what comes before its options'
# end: "in_pod a ping ADDRESS"), prints "received ttl average-ms"; ttl 0 if nothing came.
ping_figures() {
	local count=$1 interval=$2
	shift 2
	"$@" -n -c "$count" -i "$interval" -W 1 2>/dev/null | awk '
		match($0, /ttl=[0-9]+/) { ttl = substr($0, RSTART + 4, RLENGTH - 4) }
		/ received/ { got = $4 }
		/^(rtt|round-trip)/ { split($4, t, "/"); avg = t[2] }
		END { print got + 0, ttl + 0, avg + 0 }' || true
}

# all_arrive FROM TO TTL: ten pings, ten answers, with that TTL.
all_arrive() {
	local got ttl
	read -r got ttl _ < <(ping_figures 10 0.02 in_pod "$1" ping "$(pod_ip "$2")")
	equal "answers to 10 pings from $1 to $2" 10 "$got"
	equal "TTL of the answers from $2 to $1" "$3" "$ttl"
}

listening() {
	[ -n "$(in_pod "$1" ss -Hltn "sport = :$2")" ]
}

# tcp_copy FROM TO [MEGABYTES]: random bytes through one TCP connection; true if they arrive
# unchanged.
tcp_copy() {
	local dir=$LAB_DIR/tcp sum got server
	mkdir -p "$dir"
	head -c "${3:-4}M" /dev/urandom >"$dir/sent"
	sum=$(sha256sum <"$dir/sent")
	OVNET_LAB=$LAB ip netns exec "$LAB-$2-pod" timeout 20 nc -l -N 7777 >"$dir/got" </dev/null &
	server=$!
	if ! retry 3 listening "$2" 7777; then
		kill "$server"
		return 1
	fi
	in_pod "$1" timeout 20 nc -N "$(pod_ip "$2")" 7777 <"$dir/sent" || true
	wait "$server" || true
	got=$(sha256sum <"$dir/got")
	[ "$sum" = "$got" ]
}

# iperf_server HOST: stays until the lab ends.
iperf_server() {
	spawn "$LAB_DIR/$1/iperf3.log" ip netns exec "$LAB-$1-pod" iperf3 -s
	within 5 "iperf3 listens in the pod of $1" listening "$1" 5201
}

# iperf FROM TO SECONDS [OPTION...]: Gbit/s that arrived; 0 on failure, which is in iperf.log.
iperf() {
	local from=$1 to=$2 seconds=$3 report=''
	shift 3
	report=$(in_pod "$from" timeout $((seconds + 10)) iperf3 -c "$(pod_ip "$to")" -t "$seconds" -J \
		--connect-timeout 3000 "$@" 2>>"$LAB_DIR/iperf.log") || {
		echo "$from to $to: $report" >>"$LAB_DIR/iperf.log"
		report='{}'
	}
	jq -r '(.end.sum_received.bits_per_second // 0) / 1e7 | round / 100' <<<"$report"
}
