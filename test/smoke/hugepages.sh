#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Reserves 2 MB pages for real and gives them back; what must not be done to a real machine is
# done to copies of its files in a mount namespace.
# runs: alone
set -euE
H=$(cd "$(dirname "$0")/../.." && pwd)/scripts/hugepages.sh
POOL=/sys/kernel/mm/hugepages/hugepages-2048kB
[ "$(id -u)" = 0 ] || { echo "SKIP: needs root"; exit 77; }
[ -w $POOL/nr_hugepages ] || { echo "SKIP: 2 MB pages cannot be set here"; exit 77; }
exec 9<$POOL && flock 9 # one at a time: the pool is the machine's

tmp=$(mktemp -d)
"$H" save "$tmp/found"
trap '"$H" restore "$tmp/found"; rm -rf "$tmp"' EXIT
trap 'echo "FAIL: hugepages.sh:$LINENO: $BASH_COMMAND"' ERR
fail() { cat "$tmp/out"; echo "FAIL: hugepages.sh:${BASH_LINENO[0]}: $*; last output above"; exit 1; }
pages() { cat $POOL/nr_hugepages; }
run() { "$H" "$@" >"$tmp/out" 2>&1; }
says() { grep -q -- "$1" "$tmp/out" || fail "no word of '$1'"; }
# refused STATUS WORDS ARGS...: exits so, says so, leaves the pages alone
refused() {
	local want=$1 words=$2 before rc=0
	shift 2
	before=$(pages)
	run "$@" || rc=$?
	[ $rc = "$want" ] || fail "$* gave $rc, not $want"
	says "$words"
	[ "$(pages)" = "$before" ] || fail "$* changed the pages"
}
# The same in a mount namespace made by the first argument, as the script sees it.
fake() {
	local prepare=$1 rc=0
	shift
	unshare -m bash -euc "$prepare"'; shift; exec "$@"' x x "$H" "$@" >"$tmp/out" 2>&1 || rc=$?
	return $rc
}

# for real
before=$(pages)
free=$(($(cat $POOL/free_hugepages) - $(cat $POOL/resv_hugepages)))
run reserve --pages $((free + 4)) || fail "4 more pages"
[ "$(pages)" = $((before + 4)) ] || fail "$(pages) pages instead of $((before + 4))"
run reserve --pages $((free + 4)) || fail "the same again"
says "nothing to do"
[ "$(pages)" = $((before + 4)) ] || fail "a second call changed the number"
run reserve --memory $((2 * (free + 5) + 1)) --node 0 || fail "by memory, rounded up"
[ "$(pages)" = $((before + 6)) ] || fail "$(pages) pages instead of $((before + 6))"
run show || fail show
grep -Eq "^0 +2M +$((before + 6)) " "$tmp/out" || fail "show: wrong number"
run show --json || fail "show --json"
python3 - "$tmp/out" $((before + 6)) <<'PY' || fail "show --json: wrong"
import json, sys
got = json.load(open(sys.argv[1]))
assert sum(p["total"] for p in got["pools"] if p["size_kb"] == 2048) == int(sys.argv[2]), got
PY
run restore "$tmp/found" || fail restore
[ "$(pages)" = "$before" ] || fail "restore left $(pages) pages, found $before"
if [ "$before" = 0 ]; then # release takes all that is free: only where all of it is ours
	run reserve --pages 2 || fail "2 pages"
	run release --size 2M || fail release
	[ "$(pages)" = 0 ] || fail "release left $(pages) pages"
fi

# refusals
refused 2 "needs --pages" reserve
refused 2 "not both" reserve --pages 1 --memory 2
refused 2 "2M or 1G" reserve --pages 1 --size 4K
refused 2 "unknown argument" release --force
refused 1 "no NUMA node 999" reserve --pages 1 --node 999
refused 1 "MemAvailable is" reserve --pages 500000000
says "hugepagesz=2M hugepages="
refused 1 "was not written by save" restore /etc/passwd
cp "$H" "$tmp/script" && chmod 755 "$tmp" "$tmp/script"
if setpriv --reuid 65534 --clear-groups "$tmp/script" reserve --pages 1 >"$tmp/out" 2>&1; then
	fail "works without root"
fi
says "only root"

# in copies
ro='mount --bind /sys /sys; mount -o remount,bind,ro /sys'
if fake "$ro" reserve --pages $((free + 1)); then fail "read-only /sys was written"; fi
says "read-only"
small='mount -t tmpfs x /sys/kernel/mm; mkdir -p /sys/kernel/mm/hugepages/hugepages-2048kB
cd /sys/kernel/mm/hugepages/hugepages-2048kB; echo 5 > nr_hugepages; echo 3 > free_hugepages; echo 0 > resv_hugepages'
# The copy never has more than 3 pages free: as on a machine whose memory is in pieces.
if fake "$small; trap 'echo left \$(cat nr_hugepages)' EXIT; \"\$2\" reserve --pages 8; exit" true; then
	fail "3 of 8 pages are called a success"
fi
says "got 3 of 8 pages"
says "^left 5" # given back
fake "$small" reserve --pages 8 --allow-partial || fail "--allow-partial"
if fake "$small" reserve --pages 1 --size 1G; then fail "1G pages where there are none"; fi
says "no pages of 1G.*there are: 2M"
limit='mount -t tmpfs x /sys/fs/cgroup; mkdir -p "/sys/fs/cgroup/a/b"
echo "0::/a/b" > /sys/fs/cgroup/self; echo 4194304 > /sys/fs/cgroup/a/hugetlb.2MB.max
echo max > /sys/fs/cgroup/a/b/hugetlb.2MB.max; mount --bind /sys/fs/cgroup/self /proc/$$/cgroup'
if fake "$small; $limit" reserve --pages 3; then fail "the cgroup's limit is ignored"; fi
says "the cgroup allows 4 MB"
fake "$small; $limit" reserve --pages 3 --ignore-cgroup || fail "--ignore-cgroup"
etc='mount -t tmpfs x /etc/sysctl.d'
fake "$small; $etc; trap 'cat /etc/sysctl.d/*' EXIT; \"\$2\" reserve --pages 3 --persistent; exit" true ||
	fail "--persistent"
says "^vm.nr_hugepages = 5"
fake "$small; $etc; touch /etc/sysctl.d/90-ovnet-hugepages.conf; \"\$2\" release --persistent; ls /etc/sysctl.d; exit" true ||
	fail "release --persistent"
says "removed /etc/sysctl.d/90-ovnet-hugepages.conf"
[ ! -e /etc/sysctl.d/90-ovnet-hugepages.conf ] || fail "the real /etc/sysctl.d was written"
[ "$(pages)" = "$before" ] || fail "$(pages) pages left, found $before"
echo "hugepages: all as it should be"
