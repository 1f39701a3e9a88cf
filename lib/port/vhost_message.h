/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of vhost-user (QEMU's specification) as librte_vhost hands them to handlers, and
 * which of them fit what was said before.
 */
#ifndef OVNET_PORT_VHOST_MESSAGE_H
#define OVNET_PORT_VHOST_MESSAGE_H

#include <linux/vhost_types.h>
#include <stdint.h>

#include <rte_version.h>

#include "port/vhost_guard.h"
#include "port/vhost_memory.h"

/* 25.03 and later hand over another structure: then this one has to be looked at anew. */
#if RTE_VERSION >= RTE_VERSION_NUM(25, 3, 0, 0)
#error "struct vhost_message is that of librte_vhost before 25.03"
#endif

#define VHOST_NEED_REPLY 0x8 /* of a message's flags */
#define VHOST_BODY_ROOM  632 /* librte_vhost 22.11: its largest payload */

/* The requests of the vhost-user specification that a network device needs. */
enum vhost_request {
	VHOST_REQ_GET_FEATURES = 1,
	VHOST_REQ_SET_FEATURES = 2,
	VHOST_REQ_SET_OWNER = 3,
	VHOST_REQ_SET_MEM_TABLE = 5,
	VHOST_REQ_SET_VRING_NUM = 8,
	VHOST_REQ_SET_VRING_ADDR = 9,
	VHOST_REQ_SET_VRING_BASE = 10,
	VHOST_REQ_GET_VRING_BASE = 11,
	VHOST_REQ_SET_VRING_KICK = 12,
	VHOST_REQ_SET_VRING_CALL = 13,
	VHOST_REQ_SET_VRING_ERR = 14,
	VHOST_REQ_GET_PROTOCOL_FEATURES = 15,
	VHOST_REQ_SET_PROTOCOL_FEATURES = 16,
	VHOST_REQ_GET_QUEUE_NUM = 17,
	VHOST_REQ_SET_VRING_ENABLE = 18,
	VHOST_REQ_SEND_RARP = 19,
	VHOST_REQ_NET_SET_MTU = 20,
	VHOST_REQ_SET_STATUS = 39,
	VHOST_REQ_GET_STATUS = 40,
};

/* What librte_vhost hands to handlers of messages, as far as they may rely on it. */
struct vhost_message {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct vhost_vring_state ring;
		struct vhost_vring_addr addr;
		struct {
			uint32_t n, padding;
			struct vhost_region region[VHOST_REGIONS];
		} memory;
		uint8_t room[VHOST_BODY_ROOM];
	} body;
	int fds[VHOST_REGIONS];
	int n_fds;
} __attribute__((packed));

/* NULL: it fits, and what it says is noted; otherwise what does not. */
const char *vhost_message_fault(struct vhost_guard *g, const struct vhost_message *m);

#endif
