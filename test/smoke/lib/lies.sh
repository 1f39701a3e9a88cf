# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What somebody behind an attach port of host a says that is not true, and what has to come of it.
# The test says how it is sent (lies_send: LIES frames of each line of options of spoof_send.py, on
# stdin) and where nothing of it may come (SINKS). Sourced behind lib.sh and spoof.sh.

LIES=7             # frames of each
declare -A LIED=() # and how many in all, by reason

# lie REASON OPTION...: noted; true where no option says else.
lie() {
	echo "${@:2}" >>"$LAB_DIR/lies"
	LIED[$1]=$((${LIED[$1]:-0} + LIES))
}

drops_are() {
	[ "$(all_drops)" = "$1" ]
}

# lies_refused: they are sent: each is counted by its reason and once, nothing else is refused, and
# nothing of it goes anywhere.
lies_refused() {
	local reason wanted at
	wanted=$(all_drops)
	for at in "${SINKS[@]}"; do
		# shellcheck disable=SC2086
		watch_device $at
	done
	lies_send <"$LAB_DIR/lies"
	for reason in "${!LIED[@]}"; do
		wanted=$(plus_drops "$wanted" "$reason" "${LIED[$reason]}")
	done
	retry 10 drops_are "$wanted" || equal "packets a refused, by reason" "$wanted" "$(all_drops)"
	for at in "${SINKS[@]}"; do
		equal "lies that came to ${at% *}" 0 "$(came_in "${at% *}")"
		unwatch "${at% *}"
	done
}
