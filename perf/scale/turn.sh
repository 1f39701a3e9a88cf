# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# A turn of one contender: one ovnetd, or several at the same time.

CHANGING=512 # of make.py: so many come or go each time, and as many are changed

declare -A FLIPPED=()

# flip NAME: its leases and the others take turns, as an operator would put a file in another's place.
flip() {
	local file=other.json
	[ -z "${FLIPPED[$1]:-}" ] || file=leases.json
	ln "$LAB_DIR/$file" "$LAB_DIR/$1/new"
	mv "$LAB_DIR/$1/new" "$LAB_DIR/$1/leases.json"
	[ -n "${FLIPPED[$1]:-}" ] && FLIPPED[$1]='' || FLIPPED[$1]=yes
}

# flipped NAME: what the file says is what it does.
flipped() {
	local due=$PEERS
	[ -z "${FLIPPED[$1]:-}" ] || due=$((PEERS + CHANGING))
	node_settled "$1" "$due"
}

# cpu_ns NAME: what its workers had of their CPUs so far, and what all other threads had.
cpu_ns() {
	local task ns workers=0 others=0
	for task in /proc/"${NODE_PID[$1]}"/task/*; do
		ns=$(cut -d ' ' -f 1 "$task/schedstat")
		if [[ $(<"$task/comm") == *worker* ]]; then
			workers=$((workers + ns))
		else
			others=$((others + ns))
		fi
	done
	echo $workers $others
}

# between BEFORE AFTER WORKERS: two samples as one object.
between() {
	awk -v a="$1" -v b="$2" -v workers="$3" -v hz="$TSC_HZ" 'BEGIN {
		split(a, x); split(b, y)
		for (i = 1; i <= 7; i++)
			d[i] = y[i] - x[i]
		if (d[1] <= 0 || d[2] <= 0 || d[3] <= 0 || d[6] <= 0)
			exit 1
		printf "{\"mpps\": %.6f, \"cpu_mpps\": %.6f, \"lost\": %.6f, \"bytes\": %.3f, \"drops\": %d, \"control\": %.3f}",
			d[3] / d[1] * hz / 1e6, d[3] / d[6] * workers * 1e3, 1 - d[3] / d[2],
			d[4] / d[3], d[5], d[7] / 1e7 / (d[1] / hz)
	}'
}

sample() {
	echo "$(node_counted "$1") $(cpu_ns "$1")"
}

# plausible FIGURES NAME: what is measured is forwarded, whole and without exception.
plausible() {
	local why
	why=$(jq -nr --argjson f "$1" --argjson due "$FRAME_BYTES" '
		if $f.drops != 0 then "\($f.drops) packets were dropped"
		elif $f.bytes != $due then "frames of \($f.bytes) bytes left, of \($due) are due"
		elif ($f.lost | fabs) > 0.01 then "\($f.lost) of all did not leave"
		else "" end')
	[ -z "$why" ] || fail "scale: $2: $why"
}

# turn PATH WORKERS WHAT NAME...
turn() {
	local path=$1 workers=$2 what=$3 name n figures
	local -A before=()
	shift 3
	for name in "$@"; do
		go_on "$name"
	done
	sleep "$SETTLE"
	for name in "$@"; do
		before[$name]=$(sample "$name")
	done
	for ((n = 0; n < FLIPS; n++)); do
		sleep "$(awk "BEGIN { print $WINDOW / $FLIPS }")"
		for name in "$@"; do
			flip "$name"
		done
	done
	for name in "$@"; do
		figures=$(between "${before[$name]}" "$(sample "$name")" $((workers / $#))) ||
			fail "scale: $what: nothing came through ($name, since ${before[$name]})"
		plausible "$figures" "$what ($name)"
		jq -nc --arg path "$path" --argjson workers "$workers" --arg what "$what" \
			--argjson round "$round" --argjson f "$figures" \
			'{$path, $workers, $what, $round} + $f' >>"$LAB_DIR/turns"
	done
	for name in "$@"; do
		within 10 "$name takes up its leases" flipped "$name"
		stand_still "$name"
	done
}
