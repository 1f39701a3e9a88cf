#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What scripts/nic.sh notes of an interface and puts on its twin, and back, beside another interface in the
# same subnets, with equal routes: of both nothing is lost, nothing of the other's is taken, and the one
# that comes first still does. pci_nic.sh has the NIC to it.
. "$(dirname "$0")/lib.sh"

# nic FUNCTION...: of nic.sh's parts, on the host n, where a terminal is as tall as an operator's.
nic() {
	on n script -qec "stty rows 24 cols 80; exec bash $LAB_DIR/nic ${*@Q}" "$LAB_DIR/said" </dev/null >/dev/null
}

# In the kernel's order where it says who comes first.
world() {
	named "$1" < <(on n ip -4 -o route show table all)
	named "$1" < <(on n ip -6 -o route show table all | sed 's/\\/\n/g') | sort
	named "$1" < <(
		on n ip -o addr show dev "$1"
		on n ip neigh show dev "$1" nud permanent
		on n sh -c "cd /proc/sys/net && grep . ipv4/conf/$1/rp_filter ipv6/conf/$1/accept_ra ipv6/conf/$1/forwarding"
	)
}

named() {
	sed -E "s/\<$1\>/e0/g; s/^[0-9]+: //; s/ linkdown//g; s/\\\\//g; s/(expires|valid_lft).*//; s/[[:space:]]+/ /g
		/^(local|broadcast|anycast|multicast) / d; / dev p[01] / d"
}

same() {
	world "$2" >"$LAB_DIR/is"
	diff "$LAB_DIR/was" "$LAB_DIR/is" >&2 || fail "$1"
}

wire() {
	ip -n "$LAB-n" link add "$1" address "02:00:00:00:00:1${1#e}" type veth peer name "p${1#e}"
	on n sysctl -qw "net.ipv6.conf.$1.addr_gen_mode=1" "net.ipv6.conf.p${1#e}.addr_gen_mode=1"
	ip -n "$LAB-n" link set "p${1#e}" up
}

dress() {
	on n sh -e <<-'END'
		sysctl -qw net.ipv4.conf.e0.rp_filter=2 net.ipv6.conf.e0.accept_ra=2 net.ipv6.conf.all.forwarding=1
		for i in 0 1; do
			ip link set e$i up
			ip addr add 10.0.0.1$i/24 dev e$i
			ip addr add fe80::1$i/64 dev e$i nodad
			ip addr add fd00::1$i/64 dev e$i nodad
			ip route append default via 10.0.0.1 dev e$i
			ip -6 route append default via fd00::1 dev e$i metric 7
		done
		ip addr add 192.0.2.9/28 dev e0 noprefixroute
		ip route add 192.0.2.0/28 dev e0 proto kernel scope link src 192.0.2.9 metric 100
		ip route add 198.51.100.0/24 nexthop via 10.0.0.2 dev e0 weight 3 nexthop via 10.0.0.3 dev e1 weight 1
		ip route add default via 10.0.0.4 dev e0 onlink table 100
		ip -6 route add fd99::/64 nexthop via fd00::2 dev e0 nexthop via fd00::3 dev e1
		ip -6 route add fd98::/64 via fd00::2 dev e0 proto ra metric 30 expires 1800
		ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:99 nud permanent dev e0
	END
}

lab_create
ns_add n
cat >"$LAB_DIR/nic" <<END
set -u
for part in device state twin refuse; do
	. $OVNET_ROOT/scripts/nic_\$part.sh
done
STATE=$LAB_DIR PCI=$LAB_DIR/pci NOIOMMU=$LAB_DIR/noiommu AT=0000:01:00.0
with() { /bin/true && recall \$AT && /bin/true && "\$@"; }
"\$@"
END
wire e0
wire e1
dress
world e0 >"$LAB_DIR/was"
expect "what e0 has is noted" nic remember 0000:01:00.0 driver e0 t0 ''
expect "a twin that is not there yet is free" nic refuse_twin 0000:01:00.0 t0 e0
ip -n "$LAB-n" link del e0
expect "it is put on the twin" nic with twin_up 0000:01:00.0
# A route of an advertisement stands behind the next one's.
sed -i 's/^\(fd98.* proto ra metric\) 30/\1 31/' "$LAB_DIR/was"
same "with the twin" t0
expect "twice is once" nic with twin_up 0000:01:00.0
same "after twice" t0
ip -n "$LAB-n" link set t0 address 02:00:00:00:00:77
expect "with another MAC address it is ours as before" nic with twin_up 0000:01:00.0
expect "it is no other NIC's" eval '! nic refuse_twin 0000:02:00.0 t0 e1'
expect "and why" grep -q "t0 is the twin of 0000:01:00.0" "$LAB_DIR/said"
expect "it goes" nic with twin_down 0000:01:00.0
expect "it is gone" [ -z "$(ip -n "$LAB-n" link show dev t0 2>/dev/null || true)" ]
wire e0
expect "it is put on the interface" nic with restore e0
same "back" e0

# twin_refused WHY: a TAP of that name is neither used nor removed.
twin_refused() {
	expect "a TAP that is $1 is not taken over" eval '! nic with twin_up 0000:01:00.0'
	expect "nor removed" eval '! nic with twin_down 0000:01:00.0'
	expect "it is there" ip -n "$LAB-n" link show dev t0 >/dev/null
	mv "$LAB_DIR/0000:01:00.0" "$LAB_DIR/aside"
	expect "and the NIC stays the kernel's" eval '! nic refuse_twin 0000:01:00.0 t0 e0'
	expect "because it is $1" grep -q "t0 is there already, $2" "$LAB_DIR/said"
	mv "$LAB_DIR/aside" "$LAB_DIR/0000:01:00.0"
}

rm "$LAB_DIR/0000:01:00.0.twin"
ip -n "$LAB-n" tuntap add dev t0 mode tap
ip -n "$LAB-n" link set dev t0 address 02:00:00:00:00:10
twin_refused "somebody's" "and not ovnet's"
ip -n "$LAB-n" link set dev t0 alias "ovnet twin" address 02:00:00:00:00:11
twin_refused "another NIC's" "with another MAC address"
ip -n "$LAB-n" link set dev t0 address 02:00:00:00:00:10
expect "what ovnetd made for this NIC is taken" nic with twin_up 0000:01:00.0
expect "and goes" nic with twin_down 0000:01:00.0

# Half of it is nothing.
cp "$LAB_DIR/0000:01:00.0" "$LAB_DIR/whole"
sed -i '/^end$/d' "$LAB_DIR/0000:01:00.0"
expect "half a note is refused" eval '! nic recall 0000:01:00.0'
expect "and why" grep -q "was not written by take, or not to its end" "$LAB_DIR/said"

# A default route with several next hops is one, too.
on n ip route flush table 100
on n ip route del default dev e0
on n ip route del default dev e1
on n ip -6 route del default
on n ip route add default metric 9 nexthop via 10.0.0.1 dev e0 nexthop via 10.0.0.1 dev e1
expect "a NIC that the machine is reached by stays" eval '! nic refuse_cut_off e0'
expect "and why" grep -q "the default route leads through e0" "$LAB_DIR/said"
on n ip route del default
expect "one that nobody is reached by goes" nic refuse_cut_off e0

# ssh_by FAMILY ADDRESS: somebody's session is seen, as sudo says nothing of whose it is.
ssh_by() {
	local server
	spawn "$LAB_DIR/sshd.log" ip netns exec "$LAB-n" "$LAB_DIR/sshd" "-$1" -d -l "$2" 2222
	server=$SPAWNED
	retry 3 eval '[ -n "$(on n ss -Htln "sport = :2222")" ]' || fail "nobody listens: $(<"$LAB_DIR/sshd.log")"
	spawn "$LAB_DIR/ssh.log" ip netns exec "$LAB-n" bash -c 'exec 5<>"/dev/tcp/$0/2222" && exec sleep 30' "$2"
	retry 3 eval '[ -n "$(on n ss -Htn state established "sport = :2222")" ]' || fail "no session: $(<"$LAB_DIR/ssh.log")"
	expect "a NIC that ssh comes in by stays" eval '! nic refuse_cut_off e0'
	expect "and why" grep -q "ssh comes in by e0 (${2%%%*})" "$LAB_DIR/said"
	expect "the other one is free" nic refuse_cut_off e1
	end_process "$SPAWNED" 3 || true
	end_process "$server" 3 || true
}

cp "$(readlink -f "$(command -v nc)")" "$LAB_DIR/sshd"
ssh_by 4 10.0.0.10
ssh_by 6 fe80::10%e0
expect "without a session it may go" nic refuse_cut_off e0

mkdir -p "$LAB_DIR/pci/devices/0000:01:00.0"
echo 0 >"$LAB_DIR/pci/devices/0000:01:00.0/sriov_numvfs"
expect "a NIC without virtual functions may go" nic refuse_functions 0000:01:00.0
echo 4 >"$LAB_DIR/pci/devices/0000:01:00.0/sriov_numvfs"
expect "one with them stays" eval '! nic refuse_functions 0000:01:00.0'

# Without an IOMMU the kernel is told so until the last NIC is given.
mv "$LAB_DIR/whole" "$LAB_DIR/0000:01:00.0"
sed 's/^noiommu .*/noiommu N/' "$LAB_DIR/0000:01:00.0" >"$LAB_DIR/0000:02:00.0"
echo Y >"$LAB_DIR/noiommu"
expect "what it was first is noted" nic noiommu_former 0000:01:00.0 vfio-pci
expect "as it was" grep -qx "N.*" "$LAB_DIR/said"
sed -i 's/^noiommu .*/noiommu N/' "$LAB_DIR/0000:01:00.0"
expect "one of two is given" nic with noiommu_back 0000:01:00.0
equal "with one left" Y "$(<"$LAB_DIR/noiommu")"
rm "$LAB_DIR/0000:02:00.0"
expect "the last one is given" nic with noiommu_back 0000:01:00.0
equal "with none left" N "$(<"$LAB_DIR/noiommu")"
