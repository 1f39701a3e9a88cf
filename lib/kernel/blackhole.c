/* SPDX-License-Identifier: BSD-3-Clause */
/* Behind all routes of the overlay: catches what none of them matches, device or no device. */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "kernel/internal.h"

OVNET_LOG_TYPE(kernel)

int host_blackhole_set(struct nl *nl, const struct ovnet_prefix *network)
{
	struct nl_request req;
	char text[OVNET_PREFIX_STRLEN];
	struct rtmsg *rtm =
		nl_begin(&req, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*rtm));

	rtm->rtm_family = network->family;
	rtm->rtm_dst_len = ovnet_prefix_len(network);
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = OVNET_RTPROT;
	rtm->rtm_scope = RT_SCOPE_UNIVERSE;
	rtm->rtm_type = RTN_BLACKHOLE;
	nl_put_prefix(req.hdr, RTA_DST, network);
	mnl_attr_put_u32(req.hdr, RTA_PRIORITY, OVNET_BLACKHOLE_METRIC);
	int err = nl_send(nl, &req, NULL, NULL);
	if (err < 0)
		LOG(ERR,
			"blackhole %s: cannot be set, overlay packets may leave unencapsulated: %s",
			ovnet_prefix_text(network, text, sizeof(text)), nl_why(nl, err));
	return err;
}

/* Also what is only left from before: of another network config, or version. */
static int remove_others(struct nl *nl, const struct ovnet_prefix_list *want)
{
	struct nl_list list = {0};
	char text[OVNET_PREFIX_STRLEN];
	int err = route_list_blackholes(nl, &list);

	const struct route_entry *r = list.items;
	for (unsigned i = 0; err == 0 && i < list.n; i++) {
		if (ovnet_prefix_list_has(want, &r[i].dst) && r[i].metric == OVNET_BLACKHOLE_METRIC)
			continue;
		int one = route_remove(nl, &r[i]);
		if (one < 0 && one != -ESRCH)
			err = one;
		else
			LOG(NOTICE, "blackhole %s is not wanted any more: removed",
				ovnet_prefix_text(&r[i].dst, text, sizeof(text)));
	}
	free(list.items);
	return err;
}

static int remember(struct ovnet_kernel *k, const struct ovnet_prefix_list *want)
{
	struct ovnet_prefix_list copy = {0};

	if (ovnet_prefix_list_equal(&k->blackholes, want))
		return 0;
	for (unsigned i = 0; i < want->n; i++) {
		int err = ovnet_prefix_list_add(&copy, &want->items[i]);
		if (err < 0) {
			LOG(ERR, "blackholes: no memory");
			ovnet_prefix_list_free(&copy);
			return err;
		}
	}
	ovnet_prefix_list_free(&k->blackholes);
	k->blackholes = copy;
	k->blackholes_version++;
	return 0;
}

int ovnet_host_blackholes_set(struct ovnet_kernel *k, const struct ovnet_prefix_list *want)
{
	int err = remember(k, want);

	for (unsigned i = 0; i < want->n && err == 0; i++)
		err = host_blackhole_set(&k->nl, &want->items[i]);
	return err < 0 ? err : remove_others(&k->nl, want);
}
