# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What every data plane has to do between two pods, whichever IP version.

# address_of HOST 4|6
address_of() {
	if [ "$2" = 6 ]; then pod_ip6 "$1"; else pod_ip "$1"; fi
}

# size_passes FROM TO 4|6 SIZE [OPTION...]: SIZE bytes of IP.
size_passes() {
	local header=28
	[ "$3" = 4 ] || header=48
	in_pod "$1" ping -n -c 1 -W 2 -s $(($4 - header)) "${@:5}" "$(address_of "$2" "$3")"
}

# sizes FROM TO 4|6 MTU: DF set where it is not by itself, around the overlay's MTU. The first
# larger one is refused by the pod's own kernel.
sizes() {
	local size
	for size in 60 576 1280 $(($4 - 1)) "$4"; do
		expect "IPv$3, $size bytes from $1 to $2" size_passes "$1" "$2" "$3" "$size" -M "do"
	done
	! size_passes "$1" "$2" "$3" $(($4 + 1)) -M "do" >/dev/null 2>&1 ||
		fail "IPv$3, $(($4 + 1)) bytes from $1 to $2 in one piece, MTU $4"
	expect "IPv$3, 4000 bytes from $1 to $2 in fragments" size_passes "$1" "$2" "$3" 4000 -M dont
}

# udp_copy FROM TO 4|6: datagrams of all sizes up to some that are fragmented, sent back as they are.
udp_copy() {
	local echo rc=0
	OVNET_LAB=$LAB ip netns exec "$LAB-$2-pod" timeout 20 \
		"$OVNET_ROOT/test/smoke/lib/udp_echo.py" serve "$3" 7778 &
	echo=$!
	in_pod "$1" timeout 20 "$OVNET_ROOT/test/smoke/lib/udp_echo.py" ask "$3" 7778 \
		"$(address_of "$2" "$3")" || rc=$?
	kill $echo 2>/dev/null || true
	wait $echo 2>/dev/null || true
	return $rc
}

# tcp_copy6 FROM TO: random bytes through one TCP connection over IPv6.
tcp_copy6() {
	local dir=$LAB_DIR/tcp6 server
	mkdir -p "$dir"
	head -c 2M /dev/urandom >"$dir/sent"
	OVNET_LAB=$LAB ip netns exec "$LAB-$2-pod" timeout 20 nc -6 -l -N 7779 >"$dir/got" </dev/null &
	server=$!
	retry 3 listening "$2" 7779 || return 1
	in_pod "$1" timeout 20 nc -6 -N "$(pod_ip6 "$2")" 7779 <"$dir/sent" || true
	wait $server || true
	cmp "$dir/sent" "$dir/got"
}

# path_mtu FROM TO 4|6: what tracepath finds.
path_mtu() {
	in_pod "$1" timeout 20 tracepath "-$3" -n -m 8 "$(address_of "$2" "$3")" |
		sed -n 's/.*Resume: pmtu \([0-9]*\).*/\1/p'
}

# ttl_seen FROM TO 4|6
ttl_seen() {
	local got ttl
	read -r got ttl _ < <(ping_figures 5 0.05 in_pod "$1" ping "$(address_of "$2" "$3")")
	echo "$got $ttl"
}

# backend_both_ways A B 4|6 MTU TTL
backend_both_ways() {
	local from to
	for from in "$1" "$2"; do
		[ "$from" = "$1" ] && to=$2 || to=$1
		within 10 "IPv$3 from $from to $to" size_passes "$from" "$to" "$3" 100
		equal "IPv$3: answers to 5 pings from $from, their TTL" "5 $5" "$(ttl_seen "$from" "$to" "$3")"
		sizes "$from" "$to" "$3" "$4"
		expect "IPv$3: UDP from $from to $to unchanged" udp_copy "$from" "$to" "$3"
		if [ "$3" = 4 ]; then
			expect "TCP from $from to $to unchanged" tcp_copy "$from" "$to" 2
		else
			expect "IPv6: TCP from $from to $to unchanged" tcp_copy6 "$from" "$to"
		fi
		equal "IPv$3: path MTU from $from to $to" "$4" "$(path_mtu "$from" "$to" "$3")"
	done
}
