# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hosts of the lab that container runtimes run on: beside the network namespace, mounts of their own.
# /run is $LAB_DIR/HOST/run, /var/lib and /dev/shm (podman's locks) are empty, /sys is the namespace's
# with the machine's cgroups. What is mounted there goes with its last process. Sourced behind lib.sh.

# machine_up HOST: a process that holds them.
machine_up() {
	local own=$LAB_DIR/$1/run
	mkdir -p "$own${LAB_DIR#/run}" "$own/cgroup"
	# shellcheck disable=SC2016
	spawn "$LAB_DIR/$1-mounts.log" nsenter --net="/run/netns/$LAB-$1" unshare --mount sh -ec '
		mount --rbind /sys/fs/cgroup "$2/cgroup"
		mount -t sysfs sysfs /sys
		mount --rbind "$2/cgroup" /sys/fs/cgroup
		umount -l "$2/cgroup"
		mount -t tmpfs tmpfs /var/lib
		mount -t tmpfs tmpfs /dev/shm
		mount --rbind "$0" "$2$1"
		mount --rbind "$2" /run
		: >/run/machine
		exec sleep infinity' "$LAB_DIR" "${LAB_DIR#/run}" "$own"
	echo "$SPAWNED" >"$LAB_DIR/$1/machine.pid"
	within 5 "the mounts of $1 (log: $LAB_DIR/$1-mounts.log)" [ -e "$own/machine" ]
}

# machine_way HOST: what comes before a command there, in MACHINE.
machine_way() {
	MACHINE=(nsenter --target "$(<"$LAB_DIR/$1/machine.pid")" --net --mount
		env "OVNET_LAB=$LAB")
}

# inside HOST COMMAND...
inside() {
	machine_way "$1"
	"${MACHINE[@]}" "${@:2}" 7>&-
}

# A busybox under a few of its names, in $LAB_DIR/image: what containers are made from.
image_make() {
	local name
	mkdir -p "$LAB_DIR/image/bin" "$LAB_DIR/image/www"
	cp "$(command -v busybox)" "$LAB_DIR/image/bin/busybox"
	for name in sh httpd nc ping wget timeout cat sha256sum sleep ip; do
		ln -s busybox "$LAB_DIR/image/bin/$name"
	done
	head -c 1M /dev/urandom >"$LAB_DIR/image/www/file"
}

image() {
	tar -C "$LAB_DIR/image" -c .
}

# What runs in a container: it serves /www and ends when asked to.
CONTAINER=(sh -c 'trap : TERM; httpd -p 80 -h /www; sleep 99999 & wait')

# container_pod HOST PID: the namespace of that process is to the library the pod of HOST.
container_pod() {
	ip netns del "$LAB-$1-pod" 2>/dev/null || true
	ip netns attach "$LAB-$1-pod" "$2"
}
