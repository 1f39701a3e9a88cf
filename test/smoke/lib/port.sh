# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Attach ports of host a while its daemon runs. Sourced behind lib.sh.

# port WORD...: ovnetctl port.
port() {
	timeout 15 "$OVNETCTL" --socket "$LAB_DIR/a/ctl.sock" port "$@"
}

# port_is NAME EXPRESSION WANT: of the port's JSON.
port_is() {
	equal "$2 of port $1" "$3" "$(port show "$1" --json | json "$2")"
}

# at N: an address of our subnet.
at() {
	address_plus "$(base a)" "$1"
}

# All of them, but what ends and is counted.
ports_there() {
	port show --json | json 'map(select(.state != "closing") | del(.port))'
}

# port_refused REGEX WORD...: exit status 1 and a message like it; the ports are as they were.
port_refused() {
	local regex=$1 rc=0 before
	shift
	before=$(ports_there)
	port "$@" >"$LAB_DIR/out" 2>&1 || rc=$?
	equal "exit status of: port $*" 1 "$rc"
	expect "'$regex' in: $(cat "$LAB_DIR/out")" grep -Eq "$regex" "$LAB_DIR/out"
	equal "ports after: port $*" "$before" "$(ports_there)"
}
