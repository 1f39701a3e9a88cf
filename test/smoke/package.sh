#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The Debian package: built, clean to lintian, installed where a real systemd is process 1, started in
# its own unit's sandbox, upgraded under a flow (the loss is printed), removed and purged. This
# machine's root is below all of it, and nothing of it is written to.
# runs: long
. "$(dirname "$0")/lib.sh"
. "$OVNET_ROOT/test/smoke/lib/machine_root.sh"

# Restarted by the package: packets are dropped meanwhile, never sent out bare.
LOST_MAX_MS=3000

why=$(package_cannot)
[ -z "$why" ] || skip "$why"
lab_up
linux_host b
host_add a ovnet

package_build
equal "what lintian says" "" "$(lintian --allow-root --fail-on none "$DEB" 2>&1)"

root_boot a
expect "it is installed" in_root apt-get install -y -q "/deb/${DEB##*/}"
expect "ovnetd is there" in_root ovnetd --version
in_root tee /etc/default/ovnetd >/dev/null <<-END
	OVNETD_OPTIONS="--etcd-endpoints=$ETCD_URL --iface=eth0 --dpdk-mbufs=8192 --host-kernel-lane=off"
END
equal "what installing it started" inactive "$(in_root systemctl is-active ovnetd || true)"
equal "what it enabled" disabled "$(in_root systemctl is-enabled ovnetd || true)"
expect "its user" in_root getent passwd ovnet

# active: or its own words are the reason.
active() {
	retry 20 in_root systemctl --quiet is-active ovnetd && return
	in_root systemctl --no-pager status ovnetd >&2 || true
	in_root journalctl -q --no-pager -n 40 >&2
	return 1
}
in_root systemctl start ovnetd || active || fail "it does not start"
equal "its state" active "$(in_root systemctl is-active ovnetd || true)"
equal "who it runs as" ovnet "$(in_root ps -o user= -C ovnetd)"
expect "docker's options" in_root test -s /run/flannel/docker
in_root cat /run/flannel/subnet.env >"$LAB_DIR/a/subnet.env"
pod_add a
within 5 "iptables' rules, in the sandbox" on a iptables -S OVNET-FWD
within 10 "pods reach each other" ping_once a b
expect "a reload" in_root systemctl reload ovnetd
expect "no system call was refused" eval \
	"! in_root journalctl -q --no-pager -u ovnetd | grep -iE 'operation not permitted|permission denied'"

flow_start a b
before=$(in_root systemctl show -P MainPID ovnetd)
expect "it is upgraded" in_root dpkg -i "/deb/${DEB##*/}"
expect "the new daemon runs" active
[ "$before" != "$(in_root systemctl show -P MainPID ovnetd)" ] || fail "the upgrade did not restart it"
within 10 "pods reach each other again" ping_once a b
flow_stop
say "$(jq -r '"upgrade, \(.way): \(.lost) of \(.sent) lost, longest gap \(.gap_ms) ms"' "$LAB_DIR/flow.json")"
expect "less than $LOST_MAX_MS ms lost" \
	jq -es --argjson m $LOST_MAX_MS 'all(.gap_ms < $m)' "$LAB_DIR/flow.json" >/dev/null

expect "it is purged" in_root apt-get purge -y -q ovnet
expect "the host device is gone" eval '! on a ip link show ovnet0 2>/dev/null'
expect "its files are gone" in_root test ! -e /usr/sbin/ovnetd -a ! -e /var/lib/ovnet -a ! -e /etc/ovnet
root_halt
