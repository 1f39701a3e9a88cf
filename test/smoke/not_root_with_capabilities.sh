#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A user of its own with capabilities is enough, also for the rules that iptables has to make.
. "$(dirname "$0")/lib.sh"

as_nobody() {
	local caps=+net_admin,+net_raw,+bpf,+perfmon,+ipc_lock
	printf '%s\n' setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps "$caps" \
		--ambient-caps "$caps"
}
rules() {
	on a iptables -S OVNET-FWD && on a nft list table ip ovnet
}
lab_up
host_add a ovnet
chown nobody "$LAB_DIR/a"
mapfile -t user < <(as_nobody)
mapfile -t flags < <(ovnetd_flags a)
# By file descriptor: the tree may lie where only root can look.
exec 8<"$OVNETD"
# shellcheck disable=SC2046
spawn "$LAB_DIR/a/log" ip netns exec "$LAB-a" env $(sanitizer_options a) "${user[@]}" \
	/proc/self/fd/8 "${flags[@]}" --ip-masq
echo "$SPAWNED" >"$LAB_DIR/a/ovnetd.pid"
ovnetd_wait a
equal "its user" nobody "$(ps -o user= -p "$(ovnetd_pid a)")"
within 5 "the rules" rules
