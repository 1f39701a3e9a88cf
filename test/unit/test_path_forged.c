/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What nobody behind an attach port may send, whatever its source address and the mode of
 * validation: what a DHCP server or a router says to others.
 */
#include "bed/path_guest.h"

static const enum who lanes[] = {OTHER, HOST_POD, REMOTE_POD, WORLD, GATEWAY};

static void refused_everywhere(struct bed *b, bool v6, uint16_t from, uint16_t to)
{
	const struct ovnet_addr pod = addr_of_who(POD, v6), other = addr_of_who(OTHER, v6);
	uint8_t in[200];

	for (int mode = OVNET_VALIDATE_OFF; mode <= OVNET_VALIDATE_STRICT; mode++) {
		bed_set_validation(b, (enum ovnet_validation)mode);
		for (unsigned i = 0; i < RTE_DIM(lanes); i++) {
			const struct ovnet_addr dst = addr_of_who(lanes[i], v6);
			uint16_t len = put_udp(in, &pod, &dst, from, to, "offer", 5);
			bed_refused(b, ATTACH, in, len, OVNET_DROP_DHCP_SERVER);
			len = put_udp(in, &other, &dst, from, to, "offer", 5);
			bed_refused(b, ATTACH, in, len, OVNET_DROP_DHCP_SERVER);
		}
	}
}

static void a_dhcp_server_is_heard_by_nobody(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, false),
				all = {.family = AF_INET, .v4_be = UINT32_MAX}, nodes = group6(1);
	uint8_t in[200];

	for (unsigned told = 0; told < 2; told++) {
		struct bed *b = told ? open_guest(true) : open_attached(true);

		refused_everywhere(b, false, 67, 68);
		refused_everywhere(b, true, 547, 546);
		/* There are clients that do not ask which port it is from. */
		refused_everywhere(b, false, 1067, 68);
		refused_everywhere(b, false, 68, 68);
		refused_everywhere(b, true, 1547, 546);
		refused_everywhere(b, true, 546, 546);
		uint16_t len = put_udp(in, &pod, &all, 67, 68, "offer", 5);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_DHCP_SERVER);
		len = put_udp(in, &guest_link, &nodes, 547, 546, "offer", 5);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_DHCP_SERVER);
		/* IP options, and a fragment that is the first. */
		len = put_udp(in, &pod, &pod, 67, 68, "offer", 5);
		memmove(in + 38, in + 34, len - 34u);
		memset(in + 34, 1, 4);
		in[14] = 0x46;
		be_put16(in + 16, len - 14u + 4);
		in[20] = 0x20;
		put_sum4(in + 14);
		bed_refused(b, ATTACH, in, (uint16_t)(len + 4), OVNET_DROP_DHCP_SERVER);
		bed_close_guest(b);
	}
}

/* In front of the UDP header: destination options, a fragment header. */
static uint16_t behind(uint8_t *in, const struct ovnet_addr *dst, uint8_t header, uint8_t proto,
	const uint8_t *upper, uint16_t len)
{
	const struct ovnet_addr pod = addr_of_who(POD, true);
	uint8_t payload[200] = {proto, 0, header == 44 ? 0 : 1, header == 44 ? 1 : 4};

	memcpy(payload + 8, upper, len);
	uint16_t n = put_icmp6(in, &pod, dst, payload, (uint16_t)(8 + len));
	memcpy(in + 54, payload, 8u + len); /* without its checksum */
	in[20] = header;
	return n;
}

static void extension_headers_hide_nothing(void **state)
{
	(void)state;
	const struct ovnet_addr remote = addr_of_who(REMOTE_POD, true);
	const uint8_t offer[16] = {547 >> 8, 547 & 0xff, 546 >> 8, 546 & 0xff, 0, 16};
	const uint8_t advert[16] = {134}, redirect[40] = {137}, plain[16] = {0, 1, 0, 2, 0, 16};
	static const uint8_t headers[] = {0, 43, 44, 60};
	uint8_t in[300], out[400];
	struct bed *b = open_attached(true);

	for (unsigned i = 0; i < sizeof(headers); i++) {
		uint16_t len = behind(in, &remote, headers[i], 17, offer, 16);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_DHCP_SERVER);
		len = behind(in, &remote, headers[i], 58, advert, 16);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_ROUTER_ADVERT);
		len = behind(in, &remote, headers[i], 58, redirect, 40);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_ROUTER_ADVERT);
		len = behind(in, &remote, headers[i], 17, plain, 16);
		(void)crosses(b, ATTACH, in, len, UPLINK, out, sizeof(out));
		/* They end beyond the packet. */
		len = behind(in, &remote, 60, 60, (const uint8_t[8]){17, 200}, 8);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_BAD_IP);
		len = behind(in, &remote, headers[i], 17, plain, 3);
		bed_refused(b, ATTACH, in, len, OVNET_DROP_TRUNCATED);
	}
	/* What is no first fragment may look like anything. */
	uint16_t len = behind(in, &remote, 44, 17, offer, 16);
	in[57] = 8;
	(void)crosses(b, ATTACH, in, len, UPLINK, out, sizeof(out));
	bed_close_guest(b);
}

static void a_guest_is_no_router(void **state)
{
	(void)state;
	const struct ovnet_addr pod = addr_of_who(POD, true), nodes = group6(1),
				other = addr_of_who(OTHER, true);
	const struct ovnet_addr *from[] = {&guest_link, &port_link, &pod, &other};
	uint8_t in[200];

	for (unsigned told = 0; told < 2; told++) {
		struct bed *b = told ? open_guest(true) : open_attached(true);

		bed_set_validation(b, OVNET_VALIDATE_OFF);
		for (unsigned i = 0; i < RTE_DIM(from); i++)
			for (uint8_t type = 134; type <= 137; type += 3) {
				const uint8_t icmp[40] = {type};
				uint16_t len = put_icmp6(in, from[i], &nodes, icmp, 40);
				bed_refused(b, ATTACH, in, len, OVNET_DROP_ROUTER_ADVERT);
				len = put_icmp6(in, from[i], &other, icmp, 40);
				bed_refused(b, ATTACH, in, len, OVNET_DROP_ROUTER_ADVERT);
			}
		bed_close_guest(b);
	}
}

/* The same from elsewhere is not ours to judge: only what is plugged in is bound. */
static void others_are_not_asked(void **state)
{
	(void)state;
	const struct ovnet_addr host = addr_of_who(HOST_POD, false), pod = addr_of_who(POD, false),
				remote = addr_of_who(REMOTE_POD, false);
	uint8_t in[200], out[400];
	struct bed *b = open_attached(true);

	uint16_t len = put_udp(in, &host, &remote, 67, 68, "x", 1);
	(void)crosses(b, HOST, in + 14, (uint16_t)(len - 14), UPLINK, out, sizeof(out));
	/* Nor is another direction, a port beside, or one of the other IP version's. */
	static const uint16_t ports[][2] = {{68, 67}, {67, 67}, {67, 69}, {67, 546}, {546, 547},
		{547, 547}, {547, 545}, {67, 68}};
	const struct ovnet_addr pod6 = addr_of_who(POD, true),
				remote6 = addr_of_who(REMOTE_POD, true);
	for (unsigned i = 0; i < RTE_DIM(ports); i++) {
		const bool v6 = i > 3;
		len = put_udp(in, v6 ? &pod6 : &pod, v6 ? &remote6 : &remote, ports[i][0],
			ports[i][1], "x", 1);
		(void)crosses(b, ATTACH, in, len, UPLINK, out, sizeof(out));
	}
	/* A later fragment's bytes are no ports. */
	len = put_udp(in, &pod, &remote, 67, 68, "x", 1);
	in[21] = 1;
	put_sum4(in + 14);
	(void)crosses(b, ATTACH, in, len, UPLINK, out, sizeof(out));
	bed_close_guest(b);
}

/* What comes of a station that comes up is no warning to anybody. */
static void small_talk_is_no_lie(void **state)
{
	(void)state;
	const struct ovnet_addr none = {.family = AF_INET6}, other = addr_of_who(OTHER, true),
				routers = group6(22), pod = addr_of_who(POD, true);
	const struct ovnet_addr beyond = {.family = AF_INET6, .v6 = {0xff, 5, [15] = 22}};
	const uint8_t report[24] = {143};
	uint8_t in[200];
	struct bed *b = open_guest(true);

	uint16_t len = put_icmp6(in, &guest_link, &routers, report, sizeof(report));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BROADCAST);
	len = put_icmp6(in, &none, &routers, report, sizeof(report));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BROADCAST);
	len = put_icmp6(in, &pod, &routers, report, sizeof(report));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_BROADCAST);
	len = put_icmp6(in, &other, &routers, report, sizeof(report));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_FOREIGN_SOURCE);
	len = put_icmp6(in, &guest_link, &beyond, report, sizeof(report));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_FOREIGN_SOURCE);
	len = put_icmp6(in, &guest_link, &pod, report, sizeof(report));
	bed_refused(b, ATTACH, in, len, OVNET_DROP_FOREIGN_SOURCE);
	bed_close_guest(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dhcp_server_is_heard_by_nobody),
		cmocka_unit_test(extension_headers_hide_nothing),
		cmocka_unit_test(a_guest_is_no_router),
		cmocka_unit_test(others_are_not_asked),
		cmocka_unit_test(small_talk_is_no_lie),
	};

	return bed_run_levels("path_forged", tests, RTE_DIM(tests));
}
