# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# When a NIC is better left to the kernel. Sourced by nic.sh.

BIFURCATED="mlx5_core mlx4_core mana"

# What shares its IOMMU group would reach ovnetd's memory: vfio-pci opens none of it.
refuse_group() {
	local d other driver
	for d in "$PCI/devices/$1/iommu_group/devices"/*; do
		other=${d##*/}
		[ -e "$d" ] && [ "$other" != "$1" ] && [[ $(<"$d/class") != 0x06* ]] || continue
		driver=$(driver_of "$other")
		[ -z "$driver" ] || [ "$driver" = vfio-pci ] || [ "$driver" = pci-stub ] ||
			die "$1 shares its IOMMU group with $other (driver $driver): take that from its driver too," \
				"or put the NIC into another slot"
	done
}

refuse_iommu() {
	local driver=$2 unsafe=$3 type
	type=$(cat "$PCI/devices/$1/iommu_group/type" 2>/dev/null)
	[ "$driver" = vfio-pci ] || [ "${type:-identity}" = identity ] ||
		die "$1 is behind an IOMMU, which would keep $driver's memory from it: use vfio-pci"
	if [ "$driver" = vfio-pci ] && [ -e "$PCI/devices/$1/iommu_group" ]; then
		refuse_group "$1"
	elif [ "$driver" = vfio-pci ] && [ -z "$unsafe" ]; then
		die "this machine has no IOMMU that is on: put intel_iommu=on (amd_iommu=on) on the kernel's" \
			"command line, or, where the NIC may reach all memory, --unsafe-noiommu or --driver uio_pci_generic"
	elif [ "$driver" = vfio-pci ]; then
		load vfio-pci
		[ -e "$NOIOMMU" ] || die "this kernel's vfio knows no machine without IOMMU (CONFIG_VFIO_NOIOMMU):" \
			"--driver uio_pci_generic"
	fi
}

# refuse_vlan IFACE VLAN-DEVICE: where it is the underlay, ovnetd does the tags.
refuse_vlan() {
	local id
	id=$(ip -d link show dev "$2" | sed -n 's/.* vlan protocol .* id \([0-9]*\).*/\1/p')
	die "$1 has the VLAN device $2 on it, which would end. If that VLAN is the underlay: set vlan = ${id:-ID} in the" \
		"uplink, give $1 itself what $2 has (the twin gets it, and is of that VLAN alone), remove $2, take again." \
		"ovnetd(8) TAKING A NIC says more. To lose it: --force"
}

# Bridges, bonds and VLANs on it would end with it.
refuse_uppers() {
	local d
	for d in "$NET/$1"/upper_*; do
		! grep -qs '^DEVTYPE=vlan$' "$d/uevent" || refuse_vlan "$1" "${d##*/upper_}"
	done
	for d in "$NET/$1"/upper_* "$NET/$1"/master; do
		[ ! -e "$d" ] || die "$1 is below ${d##*/upper_} ($(target "$d")): what stands on it ends with it;" \
			"take it apart first, or --force"
	done
}

# Its virtual functions would end with the kernel's driver.
refuse_functions() {
	local n
	n=$(cat "$PCI/devices/$1/sriov_numvfs" 2>/dev/null)
	[ "${n:-0}" = 0 ] || die "$1 has $n virtual functions, which would end (echo 0 >$PCI/devices/$1/sriov_numvfs):" \
		"take one of them, or --force"
}

# Local addresses that ssh comes in by, as ADDRESS or ADDRESS%ZONE. sudo forgets SSH_CONNECTION.
ssh_addresses() {
	local here
	read -r _ _ here _ <<<"${SSH_CONNECTION:-}"
	echo "$here"
	ss -tnpH state established 2>/dev/null | awk '/"(sshd|dropbear)/ { print $3 }' |
		sed 's/:[0-9]*$//; s/[][]//g; s/^::ffff:\([0-9.]*\)$/\1/'
}

refuse_cut_off() {
	local here zone
	! routes "$1" | grep -q '^[a-z]*[46] default ' ||
		die "the default route leads through $1: give what starts ovnetd, as in" \
			"\`-- systemctl start ovnetd\`, or --force"
	for here in $(ssh_addresses); do
		zone=${here#"${here%%%*}"}
		[ "${zone:-%$1}" = "%$1" ] || continue
		! ip -o addr show dev "$1" | grep -Fq -e " ${here%%%*}/" -e " ${here%%%*} " ||
			die "ssh comes in by $1 (${here%%%*}): give what starts ovnetd, as in" \
				"\`-- systemctl start ovnetd\`, or --force"
	done
}

refuse_bifurcated() {
	die "$2 of $1 stays the kernel's driver, DPDK works beside it: nothing to take. With ovnetd up, what" \
		"comes in goes to DPDK and no longer to the interface ${3:-}: move its addresses and routes to the twin"
}
