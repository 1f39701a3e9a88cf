# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Podman with CNI on a host of the lab: the network is $LAB_DIR/HOST/net.d, one container of it the pod
# of this host. Sourced behind lib.sh and machine.sh.

# podman_setup HOST: it does not take what the machine's own podman is told.
podman_setup() {
	local dir=$LAB_DIR/$1
	mkdir -p "$dir/net.d"
	cat >"$dir/containers.conf" <<-END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
		[engine]
		cgroup_manager = "cgroupfs"
		runtime = "runc"
		events_logger = "none"
		[network]
		network_backend = "cni"
		cni_plugin_dirs = ["/usr/lib/cni"]
		network_config_dir = "$dir/net.d"
		default_network = "ovnet"
	END
	cat >"$dir/storage.conf" <<-END
		[storage]
		driver = "vfs"
		graphroot = "/var/lib/containers/storage"
		runroot = "/run/containers/storage"
	END
}

# podman HOST COMMAND...
podman() {
	inside "$1" env "CONTAINERS_CONF=$LAB_DIR/$1/containers.conf" \
		"CONTAINERS_STORAGE_CONF=$LAB_DIR/$1/storage.conf" podman "${@:2}"
}

# podman_has_cni HOST: from 5 on it speaks to netavark alone.
podman_has_cni() {
	[ "$(podman "$1" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')" -lt 5 ]
}

# podman_pod HOST [OPTION...]: of "podman run".
podman_pod() {
	image | podman "$1" import - busybox >/dev/null 2>&1
	podman "$1" run --detach --name pod --cgroup-parent "/$LAB" -e "OVNET_LAB=$LAB" "${@:2}" \
		busybox "${CONTAINER[@]}" >/dev/null
	container_pod "$1" "$(podman "$1" inspect --format '{{.State.Pid}}' pod)"
}

podman_pod_stop() {
	podman "$1" rm --force --time 5 pod >/dev/null 2>&1 || true
}
