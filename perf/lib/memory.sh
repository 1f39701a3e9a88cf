# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Hugepages, held as long as the verb runs.

# choose_memory MEGABYTES: HUGE is yes, or empty where there are none, and MEMORY says it in words.
choose_memory() {
	HUGE=yes MEMORY="2 MB hugepages"
	hugepages_hold "$1" && return
	say "$BENCH: WARNING: no hugepages (reason above): all figures are of 4 KB pages, and worse"
	HUGE='' MEMORY="4 KB pages"
}
