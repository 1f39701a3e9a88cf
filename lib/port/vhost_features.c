/* SPDX-License-Identifier: BSD-3-Clause */
/* What of virtio (1.1, sections 5.1.3 and 6) is offered, required, and made use of. */
#include <stdio.h>
#include <string.h>

#include <rte_vhost.h>

#include "port/vhost_int.h"

#define BIT(n) (UINT64_C(1) << (n))

/* Not in every kernel header we build with. */
#define F_VERSION_1   32
#define F_RING_PACKED 34
#define F_IN_ORDER    35

static const struct {
	uint8_t bit;
	bool used; /* by the path; the rest is the guest's, or the front end's, alone */
	const char *name;
} names[] = {
	{VIRTIO_NET_F_CSUM, true, "csum"},
	{VIRTIO_NET_F_GUEST_CSUM, true, "guest_csum"},
	{VIRTIO_NET_F_MTU, true, "mtu"},
	{VIRTIO_NET_F_GUEST_TSO4, true, "guest_tso4"},
	{VIRTIO_NET_F_GUEST_TSO6, true, "guest_tso6"},
	{VIRTIO_NET_F_GUEST_ECN, false, "guest_ecn"},
	{VIRTIO_NET_F_GUEST_UFO, false, "guest_ufo"},
	{VIRTIO_NET_F_HOST_TSO4, true, "host_tso4"},
	{VIRTIO_NET_F_HOST_TSO6, true, "host_tso6"},
	{VIRTIO_NET_F_HOST_ECN, true, "host_ecn"},
	{VIRTIO_NET_F_HOST_UFO, false, "host_ufo"},
	{VIRTIO_NET_F_MRG_RXBUF, true, "mrg_rxbuf"},
	{VIRTIO_NET_F_CTRL_VQ, false, "ctrl_vq"},
	{VIRTIO_NET_F_CTRL_RX, false, "ctrl_rx"},
	{VIRTIO_NET_F_GUEST_ANNOUNCE, false, "guest_announce"},
	{VIRTIO_NET_F_MQ, true, "mq"},
	{VIRTIO_F_ANY_LAYOUT, true, "any_layout"},
	{VIRTIO_RING_F_INDIRECT_DESC, true, "indirect"},
	{VIRTIO_RING_F_EVENT_IDX, true, "event_idx"},
	{F_VERSION_1, true, "version_1"},
	{F_RING_PACKED, true, "packed"},
	{F_IN_ORDER, true, "in_order"},
};

static_assert(RTE_DIM(names) <= OVNET_PORT_FEATURES, "details have room for all of them");

/*
 * A log of what is written, for a migration, is memory of the front end's that librte_vhost writes
 * to without a look at how long it is. VIRTIO_NET_F_GSO and UFO are of older guests; what the
 * library cannot say of CWR a guest is not promised (vhost_offload.h).
 */
uint64_t vhost_features_off(uint16_t pairs, bool segments)
{
	uint64_t off = BIT(VHOST_F_LOG_ALL) | BIT(VIRTIO_NET_F_GSO) | BIT(VIRTIO_NET_F_HOST_UFO) |
		       BIT(VIRTIO_NET_F_GUEST_UFO) | BIT(VIRTIO_NET_F_GUEST_ECN);

	if (!segments)
		off |= VHOST_FEATURES_SEGMENTS_IN | BIT(VIRTIO_NET_F_HOST_ECN) |
		       BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6);
	/* A guest with more pairs than we have would send by some that nobody looks at. */
	return pairs == 1 ? off | BIT(VIRTIO_NET_F_MQ) : off;
}

/* Before 1.0 rings had the guest's byte order, and the header another length. */
bool vhost_features_enough(uint64_t features)
{
	return (features & BIT(F_VERSION_1)) != 0;
}

uint32_t vhost_features_caps(uint64_t features)
{
	static const struct {
		uint64_t features; /* all of them */
		uint32_t cap;
	} caps[] = {
		{BIT(VIRTIO_NET_F_CSUM), OVNET_CAP_RX_CSUM},
		{BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4), OVNET_CAP_RX_GSO},
		{BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO6), OVNET_CAP_RX_GSO},
		{BIT(VIRTIO_NET_F_GUEST_CSUM), OVNET_CAP_TX_CSUM},
		{BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4), OVNET_CAP_TX_TSO4},
		{BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO6), OVNET_CAP_TX_TSO6},
	};
	uint32_t got = OVNET_CAP_CHAINED;

	for (unsigned i = 0; i < RTE_DIM(caps); i++)
		if ((features & caps[i].features) == caps[i].features)
			got |= caps[i].cap;
	return got;
}

void vhost_features_name(uint64_t features, struct ovnet_port_details *out)
{
	for (unsigned i = 0; i < RTE_DIM(names); i++) {
		if ((features & BIT(names[i].bit)) == 0)
			continue;
		out->features[out->n_features++] = names[i].name;
		if (names[i].used)
			out->used[out->n_used++] = names[i].name;
	}
}

const char *vhost_features_text(uint64_t features, char *buf, size_t size)
{
	size_t at = 0;

	snprintf(buf, size, "none");
	for (unsigned i = 0; i < RTE_DIM(names) && at < size; i++)
		if (features & BIT(names[i].bit))
			at += (size_t)snprintf(
				buf + at, size - at, "%s%s", at > 0 ? ", " : "", names[i].name);
	return buf;
}
