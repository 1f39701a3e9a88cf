# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What stands beside the figures of every verb: where, when and of what they are.

cpu_model() {
	sed -n '/^model name/ { s/.*: //p; q }' /proc/cpuinfo
}

# The commit, "-dirty" where files differ from it, other than what is measured here and its
# reports; empty outside of a repository.
commit() {
	local head
	head=$(git -C "$OVNET_ROOT" rev-parse --short=12 HEAD 2>/dev/null) || return 0
	git -C "$OVNET_ROOT" diff --quiet HEAD -- . ':!perf/results' ':!README.md' ':!docs/speed.md' ||
		head+=-dirty
	echo "$head"
}

# version NAME TEXT: a member, nothing where there is no such program.
version() {
	[ -z "$2" ] || jq -nc --arg name "$1" --arg text "$2" '{($name): $text}'
}

# first_version PROGRAM [OPTION...]: the first number with dots it says.
first_version() {
	command -v "$1" >/dev/null || return 0
	{ "$@" 2>/dev/null || true; } | grep -oEm 1 '[0-9]+(\.[0-9]+)+[-.a-z0-9]*' | head -n 1 || true
}

versions() {
	{
		version ovnet "$(first_version "$OVNETD" --version)"
		version dpdk "$(pkg-config --modversion libdpdk 2>/dev/null)"
		version ovs "$(first_version ovs-vswitchd --version)"
		version vpp "$(dpkg-query -W -f '${Version}' vpp 2>/dev/null || true)"
		version iperf3 "$(first_version iperf3 --version)"
		version etcd "$(first_version etcd --version)"
	} | jq -sc add
}

# envelope BENCH: of a run that called choose_memory and quiet_begin, or not.
envelope() {
	jq -n --arg bench "$1" --arg cpu "$(cpu_model)" --argjson cpus "$(getconf _NPROCESSORS_ONLN)" \
		--arg kernel "$(uname -r)" --arg memory "${MEMORY:-4 KB pages}" \
		--argjson versions "$(versions)" --arg commit "$(commit)" \
		--arg date "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		--argjson tsc_hz "$("$OVNET_BUILD/perf/tsc_hz")" \
		--argjson quick "$([ -n "$QUICK" ] && echo true || echo false)" \
		--argjson noise "${NOISE:-null}" \
		'{$bench, $cpu, $cpus, $kernel, $memory, $versions, $commit, $date, $tsc_hz, $quick, $noise}'
}
