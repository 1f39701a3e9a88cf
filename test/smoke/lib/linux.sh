# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hosts without ovnet, set up as flanneld does for the lab's backend, and the lease it would write:
# the kernel's vxlan devices (lib/linux_vxlan.sh), plain routes (host-gw), or a TUN with a program
# behind it (udp). lib/linux_watch.sh does flanneld's watching for all of them.

# linux_value HOST: the bytes flanneld v0.15+ writes.
linux_value() {
	local ip6=null data6=''
	if dual_stack; then
		ip6="\"$(host_ip6 "$1")\""
		data6=",\"BackendV6Data\":{\"VNI\":1,\"VtepMAC\":\"$(<"$LAB_DIR/$1/mac6")\"}"
	fi
	case $LAB_BACKEND in
	vxlan)
		printf '{"PublicIP":"%s","PublicIPv6":%s,"BackendType":"vxlan",' "$(host_ip "$1")" "$ip6"
		printf '"BackendData":{"VNI":1,"VtepMAC":"%s"}%s}' "$(<"$LAB_DIR/$1/mac")" "$data6"
		;;
	host-gw)
		printf '{"PublicIP":"%s","PublicIPv6":%s,"BackendType":"host-gw"}' "$(host_ip "$1")" "$ip6"
		;;
	udp) printf '{"PublicIP":"%s","PublicIPv6":null}' "$(host_ip "$1")" ;;
	esac
}

# Some free subnet of 10.5.0.0/16, held by a lease; its IPv6 subnet has the same number.
linux_lease() {
	local n tries key
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		n=$((RANDOM % 100 + 1))
		key=10.5.$n.0/24
		if dual_stack; then
			key+=$(printf '&fd05:0:0:%x::-64' $n)
			# Another key may hold one half of it.
			! lease_listing | jq -r '.leases[].key' |
				grep -Eq "/${key%%/*}-24(&|\$)|&${key#*&}\$" || continue
		fi
		if lease_create "$key" "$(linux_value "$1")"; then
			echo $n
			return 0
		fi
	done
	fail "no free subnet for $1 after $tries tries"
}

# linux_subnet_env HOST N MTU
linux_subnet_env() {
	{
		echo "FLANNEL_NETWORK=10.5.0.0/16"
		echo "FLANNEL_SUBNET=10.5.$2.1/24"
		! dual_stack || printf 'FLANNEL_IPV6_NETWORK=fd05::/48\nFLANNEL_IPV6_SUBNET=%s\n' \
			"$(printf 'fd05:0:0:%x::1/64' "$2")"
		echo "FLANNEL_MTU=$3"
		echo "FLANNEL_IPMASQ=false"
	} >"$LAB_DIR/$1/subnet.env"
}

# What flannel takes off the underlay's MTU.
linux_overhead() {
	case $LAB_BACKEND in
	vxlan) echo 50 ;;
	udp) echo 28 ;;
	host-gw) echo 0 ;;
	esac
}

# linux_join HOST: device, lease, subnet.env. The device is there before the lease, so that the
# event of the host's own lease makes the watcher fill it.
linux_join() {
	local n mtu
	mtu=$(on "$1" cat /sys/class/net/eth0/mtu)
	random_mac >"$LAB_DIR/$1/mac"
	random_mac >"$LAB_DIR/$1/mac6"
	mtu=$((mtu - $(linux_overhead)))
	if [ "$LAB_BACKEND" = vxlan ]; then
		vxlan_devices "$1" $mtu
	fi
	: >"$LAB_DIR/$1/peers"
	linux_watch
	n=$(linux_lease "$1")
	case $LAB_BACKEND in
	vxlan) vxlan_addresses "$1" "$n" ;;
	udp) udp_device "$1" "10.5.$n.0" $mtu ;;
	esac
	linux_subnet_env "$1" "$n" $mtu
}

# udp_device HOST ADDRESS MTU
udp_device() {
	spawn "$LAB_DIR/$1/udp.log" ip netns exec "$LAB-$1" "$OVNET_ROOT/test/smoke/lib/udp_peer.py" \
		flannel0 "$(host_ip "$1")" 8285 "$LAB_DIR/$1/peers"
	within 5 "the udp host of $1 has its TUN" on "$1" ip link show flannel0
	ip -n "$LAB-$1" link set flannel0 mtu "$3" up
	ip -n "$LAB-$1" addr add "$2/32" dev flannel0
	ip -n "$LAB-$1" route add 10.5.0.0/16 dev flannel0
}

# One watcher serves all linux hosts of the lab.
linux_watch() {
	[ ! -e "$LAB_DIR/watch.pid" ] || return 0
	spawn "$LAB_DIR/watch.log" "$OVNET_ROOT/test/smoke/lib/linux_watch.sh"
	echo "$SPAWNED" >"$LAB_DIR/watch.pid"
}

# The leases of the lab's backend in a lease_listing, one per line: subnet, address, MAC; with an
# IPv6 half also its subnet, address, MAC. "-" is nothing.
linux_leases() {
	jq -r --arg type "$LAB_BACKEND" '.leases[]
		| (.key | capture("/(?<ip>[0-9.]+)-(?<len>[0-9]+)(&(?<ip6>[0-9a-f:]+)-(?<len6>[0-9]+))?$")) as $k
		| (.value | fromjson? | select($type == "udp" or .BackendType == $type))
		| [$k.ip + "/" + $k.len, .PublicIP, .BackendData.VtepMAC // "-",
			if $k.ip6 then $k.ip6 + "/" + $k.len6, .PublicIPv6 // "-",
				.BackendV6Data.VtepMAC // "-" else "-", "-", "-" end]
		| join(" ")'
}

# linux_sync HOST LEASES_FILE: makes the kernel hold exactly those.
linux_sync() {
	local have=$LAB_DIR/$1/peers want=$LAB_DIR/$1/peers.new
	awk -v own="$(host_ip "$1")" '$2 != own' "$2" | sort >"$want"
	case $LAB_BACKEND in
	vxlan) vxlan_sync "$1" "$have" "$want" ;;
	host-gw)
		comm -23 "$have" "$want" | awk '{ print "route del", $1; if ($4 != "-")
			print "route del", $4 }' | ip -n "$LAB-$1" -force -batch -
		awk '{ print "route replace", $1, "via", $2, "dev eth0"; if ($4 != "-")
			print "route replace", $4, "via", $5, "dev eth0" }' "$want" |
			ip -n "$LAB-$1" -force -batch -
		;;
	esac
	mv "$want" "$have"
}

# linux_host NAME: all of it, with a pod.
linux_host() {
	host_add "$1" linux
	linux_join "$1"
	pod_add "$1"
}
