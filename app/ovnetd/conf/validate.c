/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/validate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/ingress_parse.h"
#include "conf/options.h"

/* `len` bytes of one URL: scheme, host, no blanks. */
static int check_url(const char *url, size_t len)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (unsigned i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);
		if (len > n && strncmp(url, schemes[i], n) == 0)
			return strcspn(url + n, " \t,") + n == len && url[n] != '/' && url[n] != ':'
				       ? 0
				       : -EINVAL;
	}
	return -EINVAL;
}

int check_endpoints(const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ",");
		if (check_url(text, len) < 0)
			return -EINVAL;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}

int check_not_empty(const char *text)
{
	return text[0] == '\0' ? -EINVAL : 0;
}

int check_path_or_none(const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return 0;
	return text[0] != '/' || text[len - 1] == '/' || len >= PATH_MAX - 8 ? -EINVAL : 0;
}

int check_file(const char *text)
{
	struct stat st;

	if (text[0] == '\0')
		return 0;
	if (stat(text, &st) < 0 || access(text, R_OK) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

/* What the kernel's dev_valid_name() takes. */
int check_ifname(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= IFNAMSIZ || strpbrk(text, "/: \t\n\v\f\r") != NULL)
		return -EINVAL;
	return strcmp(text, ".") == 0 || strcmp(text, "..") == 0 ? -EINVAL : 0;
}

int check_iface_name_or_none(const char *text)
{
	return text[0] == '\0' ? 0 : check_ifname(text);
}

/* Of "%d" the kernel would make another name. */
int check_twin(const char *text)
{
	return strchr(text, '%') != NULL ? -EINVAL : check_ifname(text);
}

/* As many hexadecimal digits as `min` to `max`, then `end`; behind it, or NULL. */
static const char *skip_hex(const char *text, size_t min, size_t max, char end)
{
	size_t n = strspn(text, "0123456789abcdefABCDEF");

	return n < min || n > max || text[n] != end ? NULL : text + n + (end != '\0');
}

/* DOMAIN:BUS:DEVICE.FUNCTION, the domain may be missing. No kind of device, no arguments. */
int check_pci_or_none(const char *text)
{
	const char *at = skip_hex(text, 4, 8, ':');

	if (text[0] == '\0')
		return 0;
	at = skip_hex(at != NULL ? at : text, 2, 2, ':');
	at = at != NULL ? skip_hex(at, 2, 2, '.') : NULL;
	return at != NULL && at[0] >= '0' && at[0] <= '7' && at[1] == '\0' ? 0 : -EINVAL;
}

static int check_name_or_addr(const char *text)
{
	struct ovnet_addr addr;

	if (ovnet_addr_parse(text, &addr) == 0)
		return ovnet_addr_is_unicast(&addr) ? 0 : -EINVAL;
	return check_ifname(text);
}

int check_iface(const char *text)
{
	char one[OVNET_ADDR_STRLEN];

	while (text[0] != '\0') {
		size_t len = strcspn(text, ",");
		if (len >= sizeof(one) || (text[len] == ',' && text[len + 1] == '\0'))
			return -EINVAL;
		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		int err = check_name_or_addr(one);
		if (err < 0)
			return err;
		text += len + (text[len] == ',');
	}
	return 0;
}

/* Blanks part them: no interface has one in its name. */
int check_regex(const char *text)
{
	char copy[OPTION_TEXT_MAX + 1], *save = NULL;
	regex_t re;

	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	for (char *one = strtok_r(copy, " ", &save); one != NULL;
		one = strtok_r(NULL, " ", &save)) {
		if (regcomp(&re, one, REG_EXTENDED | REG_NOSUB) != 0)
			return -EINVAL;
		regfree(&re);
	}
	return 0;
}

int parse_unicast4(void *member, const char *text)
{
	struct ovnet_addr addr;

	if (ovnet_addr_parse(text, &addr) < 0 || addr.family != AF_INET ||
		!ovnet_addr_is_unicast(&addr))
		return -EINVAL;
	*(struct ovnet_addr *)member = addr;
	return 0;
}

int check_addr(const char *text)
{
	struct ovnet_addr addr;

	return ovnet_addr_parse(text, &addr);
}

int check_public_ip(const char *text)
{
	struct ovnet_addr addr;

	return text[0] == '\0' ? 0 : parse_unicast4(&addr, text);
}

int check_public_ipv6(const char *text)
{
	struct ovnet_addr addr;

	if (text[0] == '\0')
		return 0;
	if (ovnet_addr_parse(text, &addr) < 0 || addr.family != AF_INET6)
		return -EINVAL;
	return ovnet_addr_is_unicast(&addr) ? 0 : -EINVAL;
}

int inherit_or_number(const char *text, int max)
{
	char *end;

	if (strcmp(text, "inherit") == 0)
		return -1;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	long n = strtol(text, &end, 10);
	return errno != 0 || *end != '\0' || n > max ? -EINVAL : (int)n;
}

int check_dscp(const char *text)
{
	return inherit_or_number(text, 63) < -1 ? -EINVAL : 0;
}

int check_ttl(const char *text)
{
	int ttl = inherit_or_number(text, 255);

	return ttl < -1 || ttl == 0 ? -EINVAL : 0;
}

int check_ingress(const char *text)
{
	struct ingress_allowed allowed[INGRESS_MAX_ALLOWED];
	int n = ingress_parse(text, allowed, INGRESS_MAX_ALLOWED);

	return n < 0 ? n : 0;
}

int parse_uplink_address(void *member, const char *text)
{
	struct conf_uplink *up = member;
	struct ovnet_prefix4 net;
	struct ovnet_addr addr;
	char copy[OVNET_PREFIX_STRLEN];

	if (strlen(text) >= sizeof(copy) || ovnet_prefix4_parse(text, &net) < 0)
		return -EINVAL;
	strcpy(copy, text);
	*strchr(copy, '/') = '\0';
	if (parse_unicast4(&addr, copy) < 0)
		return -EINVAL;
	/* The network's own address and its broadcast address are nobody's (RFC 3021: but /31). */
	uint32_t host = ntohl(addr.v4_be) & ~ovnet_mask4(net.len);
	if (net.len == 0 || (net.len < 31 && (host == 0 || host == ~ovnet_mask4(net.len))))
		return -EINVAL;
	up->address_net = net;
	up->address = addr;
	return 0;
}

int parse_mac(void *member, const char *text)
{
	struct ovnet_mac mac;

	if (ovnet_mac_parse(text, &mac) < 0 || !ovnet_mac_is_unicast(&mac))
		return -EINVAL;
	*(struct ovnet_mac *)member = mac;
	return 0;
}

int check_socket(const char *text)
{
	size_t len = strlen(text);

	if (text[0] != '/' || len >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return -EINVAL;
	return text[len - 1] == '/' ? -EINVAL : 0;
}

int check_mode(const char *text)
{
	size_t len = strlen(text);

	if (len < 3 || len > 4 || strspn(text, "01234567") != len)
		return -EINVAL;
	return strtoul(text, NULL, 8) > 0777 ? -EINVAL : 0;
}

/* Plain digits below CONF_MAX_CPU; moves *text behind them. */
static int cpu_number(const char **text, unsigned *out)
{
	size_t digits = strspn(*text, "0123456789");

	if (digits == 0 || digits > 4)
		return -EINVAL;
	*out = (unsigned)strtoul(*text, NULL, 10);
	*text += digits;
	return *out < CONF_MAX_CPU ? 0 : -EINVAL;
}

int conf_cpu_list(const char *text, uint16_t *cpus, unsigned max)
{
	uint8_t seen[CONF_MAX_CPU] = {0};
	unsigned n = 0, first, last;

	if (text[0] == '\0')
		return 0;
	for (;; text++) {
		if (cpu_number(&text, &first) < 0)
			return -EINVAL;
		last = first;
		if (*text == '-' && (text++, cpu_number(&text, &last) < 0 || last < first))
			return -EINVAL;
		for (unsigned cpu = first; cpu <= last; cpu++) {
			if (seen[cpu]++)
				return -EINVAL;
			if (n < max)
				cpus[n] = (uint16_t)cpu;
			n++;
		}
		if (*text == '\0')
			return (int)n;
		if (*text != ',')
			return -EINVAL;
	}
}

int conf_workers_there(const struct conf *conf, const char *list, char *why, size_t size)
{
	uint16_t number[CONF_MAX_CPU];
	int n = conf_cpu_list(list, number, CONF_MAX_CPU);

	for (int i = 0; i < n; i++) {
		if (number[i] < conf->dpdk.workers)
			continue;
		snprintf(why, size,
			"workers: there is no worker %u; give numbers from 0 to %u, or raise "
			"dpdk.workers",
			number[i], conf->dpdk.workers - 1);
		return -EINVAL;
	}
	return 0;
}

int check_server_name(const char *text)
{
	size_t len = strlen(text);

	return len > 253 || strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789.-_") != len
		       ? -EINVAL
		       : 0;
}

int check_cpus(const char *text)
{
	int n = conf_cpu_list(text, NULL, 0);

	return n < 0 ? n : 0;
}
