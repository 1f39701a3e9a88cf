# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Docker on a host of the lab: a dockerd of its own, and one container that is the pod of this host.
# Sourced behind lib.sh and machine.sh.

# dockerd_start HOST VARIABLE: with the options that mk-docker-opts.sh put there, as a unit would
# with EnvironmentFile=docker.env and "dockerd $VARIABLE".
dockerd_start() {
	machine_way "$1"
	# shellcheck disable=SC2016
	spawn "$LAB_DIR/$1-dockerd.log" "${MACHINE[@]}" sh -c '. "$1" && eval "options=\$$2" &&
		exec dockerd --host=unix:///run/docker.sock --pidfile=/run/docker.pid \
			--exec-root=/run/docker --data-root=/var/lib/docker --storage-driver=vfs \
			--cgroup-parent="/$OVNET_LAB" --default-ulimit=nofile=1024:1024 \
			--shutdown-timeout=5 $options' - "$LAB_DIR/$1/docker.env" "$2"
	echo "$SPAWNED" >"$LAB_DIR/$1/dockerd.pid"
	within 30 "dockerd on $1 answers (log: $LAB_DIR/$1-dockerd.log)" docker "$1" version
}

# dockerd_stop HOST: its containers end with it.
dockerd_stop() {
	end_process "$(<"$LAB_DIR/$1/dockerd.pid")" 15 || true
}

# docker HOST COMMAND...
docker() {
	inside "$1" docker --host=unix:///run/docker.sock "${@:2}"
}

# docker_pod HOST [OPTION...]: of "docker run". -e is how the lab finds its processes.
docker_pod() {
	image | docker "$1" import - busybox >/dev/null
	docker "$1" run --detach --name pod -e "OVNET_LAB=$LAB" "${@:2}" \
		busybox "${CONTAINER[@]}" >/dev/null
	docker_pod_again "$1"
}

docker_pod_again() {
	container_pod "$1" "$(docker "$1" inspect --format '{{.State.Pid}}' pod)"
}
