# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hosts without ovnet: the kernel's vxlan device with the addresses, entries and routes
# flanneld gives it, and the lease it would write. lib/linux_watch.sh does flanneld's
# watching for all of them.

# A unicast, locally administered MAC, as flanneld draws it.
random_mac() {
	local b
	b=$(od -An -N6 -tx1 /dev/urandom)
	# shellcheck disable=SC2086
	set -- $b
	printf '%02x:%s:%s:%s:%s:%s\n' $(((0x$1 & 0xfe) | 2)) "$2" "$3" "$4" "$5" "$6"
}

# linux_value HOST: the bytes flanneld v0.15+ writes.
linux_value() {
	printf '{"PublicIP":"%s","PublicIPv6":null,"BackendType":"vxlan",' "$(host_ip "$1")"
	printf '"BackendData":{"VNI":1,"VtepMAC":"%s"}}' "$(<"$LAB_DIR/$1/mac")"
}

# Some free subnet of 10.5.0.0/16, held by a lease.
linux_lease() {
	local subnet tries
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		subnet=10.5.$((RANDOM % 100 + 1)).0/24
		if lease_create "$subnet" "$(linux_value "$1")"; then
			echo "$subnet"
			return 0
		fi
	done
	fail "no free subnet for $1 after $tries tries"
}

# linux_subnet_env HOST SUBNET MTU
linux_subnet_env() {
	cat >"$LAB_DIR/$1/subnet.env" <<-END
		FLANNEL_NETWORK=10.5.0.0/16
		FLANNEL_SUBNET=$(address_plus "${2%/*}" 1)/${2#*/}
		FLANNEL_MTU=$3
		FLANNEL_IPMASQ=false
	END
}

# linux_join HOST: device, lease, subnet.env. The device is there before the lease, so that the
# event of the host's own lease makes the watcher fill it.
linux_join() {
	local subnet mtu
	mtu=$(on "$1" cat /sys/class/net/eth0/mtu)
	random_mac >"$LAB_DIR/$1/mac"
	ip -n "$LAB-$1" link add flannel.1 address "$(<"$LAB_DIR/$1/mac")" mtu $((mtu - 50)) \
		type vxlan id 1 dev eth0 local "$(host_ip "$1")" dstport 8472 nolearning udpcsum
	ip -n "$LAB-$1" link set flannel.1 up
	: >"$LAB_DIR/$1/peers"
	linux_watch
	subnet=$(linux_lease "$1")
	ip -n "$LAB-$1" addr add "${subnet%/*}/32" dev flannel.1
	linux_subnet_env "$1" "$subnet" $((mtu - 50))
}

# One watcher serves all linux hosts of the lab.
linux_watch() {
	[ ! -e "$LAB_DIR/watch.pid" ] || return 0
	spawn "$LAB_DIR/watch.log" "$OVNET_ROOT/test/smoke/lib/linux_watch.sh"
	echo "$SPAWNED" >"$LAB_DIR/watch.pid"
}

# The vxlan leases in a lease_listing, one per line: subnet, address, MAC.
linux_leases() {
	jq -r '.leases[] | (.key | capture("/(?<ip>[0-9.]+)-(?<len>[0-9]+)$")) as $k
		| (.value | fromjson? | select(.BackendType == "vxlan"))
		| "\($k.ip)/\($k.len) \(.PublicIP) \(.BackendData.VtepMAC)"'
}

# linux_sync HOST LEASES_FILE: makes the kernel hold exactly those: per lease a permanent
# neighbour, an fdb entry and an onlink route.
linux_sync() {
	local have=$LAB_DIR/$1/peers want=$LAB_DIR/$1/peers.new
	awk -v own="$(host_ip "$1")" '$2 != own' "$2" | sort >"$want"
	comm -23 "$have" "$want" | awk '{ split($1, a, "/")
		print "route del", $1, "dev flannel.1"
		print "neigh del", a[1], "dev flannel.1" }' | ip -n "$LAB-$1" -force -batch -
	comm -23 "$have" "$want" | awk '{ print "fdb del", $3, "dev flannel.1 dst", $2 }' |
		bridge -n "$LAB-$1" -force -batch -
	awk '{ print "fdb replace", $3, "dev flannel.1 dst", $2, "self permanent" }' "$want" |
		bridge -n "$LAB-$1" -force -batch -
	awk '{ split($1, a, "/")
		print "neigh replace", a[1], "lladdr", $3, "dev flannel.1 nud permanent"
		print "route replace", $1, "via", a[1], "dev flannel.1 onlink" }' "$want" |
		ip -n "$LAB-$1" -force -batch -
	mv "$want" "$have"
}

# linux_host NAME: all of it, with a pod.
linux_host() {
	host_add "$1" linux
	linux_join "$1"
	pod_add "$1"
}
