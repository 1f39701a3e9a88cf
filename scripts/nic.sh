#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Hands a PCI NIC to DPDK with all that the kernel had on it, and back.
set -u
export LC_ALL=C
. "$(dirname "$(readlink -f "$0")")/nic_state.sh"

STATE=/run/ovnet-nic # a reboot gives every NIC back by itself: so it forgets
PCI=/sys/bus/pci
NET=/sys/class/net
NOIOMMU=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
BIFURCATED="mlx5_core mlx4_core mana"

usage() {
	cat <<'USAGE'
usage: nic.sh take DEVICE [--driver vfio-pci|uio_pci_generic] [--unsafe-noiommu]
              [--twin NAME | --no-twin] [--force] [--wait SECONDS] [-- COMMAND...]
       nic.sh give DEVICE
       nic.sh status [DEVICE]

DEVICE is a PCI address (0000:3b:00.0, 3b:00.0) or the name of an interface.

take    notes the kernel's driver, the interface's name, MTU, addresses, routes and permanent
        neighbours in /run/ovnet-nic, binds the device to a driver DPDK takes it from, and
        puts addresses, routes and neighbours on its twin, a TAP that stays when ovnetd goes:
        ovnet-uplink0 (--twin), that of the first uplink of the configuration.
        COMMAND is what starts ovnetd, as in `-- systemctl start ovnetd`. Where it fails, or
        ovnetd does not open the twin within 30 seconds (--wait), all is given back.
        Without COMMAND a NIC by which this machine, or you by ssh, are reached is left alone,
        as nothing would answer there until ovnetd is up; --force takes it all the same.
        --driver           default: vfio-pci
        --unsafe-noiommu   vfio-pci on a machine without IOMMU: the NIC reaches all memory
        --no-twin          for an uplink with address, gateway and neighbours in ovnet.conf
give    removes the twin and gives the kernel's driver, the interface's name, MTU, addresses,
        routes and neighbours back, also after a crash of anything, as often as it is asked.
        While a process has the device open it refuses: end ovnetd first.
status  which NICs there are, who drives them, and what is noted of them.

Nothing is taken from mlx4, mlx5 and mana: the kernel's driver stays beside DPDK's.

Exit status: 0 done, 1 refused or failed, 2 wrong usage.
USAGE
}

say() { printf 'nic: %s\n' "$*"; }
warn() { printf 'nic: %s\n' "$*" >&2; }
die() { printf 'nic: %s\n' "$*" >&2; exit 1; }
misuse() { printf 'nic: %s (see --help)\n' "$*" >&2; exit 2; }

is_iface() { [[ $1 =~ ^[A-Za-z0-9_.@-]{1,15}$ && $1 != . && $1 != .. ]]; }
is_among() { [[ " $2 " == *" $1 "* ]]; }
target() { local at; at=$(readlink "$1") && printf '%s' "${at##*/}"; }
driver_of() { target "$PCI/devices/$1/driver"; }
group_of() { target "$PCI/devices/$1/iommu_group"; }

# The interface on a device, or nothing.
iface_of() {
	local d
	for d in "$PCI/devices/$1"/net/* "$PCI/devices/$1"/virtio*/net/*; do
		[ ! -d "$d" ] || { printf '%s' "${d##*/}" && return; }
	done
	return 1
}

# A PCI address as sysfs has it.
address() {
	local up
	if is_iface "$1" && [ -e "$NET/$1/device" ]; then
		up=$(readlink -f "$NET/$1/device")
		# virtio stands between.
		[[ ${up##*/} != virtio* ]] || up=${up%/*}
		set -- "${up##*/}"
	fi
	set -- "${1,,}"
	[[ $1 =~ ^[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$ ]] && set -- "0000:$1"
	[[ $1 =~ ^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$ ]] && [ -d "$PCI/devices/$1" ] || return 1
	printf '%s' "$1"
}

# put FILE TEXT: sysfs says why not by its error alone.
put() {
	local err
	err=$({ printf '%s\n' "$2" >"$1"; } 2>&1) && return 0
	warn "$1: ${err##*: }"
	return 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "only root may move a NIC between drivers: use sudo"
	command -v ip >/dev/null || die "no program ip here: install iproute2"
	(umask 077 && mkdir -p "$STATE") || die "$STATE cannot be made"
	exec 9>"$STATE/.lock" || die "$STATE cannot be written"
	flock -n 9 || die "another nic.sh is at work"
}

# ---- The twin: a TAP that stays, so that addresses and routes do when ovnetd is killed.

twin_up() {
	local twin=${NOTED[twin]}
	if [ ! -e "$NET/$twin" ]; then
		ip tuntap add dev "$twin" mode tap multi_queue vnet_hdr || return
	fi
	[ -e "$NET/$twin/tun_flags" ] || { warn "$twin is there already and is no TAP" && return 1; }
	[ -z "${NOTED[mac]:-}" ] || [ "$(<"$NET/$twin/address")" = "${NOTED[mac]}" ] ||
		ip link set dev "$twin" address "${NOTED[mac]}" || return
	restore "$twin"
}

twin_down() {
	local twin=${NOTED[twin]:-}
	[ -z "$twin" ] || [ ! -e "$NET/$twin/tun_flags" ] || ip link del dev "$twin"
}

# Somebody holds its queues. Its carrier is the NIC's, whose cable may be out.
twin_open() {
	[[ $(ip -d link show dev "$1" 2>/dev/null) =~ \ numqueues\ [1-9] ]]
}

# ---- Drivers.

# holders ADDRESS: processes that have it open. Unbinding would wait for them, and not be interrupted.
holders() {
	local group file names=() fd pid
	group=$(group_of "$1")
	[ -z "$group" ] || names=(-lname "/dev/vfio/$group" -o -lname "/dev/vfio/noiommu-$group")
	for file in "$PCI/devices/$1"/uio/uio*; do
		[ ! -d "$file" ] || names+=(${names[0]:+-o} -lname "/dev/${file##*/}")
	done
	[ ${#names[@]} -gt 0 ] || return 0
	find /proc/[0-9]*/fd -maxdepth 1 "${names[@]}" 2>/dev/null | while read -r fd; do
		pid=${fd#/proc/}
		echo "${pid%%/*}"
	done | sort -u
}

# end_holders ADDRESS: what COMMAND began and did not finish.
end_holders() {
	local signal tries pids
	for signal in TERM KILL; do
		for ((tries = 0; tries < 50; tries++)); do
			mapfile -t pids < <(holders "$1")
			[ ${#pids[@]} -gt 0 ] || return 0
			[ $tries -gt 0 ] || kill -$signal "${pids[@]}" 2>/dev/null
			sleep 0.2
		done
	done
}

unbind() {
	[ ! -e "$PCI/devices/$1/driver" ] || put "$PCI/devices/$1/driver/unbind" "$1"
}

load() {
	[ -e "$PCI/drivers/$1" ] || modprobe "$1" 2>/dev/null
	[ -e "$PCI/drivers/$1" ] || { warn "this kernel has no driver $1 (modprobe $1)" && return 1; }
}

# bind_to ADDRESS DRIVER: to that one whatever it says it drives.
bind_to() {
	load "$2" && unbind "$1" && put "$PCI/devices/$1/driver_override" "$2" &&
		put "$PCI/drivers_probe" "$1" || return
	[ "$(driver_of "$1")" = "$2" ] && return 0
	warn "$2 did not take $1: \`dmesg | tail\` says why"
	return 1
}

# to_kernel ADDRESS DRIVER: "" is whichever finds itself.
to_kernel() {
	[ -z "$2" ] || load "$2"
	[ "$(driver_of "$1")" = "${2:-none}" ] || unbind "$1" || return
	put "$PCI/devices/$1/driver_override" "" || return
	if [ ! -e "$PCI/devices/$1/driver" ]; then
		# Who was killed left it receiving, into memory that is another's by now.
		[ ! -e "$PCI/devices/$1/reset" ] || put "$PCI/devices/$1/reset" 1
		put "$PCI/drivers_probe" "$1"
	fi
	[ -e "$PCI/devices/$1/driver" ] || [ -z "$2" ] || put "$PCI/drivers/$2/bind" "$1"
	[ -e "$PCI/devices/$1/driver" ] || { warn "no driver of the kernel took $1: \`dmesg | tail\`" && return 1; }
}

# ---- Refusals.

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
		[ -e $NOIOMMU ] || die "this kernel's vfio knows no machine without IOMMU (CONFIG_VFIO_NOIOMMU):" \
			"--driver uio_pci_generic"
		put $NOIOMMU 1 || exit 1
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

refuse_cut_off() {
	local here
	[ -z "$(ip -4 route show default dev "$1"; ip -6 route show default dev "$1")" ] ||
		die "the default route leads through $1: give what starts ovnetd, as in" \
			"\`-- systemctl start ovnetd\`, or --force"
	read -r _ _ here _ <<<"${SSH_CONNECTION:-}"
	[ -z "$here" ] || ! ip -o addr show dev "$1" | grep -Fq " $here/" ||
		die "your ssh comes in by $1: give what starts ovnetd, as in \`-- systemctl start ovnetd\`, or --force"
}

refuse_bifurcated() {
	die "$2 of $1 stays the kernel's driver, DPDK works beside it: nothing to take. With ovnetd up, what" \
		"comes in goes to DPDK and no longer to the interface ${3:-}: move its addresses and routes to the twin"
}

# ---- Commands.

# finish WAIT [COMMAND...]: ovnetd is there, or not.
finish() {
	local seconds=$1 twin=${NOTED[twin]:-}
	shift
	[ $# -gt 0 ] || return 0
	(trap - HUP PIPE && exec "$@") 9>&- || { warn "'$*' failed" && return 1; }
	[ -n "$twin" ] || return 0
	while [ "$seconds" -gt 0 ]; do
		! twin_open "$twin" || return 0
		sleep 1
		seconds=$((seconds - 1))
	done
	twin_open "$twin" || { warn "nobody opened $twin in time: is it the name of this uplink's twin?" && return 1; }
}

take() {
	local driver=vfio-pci unsafe='' twin=ovnet-uplink0 force='' seconds=30 dev='' at iface now
	while [ $# -gt 0 ]; do
		case $1 in
		--driver | --twin | --wait)
			[ $# -ge 2 ] || misuse "$1 needs a value" ;;&
		--driver) driver=$2 && shift ;;
		--twin) twin=$2 && shift ;;
		--wait) seconds=$2 && shift ;;
		--no-twin) twin='' ;;
		--unsafe-noiommu) unsafe=1 ;;
		--force) force=1 ;;
		--) shift && break ;;
		-*) misuse "take: unknown argument $1" ;;
		*) [ -z "$dev" ] && dev=$1 || misuse "take: one device" ;;
		esac
		shift
	done
	[ -n "$dev" ] || misuse "take: which device?"
	is_among "$driver" "vfio-pci uio_pci_generic igb_uio" || misuse "--driver $driver: vfio-pci or uio_pci_generic"
	[[ $seconds =~ ^[0-9]{1,4}$ ]] || misuse "--wait $seconds: seconds"
	[ -z "$twin" ] || is_iface "$twin" || misuse "--twin $twin: the name of an interface"
	need_root
	at=$(address "$dev") || die "no PCI device $dev here: nic.sh status lists the NICs"
	now=$(driver_of "$at")
	iface=$(iface_of "$at")
	! is_among "${now:-none}" "$BIFURCATED" || refuse_bifurcated "$at" "$now" "$iface"
	refuse_iommu "$at" "$driver" "$unsafe"
	# What was begun and not finished is finished first; it knows what there was before.
	[ ! -e "$STATE/$at" ] || [ "$now" = "$driver" ] || { give_back "$at" && iface=$(iface_of "$at") && now=$(driver_of "$at"); } || exit 1
	if [ -n "$iface" ] && [ -z "$force" ]; then
		refuse_uppers "$iface"
		[ $# -gt 0 ] || refuse_cut_off "$iface"
	fi
	hand_over "$at" "$now" "$iface" "$twin" "$driver" "$seconds" "$@"
}

# hand_over ADDRESS OLD-DRIVER IFACE TWIN DRIVER WAIT [COMMAND...]
hand_over() {
	local at=$1 now=$2 driver=$5
	trap '' HUP PIPE # the terminal may be at the other end of this NIC
	if [ "$now" != "$driver" ]; then
		remember "$at" "$now" "$3" "$4" || die "$STATE/$at cannot be written"
	fi
	recall "$at" || NOTED=([driver]='' [twin]=$4 [ovnet-nic]=1)
	if { [ "$now" = "$driver" ] || bind_to "$at" "$driver"; } &&
		{ [ -z "${NOTED[twin]:-}" ] || twin_up; } && finish "${@:6}"; then
		say "$at is bound to $driver${NOTED[twin]:+; what ${NOTED[iface]:-the kernel} had is on ${NOTED[twin]}}"
		return 0
	fi
	warn "giving $at back"
	end_holders "$at"
	give_back "$at"
	exit 1
}

# wait_for_iface ADDRESS: udev may be at it.
wait_for_iface() {
	local tries=100
	until iface_of "$1" >/dev/null; do
		[ $((tries -= 1)) -gt 0 ] || return 1
		sleep 0.1
	done
}

named_back() {
	local now
	now=$(iface_of "$1") || return
	[ "$now" != "$2" ] || return 0
	[ ! -e "$NET/$2" ] || { warn "$2 is another interface's name now: it stays $now" && return 1; }
	ip link set dev "$now" down && ip link set dev "$now" name "$2"
}

# give_back ADDRESS: from wherever it was left.
give_back() {
	local at=$1 busy pid
	recall "$at" || NOTED=([driver]='' [twin]='')
	busy=$(holders "$at")
	for pid in $busy; do
		warn "$at is open in process $pid ($(cat "/proc/$pid/comm" 2>/dev/null)): end it first"
	done
	[ -z "$busy" ] || return 1
	twin_down || warn "${NOTED[twin]} stays"
	to_kernel "$at" "${NOTED[driver]}" || return
	if [ -n "${NOTED[iface]:-}" ]; then
		wait_for_iface "$at" || { warn "$at has no interface after 10 seconds" && return 1; }
		named_back "$at" "${NOTED[iface]}"
		restore "$(iface_of "$at")" || { warn "noted in $STATE/$at; nic.sh give tries again" && return 1; }
	fi
	rm -f "$STATE/$at"
	say "$at is the kernel's: driver $(driver_of "$at")${NOTED[iface]:+, interface $(iface_of "$at")}"
}

give() {
	local at
	[ $# = 1 ] || misuse "give: which device?"
	need_root
	at=$(address "$1") || die "no PCI device $1 here: nic.sh status lists the NICs"
	if [ ! -e "$STATE/$at" ] && ! is_among "$(driver_of "$at")" "vfio-pci uio_pci_generic igb_uio"; then
		say "$at is the kernel's already: driver $(driver_of "$at"), nothing to do"
		return 0
	fi
	give_back "$at"
}

show_one() {
	local at=$1 driver iface note='' iommu=no
	driver=$(driver_of "$at")
	iface=$(iface_of "$at")
	[ ! -e "$PCI/devices/$at/iommu_group" ] || iommu=yes
	if recall "$at"; then
		note="taken from ${NOTED[driver]:-nobody}${NOTED[iface]:+, ${NOTED[iface]}}${NOTED[twin]:+, twin ${NOTED[twin]}}"
	fi
	printf '%-14s %-16s %-10s %-6s %s\n' "$at" "${driver:--}" "${iface:--}" $iommu "$note"
}

status() {
	local d at
	[ $# -le 1 ] || misuse "status: one device, or none"
	if [ $# = 1 ]; then
		at=$(address "$1") || die "no PCI device $1 here"
	fi
	printf '%-14s %-16s %-10s %-6s %s\n' device driver interface iommu noted
	[ $# = 0 ] || { show_one "$at" && return; }
	for d in "$PCI"/devices/*; do
		[ ! -r "$d/class" ] || [[ $(<"$d/class") != 0x02* ]] || show_one "${d##*/}"
	done
}

case ${1:-} in
take | give | status) "$@" ;;
-h | --help | help) usage ;;
"") usage >&2; exit 2 ;;
*) misuse "unknown command $1" ;;
esac
