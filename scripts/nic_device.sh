# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# PCI devices and who drives them. Sourced by nic.sh.

# shellcheck disable=SC2034
STATE=/run/ovnet-nic # a reboot gives every NIC back by itself: so it forgets
PCI=/sys/bus/pci
NET=/sys/class/net
FOR_DPDK="vfio-pci uio_pci_generic igb_uio"
NOIOMMU=/sys/module/vfio/parameters/enable_unsafe_noiommu_mode

say() { printf 'nic: %s\n' "$*"; }
warn() { printf 'nic: %s\n' "$*" >&2; }
die() { printf 'nic: %s\n' "$*" >&2; exit 1; }

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
	local signal tries pids # no <(...): it needs a /dev/fd
	for signal in TERM KILL; do
		for ((tries = 0; tries < 50; tries++)); do
			pids=$(holders "$1")
			[ -n "$pids" ] || return 0
			# shellcheck disable=SC2086
			[ $tries -gt 0 ] || kill -$signal $pids 2>/dev/null
			sleep 0.2
		done
	done
}

# units ADDRESS [COMMAND...]: services whose main process has it open, and those that COMMAND starts.
units() {
	local pid unit word
	for pid in $(holders "$1"); do
		unit=$(sed -n 's,^0::/.*/\([^/]*\.service\)$,\1,p' "/proc/$pid/cgroup" 2>/dev/null)
		[ -z "$unit" ] || [ "$(systemctl show --property MainPID --value -- "$unit")" != "$pid" ] || echo "$unit"
	done
	[ "$(basename -- "${2:-}")" = systemctl ] || return 0
	for word in "${@:3}"; do
		[[ $word == -* || $word == start || $word == restart ]] || echo "$word"
	done
}

# stop_units ADDRESS [COMMAND...]: or systemd starts what we end anew, at any moment.
stop_units() {
	local unit
	[ -d /run/systemd/system ] || return 0
	for unit in $(units "$@" | sort -u); do
		warn "stopping $unit"
		systemctl stop -- "$unit"
	done
}

# Who has it open would be waited for (vfio), or write to what is the kernel's (uio).
unbind() {
	[ -e "$PCI/devices/$1/driver" ] || return 0
	! is_among "$(driver_of "$1")" "$FOR_DPDK" || [ -z "$(holders "$1")" ] || { warn "$1 is open again" && return 1; }
	put "$PCI/devices/$1/driver/unbind" "$1"
}

# noiommu_former ADDRESS DRIVER: what $NOIOMMU was before the first NIC was taken so; nothing where it is not.
noiommu_former() {
	local is
	[ "$2" = vfio-pci ] && [ ! -e "$PCI/devices/$1/iommu_group" ] || return 0
	is=$(sed -n 's/^noiommu \(.\)$/\1/p;' "$STATE"/*.[0-7] 2>/dev/null)
	[ -z "$is" ] || { echo "${is:0:1}" && return; }
	cat "$NOIOMMU"
}

# noiommu_back ADDRESS: with the last of them.
noiommu_back() {
	local other
	[ -n "${NOTED[noiommu]:-}" ] || return 0
	for other in "$STATE"/*.[0-7]; do
		[ "${other##*/}" = "$1" ] || ! grep -qs '^noiommu .' "$other" || return 0
	done
	put "$NOIOMMU" "${NOTED[noiommu]}"
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
