# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# Which CPU does what.

# choose_cpus: WORKER_CPU is what is measured, and its alone; OTHER_CPU is shared by what drives and
# receives.
choose_cpus() {
	local cpus
	mapfile -t cpus < <(python3 -c \
		'import os; print(*sorted(os.sched_getaffinity(0)), sep="\n")')
	[ ${#cpus[@]} -gt 1 ] || skip "needs two CPUs, this process may use one"
	OTHER_CPU=${cpus[0]} WORKER_CPU=${cpus[-1]}
}
