/* SPDX-License-Identifier: BSD-3-Clause */
/* How a worker sleeps. Private to lib/path, the worker's own thread only. */
#ifndef OVNET_PATH_SLEEP_H
#define OVNET_PATH_SLEEP_H

#include "path/worker.h"

/* Which of the queues the last round left alone have packets? The next one looks at them. */
void worker_look(struct ovnet_worker *w);
/* Arms the ports, looks once more and sleeps until there is something to do. */
void worker_sleep(struct ovnet_worker *w);

#endif
