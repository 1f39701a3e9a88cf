# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# The lab of the smoke tests and of scripts/demo.sh: hosts as network namespaces on a bridge
# ("fabric"), a real etcd, ovnetd on some hosts and the kernel's own vxlan, set up exactly as
# flanneld does, on others. A pod namespace behind a bridge on each.
#
#   . "$(dirname "$0")/lib.sh"     # strict mode, clean-up trap
#   lab_up                         # fabric, etcd, network config
#   ovnet_host a                   # host, ovnetd, pod
#   linux_host b                   # host, kernel vxlan, lease, pod
#   reach a b                      # pod of a pings pod of b, within a deadline
#
# All names start with $LAB, unique to the run, so runs side by side do not meet. Nothing is
# made in the caller's network namespace. Exit 77 means skipped, the reason is printed.
set -euEo pipefail
export LC_ALL=C

OVNET_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OVNET_BUILD=$(realpath -m "${OVNET_BUILD:-$OVNET_ROOT/build}")
OVNETD=$OVNET_BUILD/app/ovnetd/ovnetd
OVNETCTL=$OVNET_BUILD/app/ovnetctl/ovnetctl

LAB_TOP=/run/ovnet-lab
LAB=${OVNET_LAB:-ov$$}
# A kept lab may bear our number from an earlier life.
while [ -z "${OVNET_LAB:-}" ] && [ -e "$LAB_TOP/$LAB" ]; do
	LAB=ov$$$RANDOM
done
LAB_DIR=$LAB_TOP/$LAB

for part in core failed net tls etcd etcd_cluster lease_tree linux_vxlan linux ovnet probe backend flow capture hugepages; do
	. "$OVNET_ROOT/test/smoke/lib/$part.sh"
done
unset part
