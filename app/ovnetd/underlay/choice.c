/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flanneld's ways to the interface where --iface names none: --iface-regex, --iface-can-reach, and
 * --public-ip if that is an address of this node. Decided once, at start; the default route is left
 * to addresses.c.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "underlay/uplinks.h"

OVNET_LOG_TYPE(uplinks)

static bool matches(void *arg, const char *text)
{
	return regexec(arg, text, 0, NULL, 0) == 0;
}

static int by_one_regex(struct underlay *under, const char *pattern)
{
	regex_t re;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return -EINVAL; /* the option table lets none through */
	int rc = ovnet_kernel_link_match(
		under->kernel, matches, &re, under->iface, sizeof(under->iface));
	regfree(&re);
	return rc;
}

/* Each by itself, addresses before names, as flanneld does. */
static int by_regex(struct underlay *under)
{
	const char *pattern = under->conf->node.iface_regex;
	char *copy = strdup(pattern), *save = NULL;
	int rc = copy != NULL ? -ENODEV : -ENOMEM;

	for (char *one = copy != NULL ? strtok_r(copy, " ", &save) : NULL;
		one != NULL && rc == -ENODEV; one = strtok_r(NULL, " ", &save))
		rc = by_one_regex(under, one);
	free(copy);
	if (rc < 0 && under->conf->node.iface_can_reach[0] == '\0')
		LOG(ERR,
			"no interface has an IPv4 address or a name that \"%s\" matches: `ip -br "
			"-4 addr` lists what there is; set node.iface-regex (--iface-regex)",
			pattern);
	return rc;
}

static int by_route(struct underlay *under)
{
	const char *text = under->conf->node.iface_can_reach;
	struct ovnet_addr addr;
	struct ovnet_route route;

	if (ovnet_addr_parse(text, &addr) < 0)
		return -EINVAL; /* as above */
	int rc = ovnet_kernel_route_get(under->kernel, &addr, &route);
	if (rc == 0 && route.prefsrc.family == 0)
		rc = -ENETUNREACH;
	if (rc < 0)
		LOG(ERR,
			"no route to %s to find the underlay interface by: `ip route get %s` says "
			"why; set node.iface-can-reach (--iface-can-reach)",
			text, text);
	else
		ovnet_addr_text(&route.prefsrc, under->iface, sizeof(under->iface));
	return rc;
}

static void by_public_ip(struct underlay *under)
{
	struct ovnet_addr addr;
	struct ovnet_link link;

	if (ovnet_addr_parse(under->conf->node.public_ip, &addr) == 0 &&
		ovnet_kernel_link_by_addr(under->kernel, &addr, &link) == 0)
		ovnet_addr_text(&addr, under->iface, sizeof(under->iface));
}

/* What is named, if it is there. Where nothing else may stand for it, opening it says what is
 * wrong. */
static bool by_name(struct underlay *under)
{
	const struct conf *c = under->conf;
	struct ovnet_link link;

	if (c->n_uplinks > 0)
		return true;
	if (c->node.iface[0] == '\0')
		return false;
	if ((c->node.iface_regex[0] == '\0' && c->node.iface_can_reach[0] == '\0') ||
		uplinks_look_up(under, c->node.iface, &link) == 0)
		return true;
	LOG(NOTICE, "no interface \"%s\" here: looking for another", c->node.iface);
	return false;
}

/* Each way only where those before it found nothing, as flanneld does. */
int underlay_choose(struct underlay *under)
{
	const struct conf *c = under->conf;
	bool route = c->node.iface_can_reach[0] != '\0';
	int rc = 0;

	under->iface[0] = '\0';
	if (by_name(under))
		return 0;
	if (c->node.iface_regex[0] != '\0') {
		rc = by_regex(under);
		if (rc == 0 || !route)
			return rc;
	}
	if (route)
		return by_route(under);
	by_public_ip(under);
	return 0;
}
