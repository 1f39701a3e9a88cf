#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what ovnet needs to build, run its demo and run its tests, from the
# distribution's own packages. Does nothing, quickly, when all is there.
#
#   scripts/install-deps.sh [--list]       which packages those are
#   scripts/install-deps.sh --without-vm   not what the tests' virtual machines need
set -eu

BUILD="gcc clang meson ninja-build pkg-config libdpdk-dev dpdk-dev libpcap-dev libcurl4-openssl-dev
libjansson-dev libssl-dev libconfig-dev libevent-dev libmnl-dev libnftables-dev libbpf-dev libxdp-dev
libcap-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler linux-libc-dev bpftool
scdoc"
RUN="iproute2 iptables nftables ethtool etcd-server etcd-client iperf3 iputils-ping iputils-tracepath
curl jq gnuplot-nox netcat-openbsd python3 procps util-linux bsdextrautils openssl"
TEST="libcmocka-dev clang-format llvm lld universal-ctags codespell dhcpcd-base isc-dhcp-client
shellcheck lua5.4 tcpdump tshark python3-scapy git debootstrap openvswitch-switch-dpdk"
VM="qemu-system-x86 busybox-static libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients libxml2-utils"

# The sanitizers' runtime has the number of the release's clang in its name: libclang-rt-14-dev on
# Debian 12, -19- on Debian 13. Nothing where neither dpkg nor apt knows it yet.
clang_rt() {
	{
		dpkg-query -W -f '${Depends}\n' clang 2>/dev/null | grep . ||
			apt-cache show clang 2>/dev/null | sed -n 's,^Depends: ,,p'
	} | sed -nE 's/.*\bclang-([0-9]+)\b.*/libclang-rt-\1-dev/p' | head -n 1
}

[ "${1:-}" != --without-vm ] || VM=
if [ "${1:-}" = --list ]; then
	# shellcheck disable=SC2046,SC2086
	echo $BUILD $RUN $TEST $VM $(clang_rt) | tr ' ' '\n'
	exit 0
fi

# absent PACKAGE...: those that are not installed.
absent() {
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
	for p in "$@"; do
		echo "$have" | grep -qx "$p" || printf ' %s' "$p"
	done
}

# shellcheck disable=SC2046,SC2086
missing=$(absent $BUILD $RUN $TEST $VM $(clang_rt))
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "install-deps: missing:$missing" >&2
	echo "install-deps: run this script as root to install them" >&2
	exit 1
fi
echo "install-deps: installing:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null || echo "install-deps: apt-get update failed, trying with the lists there are" >&2
# No service may start: etcd here belongs to the operator, not to us.
policy=/usr/sbin/policy-rc.d
made=""
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy && made=1
fi
trap '[ -z "$made" ] || rm -f $policy' EXIT
sleepers=$(absent openvswitch-switch dpdk)
# shellcheck disable=SC2046,SC2086
apt-get install -y -q --no-install-recommends $(absent $BUILD $RUN $TEST $VM $(clang_rt))
# Nor at the machine's next start, of what the benchmarks alone brought with them.
for service in $sleepers; do
	[ ! -e "/etc/init.d/$service" ] || update-rc.d "$service" disable
done
