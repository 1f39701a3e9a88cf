# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# The CNI plugins by hand, as a container runtime calls them. Sourced behind lib.sh.

CNI_BIN=/usr/lib/cni

cni_plugins() {
	[ -x $CNI_BIN/bridge ] && [ -x $CNI_BIN/host-local ]
}

# cni ADD|DEL HOST: the bridge of $LAB_DIR/HOST/conflist to the namespace of its pod. The result is
# in HOST/cni.json; host-local keeps its notes in the lab.
cni() {
	local dir=$LAB_DIR/$2
	jq --arg dir "$dir/cni" '{cniVersion, name} + .plugins[0] | .ipam.dataDir = $dir' "$dir/conflist" |
		on "$2" env CNI_COMMAND="$1" CNI_CONTAINERID="$LAB-$2" CNI_IFNAME=eth0 CNI_PATH=$CNI_BIN \
			CNI_NETNS="/run/netns/$LAB-$2-pod" $CNI_BIN/bridge >"$dir/cni.json" ||
		fail "the bridge plugin on $2, $1: $(<"$dir/cni.json")"
}
