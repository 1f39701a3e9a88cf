/* SPDX-License-Identifier: BSD-3-Clause */
/* Work that would keep the event loop waiting: disks, other programs. Control thread. */
#ifndef OVNET_LOOP_THREAD_H
#define OVNET_LOOP_THREAD_H

#include <pthread.h>

/* A thread that gets no signals, as they are the main thread's. 0 or negative errno; join it. */
int thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/*
 * The calling thread, which works for moments only, gets a CPU as soon as it has something to do,
 * not when who is on it has had its time (Linux 6.12; before that nothing changes). `boost` takes
 * that much off its nice value, for a larger share where CPUs are short; without CAP_SYS_NICE it
 * keeps the one it has. 0 or negative errno.
 */
int thread_prompt(int boost);

#endif
