# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A machine of the lab: a real systemd as process 1 of a host's namespace, on a root of its own. This
# machine's files are below it; what is written there is in memory and gone with it. Sourced behind
# lib.sh.

# Why not here; nothing if it can be done.
package_cannot() {
	local program
	for program in dpkg-buildpackage dh lintian fakeroot /lib/systemd/systemd; do
		command -v "$program" >/dev/null || { echo "no $program: scripts/install-deps.sh" && return; }
	done
	. /etc/os-release
	[ "${ID:-}" = debian ] || echo "no Debian"
	grep -q overlay /proc/filesystems || echo "no overlay filesystem"
}

# package_build: DEB, by the package's own flags; or OVNET_DEB, which is built already.
package_build() {
	local tree=$LAB_DIR/deb/ovnet began
	if [ -n "${OVNET_DEB:-}" ]; then
		mkdir -p "$LAB_DIR/deb"
		cp "$OVNET_DEB" "$LAB_DIR/deb/"
		DEB=$LAB_DIR/deb/${OVNET_DEB##*/}
		return
	fi
	mkdir -p "$tree"
	git -C "$OVNET_ROOT" ls-files -co --exclude-standard -z |
		(cd "$OVNET_ROOT" && xargs -0 -r ls -d 2>/dev/null) |
		tar -C "$OVNET_ROOT" -cf - -T - | tar -C "$tree" -xf -
	began=$(now_us)
	(
		cd "$tree" || exit
		DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)" dpkg-buildpackage -us -uc -b
	) >"$LAB_DIR/deb.log" 2>&1 || fail "dpkg-buildpackage: $(tail -n 5 "$LAB_DIR/deb.log")"
	say "the package is built in $(seconds_since "$began") s"
	# shellcheck disable=SC2034
	DEB=$(ls "$LAB_DIR"/deb/ovnet_*.deb)
}

# In the mount namespace to be: LAB_DIR, then what systemd starts. Of this machine's own start it does
# nothing: the kernel's settings, modules and device nodes are everybody's.
root_main() {
	local top=$1/root.top root
	root=$top/root
	mkdir -p "$top"
	mount -t tmpfs tmpfs "$top"
	mkdir "$top/upper" "$top/work" "$root"
	mount -t overlay overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$root"
	mkdir -p "$root/deb"
	mount --bind "$1/deb" "$root/deb"
	mount -t proc proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t sysfs sysfs "$root/sys"
	mount -t tmpfs tmpfs "$root/run"
	mount -t tmpfs tmpfs "$root/tmp"
	mount -t bpf bpf "$root/sys/fs/bpf" 2>/dev/null || true
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	rm -rf "$root"/lib/systemd/system/{sysinit,local-fs,sockets,timers,basic,multi-user,graphical}.target.wants \
		"$root"/etc/systemd/system/*.wants "$root/usr/sbin/policy-rc.d"
	printf '[Unit]\nWants=systemd-journald.service\n' >"$root/etc/systemd/system/lab.target"
	exec chroot "$root" env -i container=ovnet "OVNET_LAB=$2" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		/lib/systemd/systemd --system --unit=lab.target --log-target=console --show-status=no
}

# root_boot HOST: systemd in that host's network.
root_boot() {
	mkdir -p "$LAB_DIR/deb"
	spawn "$LAB_DIR/systemd.log" ip netns exec "$LAB-$1" unshare --mount --pid --fork --uts --ipc --cgroup \
		--propagation private bash -euc "$(declare -f root_main); root_main \"\$@\"" - "$LAB_DIR" "$LAB"
	ROOT_SPAWNED=$SPAWNED
	within 10 "systemd is process 1" root_found
	retry 60 root_up || fail "systemd is not up in 60 s, but $(in_root systemctl is-system-running): $(
		in_root systemctl --no-pager --plain list-jobs | head -n 20)"
}

root_found() {
	ROOT_PID=$(pgrep -P "$ROOT_SPAWNED" -f 'systemd/systemd --system' ||
		pgrep -P "$(pgrep -P "$ROOT_SPAWNED")" -f 'systemd/systemd --system')
	[ -n "$ROOT_PID" ]
}

root_up() {
	in_root systemctl is-system-running | grep -qE 'running|degraded'
}

# in_root COMMAND...: on that machine.
in_root() {
	nsenter -t "$ROOT_PID" -m -p -u -i -C -n -r -w env -i LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

root_halt() {
	kill -KILL "$ROOT_PID"
	wait "$ROOT_SPAWNED" 2>/dev/null || true
}
