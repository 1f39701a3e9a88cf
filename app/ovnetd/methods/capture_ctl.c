/* SPDX-License-Identifier: BSD-3-Clause */
#include "methods/capture_ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon.h"
#include "methods/json.h"

static int begin(void *arg, const json_t *params, bool trace, int fd, char *err, size_t err_size)
{
	struct capture_order *o = calloc(1, sizeof(*o));
	struct daemon *d = arg;
	int rc = -EAGAIN;

	if (o == NULL)
		snprintf(err, err_size, "no memory for a capture");
	else if (methods_running(d, err, err_size))
		rc = captures_order(params, trace, o, err, err_size);
	if (rc < 0)
		close(fd);
	else
		rc = captures_begin(&d->captures, o, fd, err, err_size);
	free(o);
	return rc;
}

int capture_ctl(void *arg, const json_t *params, int fd, char *err, size_t err_size)
{
	return begin(arg, params, false, fd, err, err_size);
}

int trace_ctl(void *arg, const json_t *params, int fd, char *err, size_t err_size)
{
	return begin(arg, params, true, fd, err, err_size);
}
