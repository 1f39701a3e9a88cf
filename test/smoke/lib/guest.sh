# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Virtual machines: QEMU without KVM and a real kernel, up in seconds. Sourced behind lib.sh.
#
#   guest_start vm "${args[@]}"      the arguments that make it one of ours: memory, network
#   guest_run vm 5 'ping -c 1 ...'   a command line in it: its output, its status
#   guest_stop vm                    the power is cut
#
# What it boots is made once (test/guest) and kept in $OVNET_BUILD/guest.

GUEST_DIR=$OVNET_BUILD/guest
# Vectors: QEMU 7.2 without KVM crashes on MSI-X of a vhost-user device.
GUEST_QEMU=(qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -accel tcg
	-global virtio-net-pci.vectors=0 -kernel "$GUEST_DIR/vmlinuz" -initrd "$GUEST_DIR/initrd"
	-append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off")

guest_missing() {
	local program
	for program in qemu-system-x86_64 busybox iperf3 ethtool gcc apt-get dpkg-deb; do
		command -v $program >/dev/null || echo $program
	done
}

# guest_image: what they boot, made once for all who run side by side.
guest_image() {
	local missing
	missing=$(guest_missing | paste -sd ' ')
	[ -z "$missing" ] || fail "no $missing here, for a guest: scripts/install-deps.sh installs it"
	mkdir -p "$GUEST_DIR"
	flock "$GUEST_DIR/.lock" "$OVNET_ROOT/test/guest/make.sh" "$GUEST_DIR" >"$LAB_DIR/guest.log" 2>&1 ||
		fail "nothing to boot a guest with: $(tail -n 3 "$LAB_DIR/guest.log")"
}

# guest_start NAME QEMU-ARGUMENT...: until it answers. What it says is in $LAB_DIR/NAME.
guest_start() {
	local name=$1 dir=$LAB_DIR/$1
	shift
	guest_image
	mkdir -p "$dir"
	: >"$dir/console.log"
	spawn "$dir/qemu.log" "${GUEST_QEMU[@]}" -name "$LAB-$name" \
		-serial "file:$dir/console.log" \
		-serial "unix:$dir/serial,server=on,wait=off" "$@"
	echo "$SPAWNED" >"$dir/qemu.pid"
	retry 90 guest_up_or_dead "$name" || fail "the guest $name is not up in time: $(guest_said "$name")"
	guest_up "$name" || fail "the guest $name ended: $(guest_said "$name")"
}

guest_pid() {
	cat "$LAB_DIR/$1/qemu.pid"
}

guest_up() {
	grep -q '^guest is ready' "$LAB_DIR/$1/console.log"
}

guest_up_or_dead() {
	guest_up "$1" || gone_or_zombie "$(guest_pid "$1")"
}

guest_said() {
	tail -qn 3 "$LAB_DIR/$1/qemu.log" "$LAB_DIR/$1/console.log"
}

# guest_run NAME SECONDS COMMAND-LINE: 143 where its time is up, 125 where the guest does not answer.
guest_run() {
	"$OVNET_ROOT/test/smoke/lib/guest_ask.py" "$LAB_DIR/$1/serial" "$2" "$3"
}

# guest_stop NAME: it is given no time to say good-bye.
guest_stop() {
	local pid
	pid=$(guest_pid "$1")
	rm "$LAB_DIR/$1/qemu.pid"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
}
