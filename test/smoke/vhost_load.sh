#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Guests that come, flood, die and do not take what they are sent, beside one that answers pings: that
# one loses nothing by any of them, and what they lose is counted on their own ports.
# runs: long
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/spoof.sh"
. "$OVNET_ROOT/test/smoke/lib/lies.sh"
. "$OVNET_ROOT/test/smoke/lib/vhost.sh"

GUEST=([good]=130 [flood]=131 [hoard]=132)
KILLS=4
FROM_B=3000 # packets for who takes none

floods() {
	[ "$(port_of flood .rx_packets)" -gt $(($1 + 1000)) ]
}

# flood_and_die: sends to where nobody has a lease, until it is killed at the height of it.
flood_and_die() {
	local had
	had=$(port_of flood .rx_packets)
	testpmd_guest flood txonly "--tx-ip=$(pod_ip flood),10.5.99.9" \
		"--eth-peer=0,$(port_of flood .mac)"
	within 20 "packets of the flood come" floods "$had"
	testpmd_kill9 flood
}

lab_up
linux_host b
host_add a ovnet
guests_start --log-level=info
testpmd_guest good icmpecho
within 20 "the pod of b reaches the guest" ping_once b good
honest_start b good

for _ in $(seq $KILLS); do
	flood_and_die
done
within 5 "the port of who was killed is down" link_is flood false
equal "how often it came back" $((KILLS - 1)) "$(port_of flood .reconnects)"
equal "features in use of who stays, those it did not take among them" "true []" \
	"$(port_of good '"\(.used_features != []) \(.used_features - .features)"')"
expect "what it sent is refused for want of a lease" dropped a no-peer $((KILLS * 1000))

spawn "$LAB_DIR/hoard.log" "$OVNET_BUILD/test/smoke/tools/vhost_guest" hoarder \
	"$(guest_socket hoard)" client
hoarder=$SPAWNED
within 10 "the hoarder's port is up" link_is hoard true
in_pod b ping -q -f -c $FROM_B -W 1 "$(pod_ip hoard)" >/dev/null || true
within 5 "what it does not take is dropped" dropped a tx-full $((FROM_B / 2))
equal "sent to who takes none, at most" true "$(port_of hoard '.tx_packets <= 64')"
kill -TERM "$hoarder"
wait "$hoarder" || true

honest_end
equal "drops but of the flood and for the hoarder" "{}" \
	"$(all_drops | jq -c 'del(.["no-peer"], .["tx-full"], .["tx-down"])')"
equal "free buffers" true "$(ctl a status | jq '.dpdk.mbufs_free >= 8192 - 512')"
ovnetd_stop a
