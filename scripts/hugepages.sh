#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Reserves, shows and releases hugepages for DPDK, and says why when it cannot.
set -u

MM=/sys/kernel/mm/hugepages
NODES=/sys/devices/system/node
SYSCTL=/etc/sysctl.d/90-ovnet-hugepages.conf
KEEP_KB=131072 # what reserve always leaves to the rest of the system

usage() {
	cat <<'USAGE'
usage: hugepages.sh reserve (--pages N | --memory MB) [--size 2M|1G] [--node N]
                    [--persistent] [--allow-partial] [--ignore-cgroup]
       hugepages.sh show [--json]
       hugepages.sh release [--size 2M|1G] [--node N] [--persistent]
       hugepages.sh save FILE
       hugepages.sh restore FILE

reserve   makes sure N pages (or MB megabytes of pages, rounded up) are free for
          use, so a second call changes nothing. What it cannot get whole it gives
          back, unless --allow-partial. --size defaults to 2M.
          --persistent also keeps them over a reboot: 2M pages by
          /etc/sysctl.d/90-ovnet-hugepages.conf; for 1G pages, or with --node, it
          prints the kernel command line that is needed.
          --ignore-cgroup: the program that will use them runs in another cgroup.
show      pages per NUMA node and size, hugetlbfs mounts, cgroup limits.
release   gives back the pages nobody uses, of every size unless one is named.
          --persistent also removes the file in /etc/sysctl.d.
save      writes the number of pages per node and size to FILE,
restore   sets them again.

Exit status: 0 done, 1 refused or partly done, 2 wrong usage.
USAGE
}

say() { printf 'hugepages: %s\n' "$*"; }
die() { printf 'hugepages: %s\n' "$*" >&2; exit 1; }
misuse() { printf 'hugepages: %s (see --help)\n' "$*" >&2; exit 2; }

is_number() { [[ $1 =~ ^[0-9]{1,9}$ ]]; }
value() { local v=0; [ -r "$1" ] && read -r v <"$1"; printf '%s' "${v:-0}"; }
meminfo() { awk -v key="$1:" '$1 == key { print $2 }' /proc/meminfo; }
label() { if [ "$1" -ge 1048576 ]; then echo "$(($1 / 1048576))G"; else echo "$(($1 / 1024))M"; fi; }
cgroup_label() { label "$1" | sed 's/$/B/'; }

# Every size in kB this kernel has.
sizes() {
	local d
	for d in "$MM"/hugepages-*kB; do
		[ -d "$d" ] || continue
		d=${d##*hugepages-}
		echo "${d%kB}"
	done | sort -n
}

nodes() {
	local d
	for d in "$NODES"/node[0-9]*; do
		[ -d "$d/hugepages" ] && echo "${d##*node}"
	done | sort -n
}

# The folder of a size on a node, or of the whole system ("").
folder() {
	if [ -n "$2" ]; then
		echo "$NODES/node$2/hugepages/hugepages-$1kB"
	else
		echo "$MM/hugepages-$1kB"
	fi
}

# Pages nobody uses and nobody was promised. The promises are known for all nodes only.
available() {
	local dir free promised=0
	dir=$(folder "$1" "$2")
	free=$(value "$dir/free_hugepages")
	[ -n "$2" ] || promised=$(value "$dir/resv_hugepages")
	echo $((free > promised ? free - promised : 0))
}

parse_size() {
	local kb
	case $1 in
	2M | 2m | 2MB) kb=2048 ;;
	1G | 1g | 1GB) kb=1048576 ;;
	*) misuse "--size $1: 2M or 1G" ;;
	esac
	echo "$kb"
}

need_root() {
	[ "$(id -u)" = 0 ] || die "only root may change the number of hugepages: use sudo"
}

need_size() {
	[ -d "$MM" ] || die "this kernel has no hugepages (CONFIG_HUGETLBFS), or /sys is not" \
		"mounted; ovnetd works without them, slower: dpdk.hugepages = \"off\""
	[ -d "$MM/hugepages-$1kB" ] || die "no pages of $(label "$1") on this machine; there are:" \
		"$(for s in $(sizes); do label "$s"; done | tr '\n' ' ')(1G pages need a CPU with pdpe1gb)"
}

need_node() {
	[ -z "$1" ] || [ -d "$NODES/node$1/hugepages" ] ||
		die "no NUMA node $1; there are: $(nodes | tr '\n' ' ')"
}

# `[ -w ]` asks access(2), which says no to root, too, where the file system is read-only.
need_writable() {
	[ -w "$1" ] || die "$1 cannot be written: /sys is mounted read-only, as in most" \
		"containers: run this on the host, or start the container privileged"
}

# The number as the kernel took it stays to be read back; the write itself may be refused.
set_pages() {
	local err
	err=$({ echo "$2" >"$1"; } 2>&1) && return 0
	case $err in
	*"Invalid argument"*)
		err="the kernel cannot make pages of this size while running: put them on the kernel command line" ;;
	*"Permission denied"* | *"Read-only"* | *"not permitted"*)
		err="not allowed here: a container or a security module forbids it; run this on the host" ;;
	*) err=${err##*: } ;;
	esac
	printf 'hugepages: %s: %s\n' "$1" "$err" >&2
	return 1
}

# "limit-in-bytes file" of the tightest hugetlb limit that binds this process, or nothing.
cgroup_limit() {
	local name best="" where="" line path dir root file limit
	name=$(cgroup_label "$1")
	while IFS=: read -r _ line path; do
		for root in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/hugetlb; do
			case $line:$root in
			:*/hugetlb) continue ;;
			:*) file=hugetlb.$name.max ;;
			*hugetlb*:*/hugetlb) file=hugetlb.$name.limit_in_bytes ;;
			*) continue ;;
			esac
			dir=${path%/}
			while :; do
				limit=$(value "$root$dir/$file")
				if [[ $limit =~ ^[1-9][0-9]{0,18}$ || ( $limit = 0 && -r $root$dir/$file ) ]] &&
					{ [ -z "$best" ] || [ "$limit" -lt "$best" ]; }; then
					best=$limit where=$root$dir/$file
				fi
				[ -n "$dir" ] || break
				dir=${dir%/*}
			done
		done
	done <"/proc/$$/cgroup"
	[ -z "$best" ] || echo "$best $where"
}

need_cgroup() {
	local limit where
	read -r limit where <<<"$(cgroup_limit "$1")"
	[ -n "$limit" ] || return 0
	[ $((limit / 1024)) -ge $(($1 * $2)) ] ||
		die "the cgroup allows $((limit / 1048576)) MB of $(label "$1") pages and $(($1 * $2 / 1024)) MB" \
			"are wanted: raise $where, or pass --ignore-cgroup if the pages are for a" \
			"program in another cgroup"
}

boot_line() {
	local count=$2
	[ -z "$3" ] || count="$3:$2"
	echo "hugepagesz=$(label "$1") hugepages=$count"
}

memory_advice() {
	printf 'hugepages: MemAvailable is %s MB.' $(($(meminfo MemAvailable) / 1024))
	printf ' Free memory or break up less of it: stop what is big,'
	printf ' "echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory",'
	printf ' or reserve at boot, before memory is in pieces: add "%s" to the kernel command line\n' \
		"$(boot_line "$@")"
}

persist() {
	local kb=$1 node=$2 dir total
	dir=$(folder "$kb" "$node")
	total=$(value "$dir/nr_hugepages")
	if [ -n "$node" ] || [ "$kb" != "$(meminfo Hugepagesize)" ]; then
		say "over a reboot only the kernel command line keeps these; add:" \
			"$(boot_line "$kb" "$total" "$node")"
		return 0
	fi
	printf '# Written by ovnet, scripts/hugepages.sh; removed by its release --persistent.\nvm.nr_hugepages = %s\n' \
		"$total" >"$SYSCTL" || die "$SYSCTL cannot be written: the pages are there until the next boot only"
	say "$SYSCTL keeps $total pages of $(label "$kb") over a reboot"
}

reserve() {
	local kb=2048 pages="" memory="" node="" persistent="" partial="" nocgroup=""
	while [ $# -gt 0 ]; do
		case $1 in
		--size | --pages | --memory | --node)
			[ $# -ge 2 ] || misuse "$1 needs a value" ;;&
		--size) kb=$(parse_size "$2") || exit 2; shift ;;
		--pages) pages=$2; shift ;;
		--memory) memory=$2; shift ;;
		--node) node=$2; shift ;;
		--persistent) persistent=1 ;;
		--allow-partial) partial=1 ;;
		--ignore-cgroup) nocgroup=1 ;;
		*) misuse "reserve: unknown argument $1" ;;
		esac
		shift
	done
	[ -z "$pages" ] || [ -z "$memory" ] || misuse "--pages or --memory, not both"
	is_number "${pages:-${memory:-x}}" || misuse "reserve needs --pages N or --memory MB"
	[ -z "$node" ] || is_number "$node" || misuse "--node $node: a number"
	[ -n "$pages" ] || pages=$(((10#$memory * 1024 + kb - 1) / kb))
	pages=$((10#$pages))
	[ "$pages" -gt 0 ] || misuse "reserve: nothing asked for; use release to give pages back"

	need_root
	need_size "$kb"
	need_node "$node"
	need_writable "$(folder "$kb" "$node")/nr_hugepages"
	[ -n "$nocgroup" ] || need_cgroup "$kb" "$pages"
	if [ -n "$persistent" ] && ! { [ -d "${SYSCTL%/*}" ] && [ -w "${SYSCTL%/*}" ]; }; then
		die "${SYSCTL%/*} is missing or read-only: --persistent is not possible here"
	fi
	take "$kb" "$node" "$pages" "$partial" || exit 1
	[ -z "$persistent" ] || persist "$kb" "$node"
}

take() {
	local kb=$1 node=$2 pages=$3 partial=$4 file before have missing
	file=$(folder "$kb" "$node")/nr_hugepages
	before=$(value "$file")
	have=$(available "$kb" "$node")
	if [ "$have" -ge "$pages" ]; then
		say "$have pages of $(label "$kb") are free already, nothing to do"
		return 0
	fi
	missing=$((pages - have))
	# Asking for more than there is would push everything else out of memory.
	if [ $((missing * kb + KEEP_KB)) -gt "$(meminfo MemAvailable)" ]; then
		if [ -z "$partial" ]; then
			printf 'hugepages: %s more pages of %s need %s MB, more than this machine has to spare\n' \
				"$missing" "$(label "$kb")" $((missing * kb / 1024)) >&2
			memory_advice "$kb" $((before + missing)) "$node" >&2
			return 1
		fi
		missing=$((($(meminfo MemAvailable) - KEEP_KB) / kb))
		[ "$missing" -gt 0 ] || missing=0
	fi
	set_pages "$file" $((before + missing)) || return 1
	if [ "$(available "$kb" "$node")" -lt $((have + missing)) ] && [ -w /proc/sys/vm/compact_memory ]; then
		echo 1 >/proc/sys/vm/compact_memory
		set_pages "$file" $((before + missing)) || return 1
	fi
	verdict "$kb" "$node" "$pages" "$partial" "$before"
}

verdict() {
	local kb=$1 node=$2 pages=$3 partial=$4 before=$5 got
	got=$(available "$kb" "$node")
	if [ "$got" -ge "$pages" ]; then
		say "$got pages of $(label "$kb") free${node:+ on node $node}"
		return 0
	fi
	printf 'hugepages: got %s of %s pages of %s: no more contiguous memory\n' \
		"$got" "$pages" "$(label "$kb")" >&2
	memory_advice "$kb" $((before + pages)) "$node" >&2
	if [ -n "$partial" ] && [ "$got" -gt 0 ]; then
		say "$got pages of $(label "$kb") kept (--allow-partial)"
		return 0
	fi
	set_pages "$(folder "$kb" "$node")/nr_hugepages" "$before" &&
		printf 'hugepages: gave them back; --allow-partial keeps what there is\n' >&2
	return 1
}

release_one() {
	local kb=$1 node=$2 file total free
	file=$(folder "$kb" "$node")/nr_hugepages
	total=$(value "$file")
	free=$(available "$kb" "$node")
	[ "$free" -gt 0 ] || { [ "$total" = 0 ] || say "all $total pages of $(label "$kb") are in use"; return 0; }
	need_writable "$file"
	set_pages "$file" $((total - free)) || return 1
	say "gave back $((total - $(value "$file"))) pages of $(label "$kb"), $(value "$file") in use stay"
}

release() {
	local kb="" node="" persistent="" status=0
	while [ $# -gt 0 ]; do
		case $1 in
		--size | --node)
			[ $# -ge 2 ] || misuse "$1 needs a value" ;;&
		--size) kb=$(parse_size "$2") || exit 2; shift ;;
		--node) node=$2; shift ;;
		--persistent) persistent=1 ;;
		*) misuse "release: unknown argument $1" ;;
		esac
		shift
	done
	[ -z "$node" ] || is_number "$node" || misuse "--node $node: a number"
	need_root
	[ -z "$kb" ] || need_size "$kb"
	need_node "$node"
	for kb in ${kb:-$(sizes)}; do
		release_one "$kb" "$node" || status=1
	done
	if [ -n "$persistent" ] && [ -e "$SYSCTL" ]; then
		rm -f "$SYSCTL" && say "removed $SYSCTL" || status=1
	fi
	[ -z "$persistent" ] || ! grep -q 'hugepages=' /proc/cmdline ||
		say "the kernel command line still reserves pages at boot: $(grep -o 'hugepages[a-z]*=[^ ]*' /proc/cmdline | tr '\n' ' ')"
	return "$status"
}

# node size-kB total free surplus
each_pool() {
	local node kb dir
	for node in $(nodes); do
		for kb in $(sizes); do
			dir=$(folder "$kb" "$node")
			echo "$node $kb $(value "$dir/nr_hugepages") $(value "$dir/free_hugepages") $(value "$dir/surplus_hugepages")"
		done
	done
}

each_mount() { awk '$3 == "hugetlbfs" { print $2, $4 }' /proc/mounts; }

show_text() {
	local node kb total free surplus limit where
	printf '%-5s %-5s %9s %9s %9s\n' node size total free surplus
	each_pool | while read -r node kb total free surplus; do
		printf '%-5s %-5s %9s %9s %9s\n' "$node" "$(label "$kb")" "$total" "$free" "$surplus"
	done
	for kb in $(sizes); do
		echo "reserved for running programs, $(label "$kb"): $(value "$MM/hugepages-${kb}kB/resv_hugepages")"
	done
	each_mount | while read -r where limit; do echo "mount $where ($limit)"; done
	[ -n "$(each_mount)" ] || echo "mount none (not needed with DPDK's --in-memory)"
	for kb in $(sizes); do
		read -r limit where <<<"$(cgroup_limit "$kb")"
		echo "cgroup limit, $(label "$kb"): ${limit:-none}${limit:+ bytes by $where}"
	done
	[ ! -e "$SYSCTL" ] || echo "at boot: $(grep -v '^#' "$SYSCTL") ($SYSCTL)"
}

quote() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# Joins the lines of its input with commas.
commas() { paste -sd, -; }

show_json() {
	local node kb total free surplus limit where
	printf '{"pools":[%s],' "$(each_pool | while read -r node kb total free surplus; do
		printf '{"node":%s,"size_kb":%s,"total":%s,"free":%s,"surplus":%s}\n' \
			"$node" "$kb" "$total" "$free" "$surplus"
	done | commas)"
	printf '"reserved":[%s],' "$(for kb in $(sizes); do
		printf '{"size_kb":%s,"pages":%s}\n' "$kb" "$(value "$MM/hugepages-${kb}kB/resv_hugepages")"
	done | commas)"
	printf '"mounts":[%s],' "$(each_mount | while read -r where limit; do
		printf '{"path":%s,"options":%s}\n' "$(quote "$where")" "$(quote "$limit")"
	done | commas)"
	printf '"cgroup_limits":[%s],' "$(for kb in $(sizes); do
		read -r limit where <<<"$(cgroup_limit "$kb")"
		[ -z "$limit" ] || printf '{"size_kb":%s,"bytes":%s,"file":%s}\n' "$kb" "$limit" "$(quote "$where")"
	done | commas)"
	printf '"persistent":%s}\n' "$([ -e "$SYSCTL" ] && echo true || echo false)"
}

show() {
	[ -d "$MM" ] || die "this kernel has no hugepages (CONFIG_HUGETLBFS), or /sys is not mounted"
	case "$*" in
	"") show_text ;;
	--json) show_json ;;
	*) misuse "show: unknown argument $*" ;;
	esac
}

save() {
	local node kb total
	[ $# = 1 ] || misuse "save needs one file"
	each_pool | while read -r node kb total _; do
		echo "$node $kb $total"
	done >"$1" || die "$1 cannot be written"
}

restore() {
	local node kb total file now status=0
	[ $# = 1 ] || misuse "restore needs one file"
	need_root
	[ -r "$1" ] || die "$1 cannot be read"
	while read -r node kb total; do
		if ! is_number "$node" || ! is_number "$kb" || ! is_number "$total"; then
			die "$1 was not written by save"
		fi
		file=$(folder "$kb" "$node")/nr_hugepages
		[ -e "$file" ] || die "$1: no pages of $(label "$kb") on node $node (any more)"
		now=$(value "$file")
		[ "$now" != "$total" ] || continue
		need_writable "$file"
		set_pages "$file" "$total" || status=1
		now=$(value "$file")
		[ "$now" = "$total" ] || { say "node $node: $now pages of $(label "$kb") instead of $total"; status=1; }
	done <"$1"
	return "$status"
}

case ${1:-} in
reserve | show | release | save | restore) "$@" ;;
-h | --help | help) usage ;;
"") usage >&2; exit 2 ;;
*) misuse "unknown command $1" ;;
esac
