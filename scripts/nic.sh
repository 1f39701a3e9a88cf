#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Hands a PCI NIC to DPDK with all that the kernel had on it, and back.
set -u
export LC_ALL=C
HERE=$(dirname "$(readlink -f "$0")")
for part in device state twin refuse; do
	. "$HERE/nic_$part.sh" || exit
done

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
        Each NIC has its own: one that is another's, or somebody else's TAP, is refused.
        COMMAND is what starts ovnetd, as in `-- systemctl start ovnetd`. Where it fails, or
        ovnetd does not open the twin within 30 seconds (--wait), all is given back.
        Where it is a service, or is started by `systemctl start`, that is stopped first.
        Without COMMAND a NIC by which this machine, or somebody by ssh, is reached is left alone,
        as nothing would answer there until ovnetd is up, and so is one that has virtual
        functions or something on top; --force takes it all the same.
        --driver           default: vfio-pci
        --unsafe-noiommu   vfio-pci on a machine without IOMMU: the NIC reaches all memory.
                           The kernel allows it until the last such NIC is given
        --no-twin          for an uplink with address, gateway and neighbours in ovnet.conf
give    removes the twin and gives the kernel's driver, the interface's name, MTU, addresses,
        routes and neighbours back, also after a crash of anything, as often as it is asked.
        While a process has the device open it refuses: end ovnetd first.
status  which NICs there are, who drives them, and what is noted of them.

Nothing is taken from mlx4, mlx5 and mana: the kernel's driver stays beside DPDK's.

Exit status: 0 done, 1 refused or failed, 2 wrong usage.
USAGE
}

misuse() { printf 'nic: %s (see --help)\n' "$*" >&2; exit 2; }

need_root() {
	[ "$(id -u)" = 0 ] || die "only root may move a NIC between drivers: use sudo"
	command -v ip >/dev/null || die "no program ip here: install iproute2"
	(umask 077 && mkdir -p "$STATE") || die "$STATE cannot be made"
	exec 9>"$STATE/.lock" || die "$STATE cannot be written"
	flock -n 9 || die "another nic.sh is at work"
}

# finish WAIT [COMMAND...]: ovnetd is there, or not.
finish() {
	local seconds=$1 twin=${NOTED[twin]:-}
	shift
	[ $# -gt 0 ] || return 0
	(trap - HUP PIPE INT TERM && exec "$@") 9>&- || { warn "'$*' failed" && return 1; }
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
	is_among "$driver" "$FOR_DPDK" || misuse "--driver $driver: vfio-pci or uio_pci_generic"
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
	[ -z "$twin" ] || refuse_twin "$at" "$twin" "$iface"
	[ -n "$force" ] || refuse_functions "$at"
	if [ -n "$iface" ] && [ -z "$force" ]; then
		refuse_uppers "$iface"
		[ $# -gt 0 ] || refuse_cut_off "$iface"
	fi
	hand_over "$at" "$now" "$iface" "$twin" "$driver" "$seconds" "$@"
}

# undo ADDRESS [COMMAND...]: by whatever hand_over ends before it is done, as a script of its own: `return`
# means another thing in a trap. Who restarts ovnetd may come in between.
undo() {
	local at=$1 until=$((SECONDS + 60))
	need_root
	warn "giving $at back"
	stop_units "$@"
	until end_holders "$at" && give_back "$at"; do
		[ $SECONDS -lt $until ] || break
		sleep 2
	done
	exit 1
}

# hand_over ADDRESS OLD-DRIVER IFACE TWIN DRIVER WAIT [COMMAND...]
hand_over() {
	local at=$1 now=$2 driver=$5
	trap '' HUP PIPE # the terminal may be at the other end of this NIC
	if [ "$now" != "$driver" ]; then
		remember "$at" "$now" "$3" "$4" "$(noiommu_former "$at" "$driver")" || die "$STATE/$at cannot be written"
	fi
	UNDO=("$at" "${@:7}")
	trap 'trap "" INT TERM; trap - EXIT; exec "$BASH" "$HERE/nic.sh" undo "${UNDO[@]}"' INT TERM EXIT
	recall "$at" || NOTED=([driver]='' [twin]=$4 [ovnet-nic]=1)
	[ -z "${NOTED[noiommu]:-}" ] || put "$NOIOMMU" 1 || exit
	{ [ "$now" = "$driver" ] || bind_to "$at" "$driver"; } &&
		{ [ -z "${NOTED[twin]:-}" ] || twin_up "$at"; } && finish "${@:6}" || exit
	trap - INT TERM EXIT
	say "$at is bound to $driver${NOTED[twin]:+; what ${NOTED[iface]:-the kernel} had is on ${NOTED[twin]}}"
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
	twin_down "$at" || warn "${NOTED[twin]} stays"
	to_kernel "$at" "${NOTED[driver]}" || return
	noiommu_back "$at"
	if [ -n "${NOTED[iface]:-}" ]; then
		wait_for_iface "$at" || { warn "$at has no interface after 10 seconds" && return 1; }
		named_back "$at" "${NOTED[iface]}"
		restore "$(iface_of "$at")" || { warn "noted in $STATE/$at; nic.sh give tries again" && return 1; }
	fi
	rm -f "$STATE/$at" "$STATE/$at.twin"
	say "$at is the kernel's: driver $(driver_of "$at")${NOTED[iface]:+, interface $(iface_of "$at")}"
}

give() {
	local at
	[ $# = 1 ] || misuse "give: which device?"
	need_root
	at=$(address "$1") || die "no PCI device $1 here: nic.sh status lists the NICs"
	if [ ! -e "$STATE/$at" ] && ! is_among "$(driver_of "$at")" "$FOR_DPDK"; then
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
take | give | status | undo) "$@" ;;
-h | --help | help) usage ;;
"") usage >&2; exit 2 ;;
*) misuse "unknown command $1" ;;
esac
