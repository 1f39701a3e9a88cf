# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Debian's libvirt, with files, processes and guests of its own: nothing of the machine's is touched,
# and all of it ends with the lab. Sourced behind lib.sh.

libvirt_missing() {
	local program
	for program in libvirtd virsh virt-xml-validate xmllint qemu-system-x86_64; do
		command -v $program >/dev/null || echo $program
	done
}

# What it keeps is in memory, and a user stands for QEMU's: that one comes with the daemon's service.
# The shell stays, to be the parent of what libvirtd leaves to the first process.
LIBVIRT_BOX='
	for d in /etc/libvirt /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt; do
		mkdir -p $d && mount -t tmpfs ovnet-lab $d || exit 1
	done
	for f in passwd group; do
		{ grep -v "^libvirt-qemu:\|^kvm:" /etc/$f; cat "$1/etc.$f"; } >"$1/$f" || exit 1
		mount --bind "$1/$f" /etc/$f || exit 1
	done
	cp "$1/qemu.conf" /etc/libvirt/
	trap exit TERM
	libvirtd &
	wait $!'

# libvirt_start HOST: in its network namespace.
libvirt_start() {
	local missing d=$LAB_DIR/libvirt
	missing=$(libvirt_missing | paste -sd ' ')
	[ -z "$missing" ] || fail "no $missing here: scripts/install-deps.sh installs it"
	mkdir "$d"
	echo 'libvirt-qemu:x:64055:64056::/var/lib/libvirt:/usr/sbin/nologin' >"$d/etc.passwd"
	printf '%s\n' libvirt-qemu:x:64055: kvm:x:64056: >"$d/etc.group"
	printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' 'namespaces = []' \
		'cgroup_controllers = []' 'remember_owner = 0' 'stdio_handler = "file"' >"$d/qemu.conf"
	spawn "$LAB_DIR/libvirtd.log" ip netns exec "$LAB-$1" \
		unshare --mount --pid --fork --kill-child --mount-proc sh -c "$LIBVIRT_BOX" box "$d"
	echo "$SPAWNED" >"$d/pid"
	within 20 "libvirtd answers" in_libvirt virsh version
}

# in_libvirt COMMAND...: where its files are.
in_libvirt() {
	local child
	child=$(pgrep -P "$(cat "$LAB_DIR/libvirt/pid")" | sed -n 1p)
	nsenter --target "$child" --mount --pid timeout 60 "$@"
}

libvirt_stop() {
	kill -KILL "$(cat "$LAB_DIR/libvirt/pid")"
	wait "$(cat "$LAB_DIR/libvirt/pid")" 2>/dev/null || true
}
