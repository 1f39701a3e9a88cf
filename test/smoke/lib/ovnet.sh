# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# ovnetd on a host: start, wait, stop, ask.

# How every daemon of a lab speaks to etcd.
ETCD_TRANSPORT=${LAB_ETCD_TRANSPORT:-auto}

# ovnetd_flags HOST: what every daemon of a lab is started with. What a test sends is to go by the
# workers, which are what it asks, but where it says OVNET_LANE=auto.
ovnetd_flags() {
	local d=$LAB_DIR/$1
	printf '%s\n' "--etcd-endpoints=$ETCD_URL" "--etcd-prefix=$PREFIX" \
		"--etcd-transport=$ETCD_TRANSPORT" "--iface=${LAB_IFACE-eth0}" \
		"--subnet-file=$d/subnet.env" "--control-socket=$d/ctl.sock" \
		"--registry-snapshot=$d/snapshot/leases.json" "--state-dir=$d/state" --host-device=ovnet0 \
		--dpdk-mbufs=8192 --log-level=info "--host-kernel-lane=${OVNET_LANE:-off}"
	[ -z "${LAB_DRIVER:-}" ] || echo "--uplink=iface=eth0,driver=$LAB_DRIVER"
	[ -z "${LAB_VM_POOL:-}" ] || printf '%s\n' "--vm-pool=$LAB_VM_POOL" "--vm-socket-dir=$d/vm"
	! over_v2 || echo --etcd-api=v2
	! over_tls || printf '%s\n' "--etcd-cafile=$TLS/ca.crt" "--etcd-certfile=$TLS/client.crt" \
		"--etcd-keyfile=$TLS/client.key"
}

# Sanitizer reports go to files, where lab_verdict finds them.
sanitizer_options() {
	echo "ASAN_OPTIONS=log_path=$LAB_DIR/$1/sanitizer:verify_asan_link_order=0" \
		"UBSAN_OPTIONS=log_path=$LAB_DIR/$1/sanitizer:print_stacktrace=1"
}

# What daemons find in their environment beside that.
OVNETD_ENV=()

# ovnetd_start HOST [FLAG...]: in the background; its log is $LAB_DIR/HOST/log.
ovnetd_start() {
	local name=$1 flags
	shift
	[ -x "$OVNETD" ] || fail "no $OVNETD: ninja -C $OVNET_BUILD builds it"
	mapfile -t flags < <(ovnetd_flags "$name")
	# shellcheck disable=SC2046
	spawn "$LAB_DIR/$name/log" ip netns exec "$LAB-$name" env $(sanitizer_options "$name") \
		"${OVNETD_ENV[@]}" "$OVNETD" "${flags[@]}" "$@"
	echo "$SPAWNED" >"$LAB_DIR/$name/ovnetd.pid"
}

ovnetd_pid() {
	cat "$LAB_DIR/$1/ovnetd.pid"
}

ovnetd_running() {
	[ -s "$LAB_DIR/$1/subnet.env" ] && [ "$(ctl "$1" status | json .state)" = running ]
}

ovnetd_running_or_dead() {
	gone_or_zombie "$(ovnetd_pid "$1")" || ovnetd_running "$1"
}

# ovnetd_wait HOST [SECONDS]: until it holds a lease and forwards.
ovnetd_wait() {
	retry "${2:-15}" ovnetd_running_or_dead "$1" || fail "ovnetd on $1 is not running in time"
	ovnetd_running "$1" || fail "ovnetd on $1 ended: $(tail -n 1 "$LAB_DIR/$1/log")"
}

# ovnetd_stop HOST: SIGTERM; it has to end by itself, with status 0.
ovnetd_stop() {
	local pid rc=0
	pid=$(ovnetd_pid "$1")
	rm "$LAB_DIR/$1/ovnetd.pid"
	kill -TERM "$pid"
	retry 10 gone_or_zombie "$pid" || fail "ovnetd on $1 does not end on SIGTERM"
	wait "$pid" || rc=$?
	equal "exit status of ovnetd on $1 after SIGTERM" 0 "$rc"
}

ovnetd_kill9() {
	local pid
	pid=$(ovnetd_pid "$1")
	rm "$LAB_DIR/$1/ovnetd.pid"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
}

# ovnetd_refuses HOST REGEX [FLAG...]: has to end soon with a non-zero status and a message
# that matches.
ovnetd_refuses() {
	local name=$1 regex=$2 pid rc=0
	shift 2
	: >"$LAB_DIR/$name/log"
	ovnetd_start "$name" "$@"
	pid=$(ovnetd_pid "$name")
	rm "$LAB_DIR/$name/ovnetd.pid"
	if ! retry 10 gone_or_zombie "$pid"; then
		kill -KILL "$pid"
		fail "ovnetd goes on where it has to refuse"
	fi
	wait "$pid" || rc=$?
	[ "$rc" != 0 ] || fail "ovnetd refuses, but its exit status is 0"
	[ "$rc" -lt 126 ] || fail "ovnetd died of a signal (status $rc)"
	logged "$name" "$regex" || fail "no message like '$regex' in: $(cat "$LAB_DIR/$name/log")"
}

# logged HOST REGEX
logged() {
	grep -Eiq -- "$2" "$LAB_DIR/$1/log"
}

# ctl HOST METHOD: JSON.
ctl() {
	timeout 5 "$OVNETCTL" --socket "$LAB_DIR/$1/ctl.sock" --json "$2"
}

# drops HOST [REASON]: packets refused for that reason, or for any.
drops() {
	ctl "$1" drops | jq --arg r "${2:-}" '[(.drops? // .)[]
		| select($r == "" or .reason == $r) | .packets] | add // 0'
}

# dropped HOST REASON AT_LEAST
dropped() {
	[ "$(drops "$1" "$2")" -ge "$3" ]
}

# ovnet_host NAME [FLAG...]: all of it, with a pod.
ovnet_host() {
	host_add "$1" ovnet
	ovnetd_start "$@"
	ovnetd_wait "$1"
	pod_add "$1"
}
