/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vhost_guard.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_vhost.h>

#include "base/log.h"
#include "port/vhost_int.h"
#include "port/vhost_memory.h"
#include "port/vhost_message.h"

OVNET_LOG_TYPE(port)

/* vid -> guard; vhost: rw. */
static struct vhost_guard *_Atomic guards[RTE_MAX_VHOST_DEVICE];

static struct vhost_guard *guard_of(int vid)
{
	return vid >= 0 && vid < RTE_MAX_VHOST_DEVICE ? atomic_load(&guards[vid]) : NULL;
}

/* Once a second: who lies all the time shall not fill the log. */
static void refuse(struct vhost_guard *g, const char *why, uint32_t request)
{
	const uint64_t now = rte_get_tsc_cycles();

	atomic_fetch_add(&g->refused, 1);
	if (g->said_at != 0 && now - g->said_at < rte_get_tsc_hz())
		return;
	g->said_at = now;
	LOG(WARN, "port '%s': refused from the other end of %s (request %u): %s", g->port, g->path,
		request, why);
}

static void watch_memory(struct vhost_guard *g, int vid)
{
	struct rte_vhost_memory *mem = NULL;

	if (rte_vhost_get_mem_table(vid, &mem) < 0)
		return;
	for (uint32_t i = 0; i < mem->nregions && i < VHOST_REGIONS; i++)
		atomic_store(&g->region[i], vhost_memory_watch(mem->regions[i].mmap_addr,
						    mem->regions[i].mmap_size, g->notify_fd));
	free(mem);
}

static void forget_memory(struct vhost_guard *g)
{
	for (unsigned i = 0; i < VHOST_REGIONS; i++) {
		const int number = atomic_exchange(&g->region[i], -1);
		if (vhost_memory_torn(number))
			atomic_store(&g->torn, true);
		vhost_memory_forget(number);
	}
}

static const char *connection_fault(const struct vhost_guard *g)
{
	if (g->pending)
		return "a message after one that librte_vhost refused";
	return vhost_socket_has_room(g->fd) ? NULL : "questions whose answers nobody reads";
}

static enum rte_vhost_msg_result before(int vid, void *msg)
{
	struct vhost_guard *g = guard_of(vid);
	struct vhost_message *m = msg;

	(void)vhost_memory_mapped(); /* a table that librte_vhost refused */
	if (g == NULL)
		return RTE_VHOST_MSG_RESULT_ERR;
	const char *fault = connection_fault(g);
	if (fault != NULL)
		m->flags &= ~VHOST_NEED_REPLY; /* it is disconnected */
	else
		fault = vhost_message_fault(g, m);
	if (fault != NULL) {
		refuse(g, fault, m->request);
		for (int i = 0; i < m->n_fds && i < VHOST_REGIONS; i++)
			close(m->fds[i]);
		return RTE_VHOST_MSG_RESULT_ERR;
	}
	g->pending = true;
	if (m->request == VHOST_REQ_SET_MEM_TABLE) {
		forget_memory(g); /* it is about to be unmapped */
		vhost_memory_mapping();
	}
	if (m->request != VHOST_REQ_GET_QUEUE_NUM)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	/* librte_vhost would say its own maximum. */
	m->body.u64 = g->rings / 2;
	m->size = sizeof(m->body.u64);
	m->n_fds = 0;
	return RTE_VHOST_MSG_RESULT_REPLY;
}

static enum rte_vhost_msg_result after(int vid, void *msg)
{
	const struct vhost_message *m = msg;
	struct vhost_guard *g = guard_of(vid);

	if (g == NULL)
		return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
	g->pending = false; /* not called for what was refused */
	if (m->request == VHOST_REQ_SET_MEM_TABLE) {
		watch_memory(g, vid);
		if (vhost_memory_mapped()) {
			atomic_store(&g->torn, true);
			if (g->notify_fd >= 0)
				(void)eventfd_write(g->notify_fd, 1);
		}
	}
	return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

static const struct rte_vhost_user_extern_ops ops = {
	.pre_msg_handle = before, .post_msg_handle = after};

int vhost_guard_open(
	struct vhost_guard *g, const char *port, const char *path, uint16_t pairs, int notify_fd)
{
	*g = (struct vhost_guard){.port = port, .path = path, .vid = -1, .notify_fd = notify_fd};
	if (pairs == 0 || pairs > VHOST_RINGS / 2)
		return -EINVAL;
	g->rings = (uint16_t)(2 * pairs);
	for (unsigned i = 0; i < VHOST_REGIONS; i++)
		atomic_init(&g->region[i], -1);
	return vhost_memory_init();
}

int vhost_guard_add(struct vhost_guard *g, int vid)
{
	if (vid < 0 || vid >= RTE_MAX_VHOST_DEVICE ||
		rte_vhost_extern_callback_register(vid, &ops, g) < 0) {
		LOG(ERR, "port '%s': cannot guard the connection by %s: it is refused", g->port,
			g->path);
		return -1;
	}
	g->vid = vid;
	g->fd = -1;
	g->features = 0;
	g->pending = false;
	g->n_memory = 0;
	atomic_store(&g->torn, false);
	for (unsigned i = 0; i < VHOST_RINGS; i++)
		g->ring[i] = (struct vhost_ring){.based = true}; /* librte_vhost begins at 0 */
	atomic_store(&guards[vid], g);
	return 0;
}

void vhost_guard_remove(struct vhost_guard *g)
{
	forget_memory(g);
	if (g->vid >= 0)
		atomic_store(&guards[g->vid], NULL);
	g->vid = -1;
}

bool vhost_guard_torn(const struct vhost_guard *g)
{
	if (atomic_load(&g->torn))
		return true;
	for (unsigned i = 0; i < VHOST_REGIONS; i++)
		if (vhost_memory_torn(atomic_load(&g->region[i])))
			return true;
	return false;
}
