# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Published install guides with ovnetd's name put in: an etcd of three members with TLS and v2 keys,
# keys typed with etcdctl, units with an environment file, docker's options made by
# mk-docker-opts.sh. Sourced behind lib.sh.
#
# A node has a /run of its own, which is $LAB_DIR/HOST/run, so that everything stands at the paths
# the guides name.

# walk_on HOST: what comes before a command on it, in WALK.
walk_on() {
	local own=$LAB_DIR/$1/run
	# shellcheck disable=SC2016
	WALK=(ip netns exec "$LAB-$1" unshare --mount sh -ec '
		mount --rbind "$0" "$1"
		mount --rbind "$2" /run
		shift 2
		exec "$@"' "$LAB_DIR" "$own${LAB_DIR#/run}" "$own")
}

# typed COMMAND...: etcdctl's v2 commands at a member's console, as in the guides.
typed() {
	on m1 env ETCDCTL_API=2 etcdctl --ca-file="$TLS/ca.crt" --cert-file="$TLS/client.crt" \
		--key-file="$TLS/client.key" --endpoints="$ETCD_URL" "$@"
}

# A certificate of its own, CN flanneld, RSA 2048, as cfssl makes it.
walk_client_cert() {
	openssl req -new -newkey rsa:2048 -nodes -subj "/C=CN/O=k8s/CN=flanneld" \
		-keyout "$TLS/flanneld-key.pem" -out "$TLS/csr" 2>>"$TLS/log"
	openssl x509 -req -in "$TLS/csr" -CA "$TLS/ca.crt" -CAkey "$TLS/ca.key" -CAcreateserial \
		-out "$TLS/flanneld.pem" 2>>"$TLS/log"
}

# walk_host NAME: without ovnetd.
walk_host() {
	host_add "$1" ovnet
	mkdir -p "$LAB_DIR/$1/run${LAB_DIR#/run}"
	ln -s run/ovnet/ovnetd.sock "$LAB_DIR/$1/ctl.sock"
}

# unit_start HOST ENVIRONMENT EXECSTART: a unit of Type=notify. ENVIRONMENT is the text of its
# EnvironmentFile; EXECSTART's variables are the shell's, with ovnetd for /usr/bin/flanneld.
unit_start() {
	local dir=$LAB_DIR/$1
	printf '%s\n' "$2" >"$dir/environment"
	rm -f "$dir/notify" "$dir/notified" "$dir/subnet.env"
	spawn "$dir/notified" python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while "READY=1" not in (said := s.recv(4096).decode()):
    print(said, flush=True)
print(said, flush=True)' "$dir/notify"
	NOTIFY_PID=$SPAWNED
	within 5 "the unit's socket is there" [ -S "$dir/notify" ]
	# The lab is small and wants its snapshot inside.
	cat >"$dir/unit" <<-END
		set -a
		. "$dir/environment"
		export NOTIFY_SOCKET="$dir/notify" $(sanitizer_options "$1")
		FLANNELD_REGISTRY_SNAPSHOT="$dir/snapshot/leases.json" FLANNELD_STATE_DIR="$dir/state"
		FLANNELD_DPDK_MBUFS=8192
		exec "$OVNETD" $3
	END
	: >"$dir/log"
	walk_on "$1"
	spawn "$dir/log" "${WALK[@]}" sh "$dir/unit"
	echo "$SPAWNED" >"$dir/ovnetd.pid"
}

unit_ready() {
	grep -q READY=1 "$LAB_DIR/$1/notified"
}

# unit_wait HOST: active, as systemd sees it. What the daemon wrote is kept for the lab, the guides
# write over it.
unit_wait() {
	within 20 "the unit on $1 is active" unit_ready "$1"
	kill "$NOTIFY_PID" 2>/dev/null || true
	cp "$LAB_DIR/$1/run/flannel/subnet.env" "$LAB_DIR/$1/subnet.env"
}

# unit_stop HOST
unit_stop() {
	kill "$NOTIFY_PID" 2>/dev/null || true
	ovnetd_stop "$1"
}

# docker_opts HOST FLAG...: ExecStartPost.
docker_opts() {
	walk_on "$1"
	"${WALK[@]}" "$OVNET_ROOT/scripts/mk-docker-opts.sh" "${@:2}"
}

# host_pings HOST ADDRESS: prints "received ttl average-ms" of three.
host_pings() {
	ping_figures 3 0.05 on "$1" ping "$2"
}
