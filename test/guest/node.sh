#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Makes a guest that is a node of its own: what is in DIR's initrd (make.sh) and behind it BUILD's ovnetd
# with the libraries and drivers of DPDK's it takes there, iproute2, bash, scripts/nic.sh and the kernel's
# modules for NICs and who takes them. Not compressed: unpacking is what a guest without KVM is slow at.
#
#   test/guest/node.sh DIR BUILD OUT
set -euo pipefail
export LC_ALL=C

HERE=$(cd "$(dirname "$0")" && pwd)
DIR=$(realpath "$1") BUILD=$(realpath "$2") OUT=$(realpath -m "$3")
ROOT=$OUT.root
. "$HERE/parts.sh"

# plugin NAME...: of DPDK's. EAL loads what is in a folder of its own: links, as a library that is there
# twice would be loaded twice.
plugin() {
	local name file real
	for name in "$@"; do
		file=$(find /usr/lib/*/dpdk/pmds-* -name "librte_$name.so.[0-9]*.*" -print -quit)
		[ -n "$file" ] || { echo "no $name of DPDK's here" >&2 && exit 1; }
		real=/usr/lib/x86_64-linux-gnu/${file##*/}
		real=${real%.*}
		library "$real"
		libraries "$real"
		mkdir -p "$ROOT${file%/*}"
		ln -s "${real#/usr}" "$ROOT$file"
	done
}

rm -rf "$ROOT"
mkdir -p "$ROOT"/{bin,lib,test,etc,var/lib,usr/sbin}
cp "$DIR/root/lib/order" "$ROOT/lib/"
for module in tun vmxnet3 8021q bonding nf_tables uio_pci_generic vfio vfio_iommu_type1 vfio-pci; do
	module "$DIR/tree" $module
done
for file in "$BUILD/app/ovnetd/ovnetd" "$BUILD/app/ovnetctl/ovnetctl" "$(command -v ip)" \
	"$(command -v bash)" "$(command -v find)" "$(command -v flock)"; do
	program "$file"
done
plugin bus_pci bus_vdev mempool_ring net_vmxnet3 net_virtio net_bond
cp "$HERE"/../../scripts/nic*.sh "$ROOT/bin/"
cp "$HERE/start" "$ROOT/test/"
for root in "$DIR/root" "$ROOT"; do
	(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null)
done >"$OUT.new"
rm -rf "$ROOT"
mv "$OUT.new" "$OUT"
