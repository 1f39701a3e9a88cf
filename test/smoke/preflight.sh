#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ovnetd --preflight on a node with much that is wrong, mended one by one; real etcd behind
# certificates, real kernel devices. It changes nothing: links, rules and the tree are as before.
# runs: asan
export LAB_ETCD_TLS=1
. "$(dirname "$0")/lib.sh"

# preflight [FLAG...]: as JSON, with the flags the daemon of a gets; its exit status in RC.
preflight() {
	local flags
	mapfile -t flags < <(ovnetd_flags a)
	RC=0
	# shellcheck disable=SC2046
	on a env $(sanitizer_options a) timeout 60 "$OVNETD" --preflight --json "${flags[@]}" "$@" \
		>"$LAB_DIR/lines" 2>"$LAB_DIR/errors" || RC=$?
}
# says STATUS CHECK REGEX: of what went wrong there is a fix, too.
says() {
	jq -e --arg s "$1" --arg c "$2" --arg t "$3" 'any(.[]; .status == $s and .check == $c and
		((.text + " " + (.fix // "")) | test($t)) and ($s == "ok" or .fix != null))' \
		"$LAB_DIR/lines" >/dev/null || fail "no $*: $(jq -c --arg c "$2" '.[] |
		select(.check == $c)' "$LAB_DIR/lines") $(<"$LAB_DIR/errors")"
}
state_of_a() {
	on a ip -br link | awk '{ print $1, $3 }'
	on a ip -4 -br addr | awk '{ print $1, $3 }'
	on a ip -4 route show table all
	on a iptables-save | grep -v '^#'
	etcdctl get --prefix / -w json | jq -c '[.kvs, .header.revision]'
}

lab_create
fabric_up
tls_up
etcd_start
host_add a ovnet
on a ip link add docker0 type bridge
on a ip addr add 172.17.0.1/16 dev docker0
on a ip link set docker0 up
on a ip link add flannel.1 type vxlan id 1 dev eth0 dstport 8472 nolearning
on a ip link set flannel.1 up
on a iptables -P FORWARD DROP
on a sysctl -qw net.ipv4.ip_forward=0
cp "$(command -v sleep)" "$LAB_DIR/a/flanneld"
spawn "$LAB_DIR/flanneld.log" ip netns exec "$LAB-a" "$LAB_DIR/a/flanneld" 600
flanneld=$SPAWNED

preflight --subnet-lease-renew-margin=none
equal "settings that are refused" "fail settings 1" "$(jq -r '.[] | "\(.status) \(.check)"' "$LAB_DIR/lines") $RC"
expect "with the reason" grep -q renew-margin "$LAB_DIR/errors"

before=$(state_of_a)
preflight --iptables-forward-rules=false
equal "exit status" 1 $RC
says ok etcd "^etcd [0-9.]+, v3/grpc at $ETCD_URL"
says fail config "no such key.*etcdctl.*put $PREFIX/config"
says fail flanneld "process $flanneld.*systemctl disable"
says fail port "8472.*flanneld"
says fail forward "policy.*DROP"
says warn forward "ip_forward=1"
says warn uplink "eth0 is a veth"
says warn certificates "etcd.certfile.*client.crt.*expires in"
equal "what was there" "$before" "$(state_of_a)"

end_process "$flanneld" 5 || true
netconf '{"Network":"172.17.0.0/16","Backend":{"Type":"vxlan"}}'
lease_create 172.17.34.0/24 "$(fake_value 11)"
tls_cert old ca DNS:old '-1 minute'
tls_ca stranger
preflight "--etcd-cafile=$TLS/stranger.crt" "--etcd-certfile=$TLS/old.crt" "--etcd-keyfile=$TLS/client.key"
says fail certificates "old.crt.*expired"
says fail certificates "client.key is not the key of"
says fail etcd "cannot use etcd.certfile"
preflight "--etcd-cafile=$TLS/stranger.crt"
says fail etcd "is etcd.cafile the one that signed it"
preflight "--etcd-endpoints=$ETCD_URL,https://10.168.0.99:2379" --etcd-timeout=1 --ip-masq \
	"--uplink=iface=eth0,driver=af_xdp" --dpdk-hugepages=on --dpdk-mbufs=16777216
says warn etcd "10.168.0.99:2379"
says ok config "Network 172.17.0.0/16, backend vxlan"
says ok lease "172.17.34.0-24"
says fail docker0 "172.17.0.1, which is in the overlay.*docker0"
says ok flanneld "none runs here; what it left .*flannel.1"
says ok port "8472 is the device's that is taken over"
says ok forward "DROP; ovnetd has"
says fail hugepages "hugepages needed"
on a ip link set eth0 mtu 9000
preflight "--uplink=iface=eth0,driver=af_xdp" --takeover=no
says fail flanneld "was here before and left .*flannel.1.*--takeover=yes"
says fail port "8472 cannot be had"
says fail uplink "do not fit a frame"

on a ip link set eth0 mtu 1500
on a ip link del flannel.1
on a ip addr del 172.17.0.1/16 dev docker0
on a ip addr add 172.17.34.1/24 dev docker0
on a sysctl -qw net.ipv4.ip_forward=1
tls_cert client ca DNS:client '300 days'
before=$(state_of_a)
preflight
says ok certificates "client.crt .*(299|300) days left"
equal "exit status when all is mended: $(jq -c '.[] | select(.status == "fail")' "$LAB_DIR/lines")" 0 $RC
says ok docker0 "in this node's subnet"
equal "what was there" "$before" "$(state_of_a)"
ovnetd_start a
ovnetd_wait a
preflight
equal "exit status beside ovnetd: $(jq -c '.[] | select(.status == "fail")' "$LAB_DIR/lines")" 0 $RC
says ok ovnetd "one runs here"
says ok port "taken, by the ovnetd"
preflight --uplink=iface=eth9,driver=socket
says fail uplink 'no interface "eth9"'
