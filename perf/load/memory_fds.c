/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memif without copies sends the switch the descriptors of DPDK's memory, and closes them once it
 * is connected (memif_connect() of DPDK 22.11), though they are not its own. A second port, whose
 * handshake comes later, then sends whatever has that number by now. So while they are held, a
 * close of one does nothing: the program's close() stands before libc's for DPDK's libraries, too.
 */
#include "memory_fds.h"

#include <rte_memory.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FDS 64

static _Atomic int held[FDS];
static _Atomic unsigned n_held;

static int hold(const struct rte_memseg_list *list, const struct rte_memseg *seg, void *arg)
{
	int fd = rte_memseg_get_fd_thread_unsafe(seg);

	(void)list, (void)arg;
	for (unsigned i = 0; i < n_held; i++)
		if (held[i] == fd)
			return 0;
	if (fd < 0)
		return 0; /* memory without one */
	if (n_held == FDS)
		return -1;
	held[n_held] = fd;
	n_held++;
	return 0;
}

bool memory_fds_hold(void)
{
	return rte_memseg_walk(hold, NULL) == 0;
}

void memory_fds_release(void)
{
	n_held = 0;
}

int close(int fd)
{
	for (unsigned i = 0; i < n_held; i++)
		if (held[i] == fd)
			return 0;
	return (int)syscall(SYS_close, fd);
}
