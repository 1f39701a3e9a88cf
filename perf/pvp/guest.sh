# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The guest: testpmd behind a vhost-user socket (virtio-user) or a memif ring. It sends frames of a file
# without end, and frees what comes.

SLOTS=1024 # of each ring between switch and guest
GUEST_MB=96

guest_socket() {
	echo "$LAB_DIR/$1.guest"
}

# guest_port ID PORT: the overlay's side of a switch, as peer_start takes it.
guest_port() {
	case $2 in
	vhost) echo "vhost:$(guest_socket "$1")" ;;
	memif) echo "net_memif0,role=server,$(ring "$1"),mac=$OUT_MAC" ;;
	esac
}

# guest_vdev ID PORT SLOTS [QUEUES]: its other end, which says how long the rings are. With vhost-user it makes
# the socket, as QEMU does.
guest_vdev() {
	case $2 in
	vhost) echo "net_virtio_user0,path=$(guest_socket "$1"),server=1,queues=${4:-1},queue_size=$3" ;;
	memif) echo "net_memif0,role=client,$(ring "$1"),rsize=$(log2 "$3")" ;;
	esac
}

ring() {
	echo "socket-abstract=no,socket=$(guest_socket "$1")"
}

log2() {
	awk -v n="$1" 'BEGIN { print log(n) / log(2) }'
}

# guest_frames ID SIZE PEERS: what guests send, to the port they find at this switch.
guest_frames() {
	local made
	GATE_MAC=$(peer gate_mac "$1")
	made=$("$core/make.py" encap "$2" "$3" /dev/null "$LAB_DIR/guest.pcap" \
		--in-mac "$GATE_MAC" --out-mac "$IN_MAC")
	read -r FRAMES UPLINK_BYTES <<<"$made"
}

# guest_start ID PORT: until it sends. With memif the switch copies both ways then, as with vhost-user,
# so that the guest is not the slower side; without hugepages it cannot be had. Queues of memif beyond
# the first are there to be received by: the switch takes nothing of what is sent there.
guest_start() {
	local lent='' queues=1 source="rx_pcap=$LAB_DIR/guest.pcap"
	if [ "$2" = memif ]; then
		[ -z "$HUGE" ] || lent=,zero-copy=yes
		queues=$(peer_queues "$1")
		[ "$queues" = 1 ] || source+=",$source"
	fi
	pmd_start "guest_$1" "$OTHER_CPU" "$GUEST_MB" "$(guest_vdev "$1" "$2" "$SLOTS")$lent" \
		"net_pcap0,$source,infinite_rx=1" \
		-- --forward-mode=io "--total-num-mbufs=$((8192 * queues))" "--rxq=$queues" "--txq=$queues"
	within 20 "the guest of $1 is connected" pmd_links_up "guest_$1"
	within 20 "$1 has its ports up" peer linked "$1"
	pmd_go "guest_$1"
	MEMBERS[$1]+=" $SPAWNED"
}
