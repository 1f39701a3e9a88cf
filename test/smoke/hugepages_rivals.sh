#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Daemons that start together where hugepages are left for one: that one has them, the others run
# on 4K pages, and none ends.
# runs: alone
. "$(dirname "$0")/lib.sh"

POOL=/sys/kernel/mm/hugepages/hugepages-2048kB
LEFT=30 # enough for one daemon as the lab configures it (35 MB), not for two
HOSTS=(a b c d)

free_pages() {
	cat $POOL/free_hugepages
}
# occupy N: takes free pages until N are left; they go back when it ends.
occupy() {
	spawn "$LAB_DIR/occupant" python3 -c '
import mmap, sys, time
n = int(sys.argv[1])
m = mmap.mmap(-1, n << 21, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
for i in range(n):
    m[i << 21] = 1
time.sleep(600)' "$(($(free_pages) - $1))"
}
left() {
	[ "$(free_pages)" = "$1" ]
}
memory() {
	ctl "$1" status | json .dpdk.memory
}

lab_up
hugepages_hold 384 || skip "no hugepages to be had"
for h in "${HOSTS[@]}"; do
	host_add "$h" ovnet
done
occupy $LEFT
within 10 "pages for one daemon are left" left $LEFT
for h in "${HOSTS[@]}"; do
	ovnetd_start "$h"
done
for h in "${HOSTS[@]}"; do
	ovnetd_wait "$h" 30
done
on_pages=0
for h in "${HOSTS[@]}"; do
	[ "$(memory "$h")" = "4K pages" ] || on_pages=$((on_pages + 1))
done
equal "daemons with hugepages" 1 $on_pages
