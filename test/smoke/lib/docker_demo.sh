# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# scripts/demo.sh --docker: containers of real runtimes on four hosts. Docker on docker1 and docker2,
# with mk-docker-opts.sh's options; podman with cni-conf.sh's network on podman1 and on linux1, which
# runs no ovnet. Sourced by demo.sh alone.

. "$OVNET_ROOT/test/smoke/lib/machine.sh"
. "$OVNET_ROOT/test/smoke/lib/docker.sh"
. "$OVNET_ROOT/test/smoke/lib/podman.sh"

RESTART_LOST=null
OUTSIDE=world # reaches the hosts, knows nothing of the overlay

docker_announce() {
	cat >&2 <<-END
		This demo will, on this machine:
		  - install the Debian packages that are missing (scripts/install-deps.sh --list)
		  - build ovnet in $OVNET_BUILD
		  - reserve $(hugepage_need) MB of hugepages, given back at the end
		  - make network namespaces $LAB-* and run everything in them: etcd, three ovnet hosts and a
		    linux host, dockerd on two of them, podman on two, with files of their own in $LAB_DIR;
		    docker, podman and the network of this machine are not touched
		  - remove all of that at the end, also after Ctrl-C
	END
}

docker_needs() {
	local missing='' program
	for program in dockerd docker containerd runc podman nsenter unshare; do
		command -v $program >/dev/null || missing+=" $program"
	done
	[ -z "$missing" ] || fail "no$missing here: scripts/install-deps.sh installs it"
	[ -n "$(ls /sys/fs/cgroup)" ] || skip "no cgroups here, containers want them"
}

# docker_host NAME [FLAG...]: as on a new node, nothing forwards before dockerd does.
docker_host() {
	host_add "$1" ovnet
	on "$1" sysctl -qw net.ipv4.ip_forward=0
	machine_up "$1"
	ovnetd_start "$1" --ip-masq "${@:2}"
}

# docker_begin HOST VARIABLE OPTION...: ExecStartPost of ovnetd's unit, then docker's unit.
docker_begin() {
	"$OVNET_ROOT/scripts/mk-docker-opts.sh" -f "$LAB_DIR/$1/subnet.env" \
		-d "$LAB_DIR/$1/docker.env" "${@:3}"
	dockerd_start "$1" "$2"
	step "$1: dockerd$(. "$LAB_DIR/$1/docker.env" && echo "${!2}")"
}

# podman_begin HOST [OPTION...]
podman_begin() {
	"$OVNET_ROOT/scripts/cni-conf.sh" -g -f "$LAB_DIR/$1/subnet.env" \
		-o "$LAB_DIR/$1/net.d/10-ovnet.conflist"
	podman_pod "$@"
}

docker_hosts_up() {
	local h
	step "fabric and etcd; transmit checksum offload is off on the veths that stand in for NICs"
	fabric_up
	etcd_start
	netconf "$NETCONF"
	host_add $OUTSIDE outside
	image_make
	step "ovnet hosts docker1 (a part of its subnet is for VMs), docker2, podman1;" \
		"linux1 as flanneld sets it up"
	# shellcheck disable=SC2046
	docker_host docker1 $(vm_flags docker1)
	docker_host docker2
	docker_host podman1
	host_add linux1 linux
	machine_up linux1
	linux_join linux1
	for h in docker1 docker2 podman1; do
		ovnetd_wait $h 30
	done
	# Who installed docker before flannel has a docker0 already.
	ip -n "$LAB-docker2" link add docker0 type bridge
	ip -n "$LAB-docker2" addr add 172.17.0.1/16 dev docker0
	docker_begin docker1 DOCKER_OPTS
	docker_begin docker2 DOCKER_NETWORK_OPTIONS -k DOCKER_NETWORK_OPTIONS
	docker_pod docker1 --publish 8080:80
	docker_pod docker2
	OVNET=(docker1 docker2) LINUX=()
	step "podman1, linux1: podman run, on the network of cni-conf.sh"
	for h in podman1 linux1; do
		podman_setup $h
	done
	if podman_has_cni podman1; then
		podman_begin podman1 --publish 8080:80
		podman_begin linux1
		OVNET+=(podman1) LINUX+=(linux1)
	else
		step "podman here has no CNI ($(podman podman1 --version)): going on without it"
	fi
	ALL=("${OVNET[@]}" "${LINUX[@]}")
	for h in "${ALL[@]}"; do
		iperf_server "$h"
	done
}

docker0_addresses() {
	on "$1" ip -j -4 addr show dev docker0 |
		jq -r '[.[].addr_info[] | "\(.local)/\(.prefixlen)"] | join(" ")'
}

docker_range() {
	docker "$1" network inspect --format '{{(index .IPAM.Config 0).IPRange}}' bridge
}

# What docker was told is what it does.
docker_as_told() {
	local h net
	for h in docker1 docker2; do
		check "$h: docker has set FORWARD to DROP" grep -qx -- '-P FORWARD DROP' <(on $h iptables -S)
		check "$h: docker0 has $(env_value $h SUBNET) and no other" \
			test "$(docker0_addresses $h)" = "$(env_value $h SUBNET)"
	done
	net=$(subnet docker1)
	check "docker1: its containers are in ${net%/*}/25, the rest is for VMs" \
		test "$(docker_range docker1)" = "${net%/*}/25"
	for h in "${ALL[@]}"; do
		check "$h: a container's MTU is $(env_value "$h" MTU)" test "$(container_does "$h" \
			cat /sys/class/net/eth0/mtu)" = "$(env_value "$h" MTU)"
	done
}

# container_does HOST COMMAND...: in the container itself.
container_does() {
	case $1 in
	docker*) docker "$1" exec pod "${@:2}" ;;
	*) podman "$1" exec pod "${@:2}" ;;
	esac
}

file_sum() {
	sha256sum <"$LAB_DIR/image/www/file"
}

# fetched HOST URL: a container there gets what every container has at /www/file.
fetched() {
	[ "$(container_does "$1" sh -c "timeout 5 wget -q -O - $2 | sha256sum")" = "$(file_sum)" ]
}

fetched_outside() {
	[ "$(on $OUTSIDE curl -s -m 5 "$1" | sha256sum)" = "$(file_sum)" ]
}

docker_pairs() {
	local from to
	step "container to container: ping, a TCP transfer with its contents checked, one second of iperf3"
	pairs_header
	for from in docker1 docker2; do
		[ $from = docker1 ] && to=docker2 || to=docker1
		pair_measure $from $to || ALL_OK=false
	done
	[ ${#ALL[@]} = 2 ] || for from in podman1 linux1; do
		[ $from = podman1 ] && to=linux1 || to=podman1
		pair_measure $from $to || ALL_OK=false
		pair_measure docker1 $from || ALL_OK=false
	done
	for from in "${ALL[@]}"; do
		for to in "${ALL[@]}"; do
			[ "$from" = "$to" ] || check "$from fetches a file of $to, whose whole MTU passes" \
				container_reaches "$from" "$to"
		done
	done
}

container_reaches() {
	fetched "$1" "http://$(pod_ip "$2")/file" &&
		size_passes "$1" "$2" 4 "$(env_value "$1" MTU)" -M "do" >/dev/null
}

# Says to everybody who asks from which address it was.
outside_listens() {
	spawn "$LAB_DIR/$OUTSIDE.log" ip netns exec "$LAB-$OUTSIDE" python3 -c '
import socket
with socket.create_server(("", 7000)) as s:
    while True:
        peer, address = s.accept()
        peer.sendall(address[0].encode())
        peer.close()'
	within 5 "somebody listens in $OUTSIDE" outside_has_listener
}

outside_has_listener() {
	[ -n "$(on $OUTSIDE ss -Hltn 'sport = :7000')" ]
}

seen_outside() {
	container_does "$1" nc -w 5 "$(host_ip $OUTSIDE)" 7000 </dev/null
}

docker_world() {
	local h
	step "published ports, and the rest of the world"
	for h in "${OVNET[@]}"; do
		[ "$h" = docker2 ] || {
			check "port 8080 of $h, from a container of docker2" \
				fetched docker2 "http://$(host_ip "$h"):8080/file"
			check "port 8080 of $h, from outside" fetched_outside "http://$(host_ip "$h"):8080/file"
		}
	done
	outside_listens
	for h in "${ALL[@]}"; do
		check "outside, a container of $h has its host's address, $(host_ip "$h")" \
			test "$(seen_outside "$h")" = "$(host_ip "$h")"
	done
}

# docker_back WHAT SUBNET STARTED: the same subnet, and reached again.
docker_back() {
	check "$1: traffic is back" retry 15 answered "$LAB_DIR/again.log" "$3"
	check "$1: the subnet is the same, $2" test "$(subnet docker1)" = "$2"
}

# lost_ms LOG INTERVAL: of pings so many milliseconds apart, those between answers.
lost_ms() {
	awk -F'icmp_seq=| ttl=' -v ms="$2" '/ ttl=/ {
		if (last && $2 > last + 1) lost += $2 - last - 1
		last = $2 + 0
	} END { print lost * ms }' "$1"
}

docker_restarts() {
	local kept started limit=1000
	kept=$(subnet docker1)
	step "ovnetd on docker1 ends and starts again, then dockerd; pings every 20 ms from docker2"
	spawn "$LAB_DIR/again.log" ip netns exec "$LAB-docker2-pod" ping -n -D -i 0.02 "$(pod_ip docker1)"
	retry 5 answered "$LAB_DIR/again.log" 0 || true
	ovnetd_stop docker1
	started=$(now_us)
	# shellcheck disable=SC2046
	ovnetd_start docker1 --ip-masq $(vm_flags docker1)
	docker_back "ovnetd" "$kept" "$started"
	RESTART_S=$(seconds_since "$started" "$(first_reply "$LAB_DIR/again.log" "$started" || now_us)")
	ovnetd_wait docker1 30
	RESTART_LOST=$(lost_ms "$LAB_DIR/again.log" 20)
	# As restart() has it.
	[ "$HUGE" = true ] && ! machine_busy || limit=5000
	check "the restart took $RESTART_LOST ms of traffic" test "$RESTART_LOST" -le $limit
	check "the container went on: port 8080 of docker1" \
		fetched docker2 "http://$(host_ip docker1):8080/file"
	dockerd_stop docker1
	started=$(now_us)
	docker_begin docker1 DOCKER_OPTS
	docker docker1 start pod >/dev/null
	docker_pod_again docker1
	docker_back "dockerd" "$kept" "$started"
	check "the container is at $(pod_ip docker1) again" fetched docker2 "http://$(pod_ip docker1)/file"
}

docker_json() {
	local docker podman
	docker=$(docker docker1 version --format '{{.Server.Version}}')
	podman=$(podman podman1 --version | cut -d' ' -f3)
	RESULT=$(jq -s --arg docker "$docker" --arg podman "$podman" --argjson restart "$RESTART_S" \
		--argjson lost "$RESTART_LOST" --arg hosts "${ALL[*]}" '{ok: false, docker: $docker, podman: $podman,
		hosts: ($hosts | split(" ")), pairs: ., restart_s: $restart, restart_lost_ms: $lost}' "$LAB_DIR/pairs.json")
}

# In order; where something fails the lab's end does it.
docker_end() {
	local h
	for h in podman1 linux1; do
		podman_pod_stop $h
	done
	for h in docker1 docker2; do
		dockerd_stop $h
	done
}

docker_story() {
	docker_needs
	docker_hosts_up
	warm_up
	docker_as_told
	docker_pairs
	docker_world
	docker_restarts
	docker_json
	docker_end
}
