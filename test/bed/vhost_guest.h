/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vhost-user front end by hand: what QEMU and a guest's driver are to the switch, over a Unix
 * socket and a memfd. It can do everything right (vg_open, vg_meet, vg_start, vg_send, vg_receive),
 * and each step of it wrong: messages (vg_tell), descriptors (vg_give), indices (vg_ring_*).
 *
 * One thread. No asserts: what fails returns false, and errno says why where the kernel did.
 * Guest-physical, "user" (the front end's own) and our addresses are three different ones, as with
 * QEMU. Source: the vhost-user specification of QEMU, virtio 1.1 chapters 2.6, 2.7 and 5.1.
 */
#ifndef OVNET_BED_VHOST_GUEST_H
#define OVNET_BED_VHOST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#define VG_PAIRS 8
#define VG_RINGS (2 * VG_PAIRS)
#define VG_SIZE  256  /* descriptors of the largest ring here */
#define VG_SEGS  4    /* descriptors of each packet, a split ring's slot */
#define VG_ROOM  4096 /* bytes of each packet's buffer */
#define VG_SLOTS (VG_SIZE / VG_SEGS)

#define VG_MEMORY   ((size_t)32 << 20)       /* bytes; the rings take the first ones */
#define VG_SPARE    ((size_t)8 << 20)        /* from here on nothing uses it, */
#define VG_BIG      ((size_t)20 << 20)       /* but for frames larger than VG_ROOM from here on */
#define VG_BIG_ROOM ((size_t)68 << 10)       /* bytes of each, one for each slot of one ring */
#define VG_GPA      UINT64_C(0x40000000)     /* of the memory's first byte */
#define VG_USER     UINT64_C(0x7a0000000000) /* the same for SET_MEM_TABLE and ring addresses */

enum vg_request {
	VG_GET_FEATURES = 1,
	VG_SET_FEATURES = 2,
	VG_SET_OWNER = 3,
	VG_RESET_OWNER = 4,
	VG_SET_MEM_TABLE = 5,
	VG_SET_LOG_BASE = 6,
	VG_SET_LOG_FD = 7,
	VG_SET_VRING_NUM = 8,
	VG_SET_VRING_ADDR = 9,
	VG_SET_VRING_BASE = 10,
	VG_GET_VRING_BASE = 11,
	VG_SET_VRING_KICK = 12,
	VG_SET_VRING_CALL = 13,
	VG_SET_VRING_ERR = 14,
	VG_GET_PROTOCOL_FEATURES = 15,
	VG_SET_PROTOCOL_FEATURES = 16,
	VG_GET_QUEUE_NUM = 17,
	VG_SET_VRING_ENABLE = 18,
	VG_SEND_RARP = 19,
	VG_NET_SET_MTU = 20,
	VG_SET_SLAVE_REQ_FD = 21,
	VG_IOTLB_MSG = 22,
	VG_GET_CONFIG = 24,
	VG_SET_CONFIG = 25,
	VG_POSTCOPY_ADVISE = 28,
	VG_GET_INFLIGHT_FD = 31,
	VG_SET_INFLIGHT_FD = 32,
	VG_SET_STATUS = 39,
	VG_GET_STATUS = 40,
};

#define VG_NEED_REPLY         0x8
#define VG_F_PROTOCOL         (UINT64_C(1) << 30)
#define VG_BIT(f)             (UINT64_C(1) << (f))
#define VG_PROTOCOL_MQ        VG_BIT(0)
#define VG_PROTOCOL_REPLY_ACK VG_BIT(3)
#define VG_PROTOCOL_MTU       VG_BIT(4)

struct vg_conf {
	const char *path;
	bool server;       /* we make the socket, as QEMU does for a switch that connects */
	bool packed;       /* asks for a packed ring */
	uint64_t features; /* wanted beside VERSION_1 and the protocol's; taken as far as offered */
	uint16_t pairs;    /* of queues; 0: 1 */
	uint16_t size;     /* of each ring; 0: VG_SIZE */
	uint16_t mtu;      /* told by NET_SET_MTU; 0: not */
	uint32_t rx_room;  /* bytes of each buffer for what is received; 0: VG_ROOM */
	bool seal;         /* the memory cannot shrink */
};

struct vg_ring {
	uint16_t size;
	size_t desc, avail, used; /* where in the memory; packed: avail and used are the events */
	size_t room;              /* VG_SLOTS buffers */
	int kick, call;
	uint16_t next, seen;       /* split: indices; packed: slots */
	bool next_wrap, seen_wrap; /* packed */
	uint8_t n_desc[VG_SIZE];   /* packed: of the buffer with that id */
	bool busy[VG_SLOTS];       /* given, not yet back */
	uint16_t hand;             /* the slot to try first */
};

struct vg_region {
	uint64_t gpa, size, user, offset;
};

struct vg {
	struct vg_conf conf;
	int listen, fd, memfd;
	uint8_t *mem;
	size_t mem_size;
	uint64_t offered, features, protocol; /* after vg_start */
	uint64_t queue_num;
	bool asks; /* for an answer to each message: what is refused does not end the connection */
	struct vg_ring ring[VG_RINGS]; /* 2n: what it receives, 2n + 1: what it sends */
};

/* A descriptor as it is written, but for a packed ring's bits that say whose it is. */
struct vg_desc {
	uint64_t gpa;
	uint32_t len;
	uint16_t flags; /* VRING_DESC_F_* */
	uint16_t next;  /* split: an index */
};

/* Makes the memory and, as a server, the socket. False: nothing is left open. */
bool vg_open(struct vg *g, const struct vg_conf *conf);
void vg_close(struct vg *g);
/* Connects, or waits for who does, as long as `ms`. */
bool vg_meet(struct vg *g, int ms);
void vg_hang_up(struct vg *g);

/* vhost_wire.c. One message, with fds; `size` is what its header says, `len` what is sent of it. */
bool vg_tell_as(struct vg *g, uint32_t request, uint32_t flags, uint32_t size, const void *payload,
	size_t len, const int *fds, unsigned n_fds);
bool vg_tell(struct vg *g, uint32_t request, const void *payload, size_t len);
bool vg_tell_u64(struct vg *g, uint32_t request, uint64_t value);
bool vg_tell_ring(struct vg *g, uint32_t request, uint32_t ring, uint32_t num);
bool vg_tell_fd(struct vg *g, uint32_t request, uint64_t value, int fd);
bool vg_tell_memory(
	struct vg *g, const struct vg_region *r, uint32_t n, const int *fds, unsigned n_fds);
/* Its own memory, one region. */
bool vg_tell_own_memory(struct vg *g);
/* The next answer's payload, at most `size`; how many bytes it had, or -1. */
int vg_hear(struct vg *g, uint32_t request, void *payload, size_t size);
bool vg_ask_u64(struct vg *g, uint32_t request, uint64_t *value);
/* Asks something that all front ends may: all before was read. False: it hung up on us. */
bool vg_in_step(struct vg *g);
/* Who asks, and sent nothing else that has an answer: whether it was told an error or cut off. */
bool vg_refused(struct vg *g);
/* Whether the other side hangs up within `ms`. */
bool vg_hung_up(struct vg *g, int ms);

/* The steps of vg_start, each for itself. */
bool vg_negotiate(struct vg *g);
bool vg_ring_start(struct vg *g, unsigned ring);
bool vg_ring_enable(struct vg *g, unsigned ring, bool on);
bool vg_ring_stop(struct vg *g, unsigned ring);
/* Everything until packets flow; the buffers for what is received are given. */
bool vg_start(struct vg *g);

/* vhost_ring.c. A place for a packet: its number and its memory; -1: all are under way. */
int vg_slot(struct vg *g, unsigned ring);
uint8_t *vg_room(struct vg *g, unsigned ring, unsigned slot);
uint64_t vg_room_gpa(const struct vg *g, unsigned ring, unsigned slot);
/* Writes up to VG_SEGS descriptors for the slot as they are and offers the first one. */
void vg_give(struct vg *g, unsigned ring, unsigned slot, const struct vg_desc *d, unsigned n);
/* Split: makes so many more entries of the ring available, whatever is in them. */
void vg_avail_jump(struct vg *g, unsigned ring, uint16_t entries);
void vg_kick(struct vg *g, unsigned ring);
/* Takes back all that is offered. False: of a packed ring it cannot be. */
bool vg_ring_mend(struct vg *g, unsigned ring);
/* The next buffer that came back: its slot, or -1; *len as the device says. */
int vg_back(struct vg *g, unsigned ring, uint32_t *len);
size_t vg_hdr_len(const struct vg *g);

/* How an honest guest lays a packet out. */
enum vg_style { VG_PLAIN, VG_CHAINED, VG_INDIRECT };
/*
 * Sends a frame behind `hdr` (NULL: zeros); frames larger than VG_ROOM by one ring at a time.
 * False: the ring is full.
 */
bool vg_send(struct vg *g, unsigned ring, const struct virtio_net_hdr_v1 *hdr, const void *frame,
	size_t len, enum vg_style style);
/* All free slots of a ring for what is to be received. */
void vg_supply(struct vg *g, unsigned ring);
/*
 * The next frame that came, of as many buffers as the header says; they are given again. Its
 * length, 0: nothing; -1: what came is not as virtio has it.
 */
int vg_receive(
	struct vg *g, unsigned ring, struct virtio_net_hdr_v1 *hdr, uint8_t *frame, size_t size);

#endif
