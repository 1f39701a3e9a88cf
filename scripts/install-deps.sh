#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Installs what ovnet needs to build, run its demo and run its tests, from the
# distribution's own packages. Does nothing, quickly, when all is there.
#
#   scripts/install-deps.sh [OPTION...]
#     --list                 which packages those are
#     --without-vm           not what the tests' virtual machines need
#     --without-containers   not docker, podman and CNI's plugins (80 MB, 340 MB installed)
set -eu

BUILD="gcc clang meson ninja-build pkg-config libdpdk-dev dpdk-dev libpcap-dev libcurl4-openssl-dev
libjansson-dev libssl-dev libconfig-dev libevent-dev libmnl-dev libnftables-dev libbpf-dev libxdp-dev
libcap-dev libprotobuf-c-dev protobuf-c-compiler protobuf-compiler linux-libc-dev bpftool
scdoc"
RUN="iproute2 iptables nftables ethtool etcd-server etcd-client iperf3 iputils-ping iputils-tracepath
curl jq gnuplot-nox netcat-openbsd python3 procps util-linux bsdextrautils openssl"
TEST="libcmocka-dev clang-format llvm lld universal-ctags codespell dhcpcd-base isc-dhcp-client
shellcheck lua5.4 systemd build-essential debhelper fakeroot lintian tcpdump tshark python3-scapy git debootstrap openvswitch-switch-dpdk prometheus"
VM="qemu-system-x86 busybox-static libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients libxml2-utils"
CONTAINERS="docker.io containerd podman runc containernetworking-plugins busybox-static"

# The sanitizers' runtime has the number of the release's clang in its name: libclang-rt-14-dev on
# Debian 12, -19- on Debian 13. Nothing where neither dpkg nor apt knows it yet.
clang_rt() {
	{
		dpkg-query -W -f '${Depends}\n' clang 2>/dev/null | grep . ||
			apt-cache show clang 2>/dev/null | sed -n 's,^Depends: ,,p'
	} | sed -nE 's/.*\bclang-([0-9]+)\b.*/libclang-rt-\1-dev/p' | sed -n 1p
}

# A package of its own from Debian 13 on.
docker_cli() {
	[ -z "$CONTAINERS" ] || ! apt-cache show docker-cli >/dev/null 2>&1 || echo docker-cli
}

wanted() {
	# shellcheck disable=SC2046,SC2086
	printf '%s\n' $BUILD $RUN $TEST $VM $CONTAINERS $(clang_rt) $(docker_cli) | sort -u
}

list=''
for option in "$@"; do
	case $option in
	--list) list=yes ;;
	--without-vm) VM='' ;;
	--without-containers) CONTAINERS='' ;;
	*)
		echo "install-deps: unknown option $option" >&2
		exit 2
		;;
	esac
done
if [ -n "$list" ]; then
	wanted
	exit 0
fi

# absent PACKAGE...: those that are not installed.
absent() {
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
	for p in "$@"; do
		echo "$have" | grep -qx "$p" || printf ' %s' "$p"
	done
}

# shellcheck disable=SC2046
missing=$(absent $(wanted))
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
sleepers=$(absent openvswitch-switch dpdk prometheus docker.io containerd podman)
# shellcheck disable=SC2046
apt-get install -y -q --no-install-recommends $(absent $(wanted))

# services PACKAGE: its units. Docker alone would set FORWARD to DROP.
services() {
	case $1 in
	docker.io) echo docker.service docker.socket ;;
	podman)
		echo podman.service podman.socket podman-restart.service podman-auto-update.service \
			podman-auto-update.timer
		;;
	*) echo "$1.service" ;;
	esac
}

# Nor at the machine's next start, of what tests and benchmarks alone brought with them.
for package in $sleepers; do
	[ ! -e "/etc/init.d/${package%.io}" ] || update-rc.d "${package%.io}" disable
	# Some of them may not be there: each by itself.
	for unit in $(services "$package"); do
		! command -v systemctl >/dev/null || systemctl --quiet disable "$unit" 2>/dev/null || true
	done
done
