/* SPDX-License-Identifier: BSD-3-Clause */
/* Work that would keep the event loop waiting: disks, other programs. Control thread. */
#ifndef OVNET_LOOP_THREAD_H
#define OVNET_LOOP_THREAD_H

#include <pthread.h>

/* A thread that gets no signals, as they are the main thread's. 0 or negative errno; join it. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/*
 * The calling thread, which works for moments only, gets a CPU as soon as it has something to do,
 * not when who is on it has had its time. Its share stays what it is. Linux 6.12, or else nothing
 * changes. 0 or negative errno.
 */
int thread_prompt(void);

#endif
