# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Building a tree; runs side by side take turns.

# build_tree DIR [MESON_OPTION...]: configures if need be and builds. Output only on failure.
build_tree() {
	local dir=$1 log=$1/build.log rc=0
	shift
	mkdir -p "$dir"
	(
		flock 9
		configure_tree "$dir" "$@" >"$log" 2>&1 9>&- && ninja -C "$dir" >>"$log" 2>&1 9>&-
	) 9>"$dir/.lock" || rc=1
	[ $rc = 0 ] || tail -n 40 "$log" >&2
	return $rc
}

# A tree that is there keeps its options unless others are asked for.
configure_tree() {
	local dir=$1
	shift
	if [ ! -e "$dir/build.ninja" ]; then
		meson setup "$dir" "$OVNET_ROOT" "$@" || return 1
	elif [ $# -gt 0 ] && [ "$*" != "$(cat "$dir/.options" 2>/dev/null)" ]; then
		meson configure "$dir" "$@" || return 1
	fi
	[ $# = 0 ] || echo "$*" >"$dir/.options"
}
