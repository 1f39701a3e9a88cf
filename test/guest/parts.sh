# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What a guest's file system, in $ROOT, is put together from. Sourced by make.sh and node.sh.

# module TREE NAME: behind those it needs, uncompressed, and listed in that order. What the kernel has
# built in is no file.
module() {
	local file to=$ROOT/lib/$2.ko need
	grep -qx "$2.ko" "$ROOT/lib/order" && return 0
	file=$(find "$1" -name "${2//[_-]/[_-]}.ko*" -print -quit)
	[ -n "$file" ] || return 0
	case $file in
	*.xz) busybox xz -dc "$file" >"$to" ;;
	*) cp "$file" "$to" ;;
	esac
	for need in $(tr '\0' '\n' <"$to" | sed -n 's/^depends=//p' | tr , ' '); do
		module "$1" "$need"
	done
	echo "$2.ko" >>"$ROOT/lib/order"
}

# library FILE: once, whether somebody calls it /usr/lib or /lib.
library() {
	local to=$ROOT${1#/usr}
	mkdir -p "${to%/*}"
	[ -e "$to" ] || cp -L "$1" "$to"
}

libraries() {
	local file
	for file in $(ldd "$1" | grep -o '/[^ ]*'); do
		library "$file"
	done
}

# program FILE: and the libraries it is linked to.
program() {
	cp "$1" "$ROOT/bin/"
	libraries "$1"
}
