# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# How a test that fails says so: a line "FAIL: where: what" when it happens, and again as its last
# line. Whatever ends a script ends here: fail, set -e, an unset variable, a signal, a time limit.

FAILURES='' # as the end says them; subshells fail too, so theirs are in a file

failures_file() {
	echo "$LAB_DIR/failures"
}

# where: the line of the script itself that led here.
where() {
	local n=${#BASH_SOURCE[@]}
	echo "$(basename "$0"):${BASH_LINENO[n - 2]}"
}

# failed WHAT: said and remembered, not the end.
failed() {
	local line
	line="FAIL: $(where): $*"
	say "$line"
	remember_failure "$line"
}

remember_failure() {
	FAILURES+=$1$'\n'
	[ ! -d "$LAB_DIR" ] || echo "$1" >>"$(failures_file)"
}

fail() {
	failed "$*"
	exit 1
}

# failed_command STATUS COMMAND FILE:LINE: for the trap, which alone knows them.
failed_command() {
	failed "status $1 of '${2:0:200}' (${3##*/})"
}

# A trap may come in the middle of something whose output is thrown away.
speak_up() {
	exec 2>&7 >&2
}

# ended_by SIGNAL COMMAND STATUS
ended_by() {
	local signal=$1
	speak_up
	[ "$signal" != ALRM ] || signal="its time limit"
	failed "ended by $signal while at '${2:0:200}'"
	exit "$3"
}

# failures_end STATUS COMMAND: what nobody said, such as an unset variable. 77 is a skip.
failures_end() {
	[ ! -s "$(failures_file)" ] || FAILURES=$(<"$(failures_file)")
	[ -n "$FAILURES" ] || [ "$1" = 0 ] || [ "$1" = 77 ] || failed "status $1 at '${2:0:200}'"
}

# failures_say STATUS: the last lines of a test that failed, each once.
failures_say() {
	[ "$1" = 0 ] || [ "$1" = 77 ] || awk 'NF && !seen[$0]++' <<<"$FAILURES" | tail -n 10 >&2
}

# failed_traps: with lab_exit as the end of all. scripts/test.sh sends SIGALRM when time is up.
failed_traps() {
	exec 7>&2 # daemons get none of it, see spawn
	trap 'lab_exit "$BASH_COMMAND"' EXIT
	trap 'failed_command $? "$BASH_COMMAND" "${BASH_SOURCE[0]}:$LINENO"' ERR
	trap 'ended_by INT "$BASH_COMMAND" 130' INT
	trap 'ended_by TERM "$BASH_COMMAND" 143' TERM
	trap 'ended_by HUP "$BASH_COMMAND" 143' HUP
	trap 'ended_by ALRM "$BASH_COMMAND" 142' ALRM
	trap 'exit 141' PIPE
}
