#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs a command on a Debian release: in a root of that release that has what
# scripts/install-deps.sh installs but containers, with this tree at its place, as root.
#
#   scripts/in-debian.sh RELEASE COMMAND [ARG...]      in-debian.sh trixie ./scripts/demo.sh
#
# The root is made with debootstrap, in minutes, and kept in /var/cache/ovnet for the next time. It
# is only read: what the command writes outside of this tree and /run is in memory and gone at the
# end, as are all mounts, however it ends. Exit 77 and a line "SKIP: reason": not possible here.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
CACHE=${OVNET_CACHE:-/var/cache/ovnet}
MIRROR=${OVNET_MIRROR:-http://deb.debian.org/debian}

skip() {
	echo "SKIP: $*"
	exit 77
}

# What stands in the root: with another list it is another root.
list() {
	"$ROOT/scripts/install-deps.sh" --list --without-containers | grep -v '^libclang-rt-' | sort
}

host_apt() {
	apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries|ForceIPv)' || true
}

# apart CODE ARG...: instead of this shell, in a mount namespace of its own: nothing stays mounted.
apart() {
	exec unshare -m bash -euo pipefail -c "$(declare -p ROOT CACHE MIRROR RELEASE BASE)
		$(declare -f host_apt fill enter); $1" - "${@:2}"
}

# fill DIR: the release and what install-deps.sh wants.
fill() {
	local dir=$1 proxy
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	[ -z "${proxy:-}" ] || export http_proxy=$proxy
	debootstrap --variant=minbase "$RELEASE" "$dir" "$MIRROR"
	host_apt >"$dir/etc/apt/apt.conf.d/90host"
	echo force-unsafe-io >"$dir/etc/dpkg/dpkg.cfg.d/unsafe-io" # it is renamed when whole
	mkdir "$dir/tree"
	mount --bind "$ROOT" "$dir/tree"
	mount --rbind /dev "$dir/dev"
	mount -t proc proc "$dir/proc"
	chroot "$dir" /tree/scripts/install-deps.sh --without-containers
	chroot "$dir" apt-get clean
}

# Those of other lists, unless somebody is in there; and what was never finished.
forget_old() {
	local old
	for old in "$CACHE/$RELEASE"-*; do
		[ -d "$old" ] && [ "$old" != "$BASE" ] || continue
		flock -n -x "$old" mv "$old" "$CACHE/old.$$" 2>/dev/null || continue
		rm -rf --one-file-system "$CACHE/old.$$"
	done
}

make_root() {
	local new=$CACHE/$RELEASE-new
	rm -rf --one-file-system "$new"
	echo "making a root of $RELEASE in $CACHE, which takes some minutes" >&2
	(apart 'fill "$1"' "$new") >"$CACHE/$RELEASE.log" 2>&1 </dev/null || {
		tail -n 20 "$CACHE/$RELEASE.log" >&2
		echo "FAIL: the root of $RELEASE was not made, log: $CACHE/$RELEASE.log" >&2
		exit 1
	}
	mv "$new" "$BASE"
}

# Sets BASE, and keeps it from being removed as long as this process and its children live.
find_root() {
	mkdir -p "$CACHE"
	exec {maker}>"$CACHE/$RELEASE.lock"
	flock "$maker"
	BASE=$CACHE/$RELEASE-$(list | sha256sum | cut -c -12)
	if [ ! -d "$BASE" ]; then
		command -v debootstrap >/dev/null || skip "no debootstrap (scripts/install-deps.sh)"
		/usr/lib/apt/apt-helper download-file "$MIRROR/dists/$RELEASE/InRelease" \
			"$CACHE/InRelease" >/dev/null 2>&1 ||
			skip "$MIRROR has no $RELEASE, or cannot be reached"
		rm "$CACHE/InRelease"
		make_root
		forget_old
	fi
	exec {user}<"$BASE"
	flock -s "$user"
	exec {maker}>&-
}

# enter COMMAND...: in the root at $BASE, which stays as it is.
enter() {
	local top=$CACHE/mnt at dir
	at=$top/root
	mount -t tmpfs ovnet-debian "$top"
	mkdir "$top/upper" "$top/work" "$at"
	mount -t overlay -o "lowerdir=$BASE,upperdir=$top/upper,workdir=$top/work" overlay "$at"
	for dir in /proc /sys /dev /run; do
		mount --rbind "$dir" "$at$dir"
	done
	# Hugepages are shared with other runs by notes in /run; names of namespaces are not.
	mount -t tmpfs netns "$at/run/netns"
	mkdir -p "$at$ROOT"
	mount --bind "$ROOT" "$at$ROOT"
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
	exec chroot "$at" sh -c 'cd "$0" && exec "$@"' "$ROOT" "$@"
}

if [ $# -lt 2 ]; then
	sed -n '3,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
fi
RELEASE=$1
shift
[[ $RELEASE =~ ^[a-z]+$ ]] || { echo "in-debian.sh: no release $RELEASE, but one like trixie" >&2 && exit 2; }
[ "$(id -u)" = 0 ] || skip "not root"
unshare -m true 2>/dev/null || skip "no mount namespace may be made here"
grep -qw overlay /proc/filesystems || skip "this kernel has no overlay file system"
find_root
mkdir -p "$CACHE/mnt" /run/netns
apart 'enter "$@"' "$@"
