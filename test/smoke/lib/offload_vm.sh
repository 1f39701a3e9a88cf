# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The virtual machine of offload_matrix.sh, behind a vhost port of host a: what its kernel hands in,
# and what it says of what it gets. Its streams are busybox nc's and iperf3's. Sourced behind
# offload.sh, guest.sh and vm.sh.

VM_KB=1500   # of a stream
VM_PORT=7001 # of iperf3's

vm_join() {
	local name
	NS_HOST[vm]=a
	vm_up a vm
	for name in a-u c-pod; do
		spawn "$LAB_DIR/iperf3.$name.log" ip netns exec "$LAB-$name" iperf3 -s -p $VM_PORT
	done
}

vm_state_set() {
	local tx=on segments=off
	[ "$1" != whole ] || tx=off
	[ "$1" != segments ] || segments=on
	guest_run vm 10 "ethtool -K eth0 tx $tx; ethtool -K eth0 tso $segments; ethtool -K eth0 gso $segments
		true" >/dev/null
}

# vm_tcp TO 4|6: from the VM; the server's sum of what came against its own.
vm_tcp() {
	guest_run vm 60 "busybox dd if=/dev/urandom of=/tmp/sent bs=1k count=$VM_KB 2>/dev/null
		sum=\$(busybox sha256sum </tmp/sent); got=\$(busybox nc $(far_ip "$1" "$2") $PEER_PORT </tmp/sent)
		[ \"\$sum\" = \"\$got  -\" ]" >/dev/null
}

# vm_udp WHERE 4|6 [-R]: from the VM, or to it. What has a wrong checksum the kernel throws away, which
# iperf3 counts as lost; so it does what a guest without KVM is too slow for.
vm_udp() {
	local at
	at=$(far_ip "$1" "$2")
	for _ in 1 2 3; do
		! guest_run vm 30 "iperf3 -J -c $at -p $VM_PORT -u -b 2M -l 1200 -k 150 ${3:-}" 2>/dev/null |
			jq -e '.end.sum | .lost_packets == 0 and .packets >= 150' >/dev/null || return 0
	done
	return 1
}

vm_checksum_errors() {
	guest_run vm 5 'cat /proc/net/snmp' | awk '
		{ if ($1 in head) { split(head[$1], name, " ")
			for (i = 2; i <= NF; i++) if (name[i] == "InCsumErrors") sum += $i
		  } else head[$1] = $0 }
		END { print sum + 0 }'
}

# vm_cell FROM IP PROTO TO COMMAND...: with `ok` and `why` at once.
vm_cell() {
	local from=$1 ip=$2 proto=$3 to=$4 ok=false why="contents differ, or nothing came"
	shift 4
	! "$@" || ok=true why=''
	cell 0 a "$from" "$ip" "$proto" "$to" vm ",\"ok\":$ok,\"why\":\"$why\"" | jq -c 'del(.id, .judge)'
}

# vm_phase STATE
vm_phase() {
	local v before errors
	STATE=$1
	vm_state_set "$1"
	before=$(vm_checksum_errors)
	for v in 4 6; do
		vm_cell vhost v$v tcp local vm_tcp a-u $v
		vm_cell vhost v$v tcp peer vm_tcp c-pod $v
		if [ "$1" != segments ]; then
			vm_cell vhost v$v udp local vm_udp a-u $v
			vm_cell vhost v$v udp peer vm_udp c-pod $v
			vm_cell tap v$v udp vhost vm_udp a-u $v -R
			vm_cell peer v$v udp vhost vm_udp c-pod $v -R
		fi
		vm_cell peer v$v tcp vhost vm_copy c vm $v
		vm_cell host v$v tcp vhost vm_copy a vm $v
	done
	errors=$(($(vm_checksum_errors) - before))
	equal "packets with wrong checksums that came to the VM" 0 $errors
}
