/* SPDX-License-Identifier: BSD-3-Clause */
#include "loop/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS   100000 /* the least there is; the preset is some milliseconds */
#define LEAST_NICE (-20)

/* Of sched_setattr(2): glibc has none, and the kernel's header does not go with pthread.h. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
	sigset_t all, former;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	int rc = pthread_create(thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	return -rc;
}

int thread_prompt(int boost)
{
	struct attr a;

	if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
		return -errno;
	const int32_t nice = a.nice;
	a.runtime = SLICE_NS;
	a.nice = nice - boost > LEAST_NICE ? nice - boost : LEAST_NICE;
	if (syscall(SYS_sched_setattr, 0, &a, 0) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	a.nice = nice;
	return syscall(SYS_sched_setattr, 0, &a, 0) < 0 ? -errno : 0;
}
