# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hugepages for the time of a run. Runs side by side share them: the first one notes what the
# machine had, the last one gives it back.

HUGE_DIR=$LAB_TOP/hugepages
HUGE_SCRIPT=$OVNET_ROOT/scripts/hugepages.sh

# Holders that died without a word do not count.
huge_holders() {
	local f
	for f in "$HUGE_DIR"/holder.*; do
		[ -e "$f" ] || continue
		if [ -d "/proc/$(cut -d' ' -f1 "$f")" ]; then
			echo "$f"
		else
			rm -f "$f"
		fi
	done
}

# hugepages_hold MEGABYTES [PID]: false, with the reason on stderr, where there are none to be
# had. They are kept until hugepages_leave, or until PID (default: this shell) is no more.
hugepages_hold() {
	local rc=0
	if [ ! -x "$HUGE_SCRIPT" ]; then
		say "no $HUGE_SCRIPT"
		return 1
	fi
	mkdir -p "$HUGE_DIR"
	exec 9</run # locks what nobody removes
	flock 9
	if [ -z "$(huge_holders)" ]; then
		"$HUGE_SCRIPT" save "$HUGE_DIR/saved" >&2 || rc=1
	fi
	if [ $rc = 0 ]; then
		echo "${2:-$$} $1" >"$HUGE_DIR/holder.$LAB"
		# Others may not have touched theirs yet, so what is free has to do for all.
		"$HUGE_SCRIPT" reserve --memory "$(cat "$HUGE_DIR"/holder.* |
			awk '{ sum += $2 } END { print sum }')" >&2 || rc=1
	fi
	exec 9>&-
	[ $rc = 0 ] || hugepages_leave
	return $rc
}

hugepages_leave() {
	[ -e "$HUGE_DIR/holder.$LAB" ] || return 0
	exec 9</run # locks what nobody removes
	flock 9
	rm -f "$HUGE_DIR/holder.$LAB"
	if [ -z "$(huge_holders)" ]; then
		# AF_XDP lets go of its pages a little after its process has ended.
		retry 5 "$HUGE_SCRIPT" restore "$HUGE_DIR/saved" ||
			"$HUGE_SCRIPT" restore "$HUGE_DIR/saved" >&2
		rm -rf "$HUGE_DIR"
	fi
	exec 9>&-
	rmdir "$LAB_TOP" 2>/dev/null || true
}
