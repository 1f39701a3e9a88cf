/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/path.h"

#include "bed/icmp.h"

static void not_about_icmp6_errors(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		put6(60);
		in.b[6] = 58;
		in.b[40] = (uint8_t)type;
		type < 128 || type == 137 ? silent() : speaks();
	}
	put6(60);
	in.b[6] = 58;
	in.b[40] = 128;
	in.len = 40;
	silent();
	put6(60);
	in.b[6] = 58;
	in.b[40] = 128;
	be_put16(in.b + 4, 0);
	silent();
}

static void behind_extension_headers(void **state)
{
	(void)state;
	uint16_t at = put_extensions(58);

	in.b[at] = 128;
	for (uint16_t first = 1; first < 200; first++)
		assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, first, 0));
	in.b[at] = 1;
	for (uint16_t first = 1; first < 200; first++)
		assert_false(answered(OVNET_ICMP_TOO_BIG, 1400, first, 0));
	put_extensions(17);
	speaks();
	put_extensions(59); /* no next header */
	speaks();
	put_extensions(50); /* ESP */
	speaks();

	/* Headers that do not end within the packet, by its own word and in fact. */
	at = put_extensions(58);
	in.b[at] = 128;
	for (uint16_t len = 40; len <= at; len++) {
		be_put16(in.b + 4, len - 40u);
		silent();
	}
	put_extensions(58);
	for (in.len = at; in.len >= 40; in.len--)
		silent();
	put_extensions(17);
	for (uint16_t len = 40; len < at; len++) {
		be_put16(in.b + 4, len - 40u);
		silent();
	}
	put_extensions(17);
	for (in.len = at - 1; in.len >= 40; in.len--)
		silent();
	for (in.len = 39; in.len > 0; in.len--)
		assert_false(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 0));

	/* More of them than anybody needs. */
	put6(200);
	memset(in.b + 40, 0, 160);
	in.b[6] = 60;
	for (unsigned i = 0; i < 7; i++)
		in.b[40 + i * 8] = 60;
	in.b[40 + 7 * 8] = 17;
	speaks();
	in.b[40 + 7 * 8] = 60;
	in.b[40 + 8 * 8] = 17;
	silent();
}

static void not_about_these_addresses6(void **state)
{
	(void)state;
	static const uint8_t bad[][16] = {{0}, {[15] = 1}, {0xff, 2, [15] = 1}};

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		put6(60);
		memcpy(in.b + 8, bad[i], 16);
		silent();
		put6(60);
		memcpy(in.b + 24, bad[i], 16);
		if (bad[i][0] != 0xff) {
			silent();
			continue;
		}
		/* Path MTU discovery for multicast (RFC 4443 section 2.4 e.3). */
		assert_true(answered(OVNET_ICMP_TOO_BIG, 1400, 0, 0));
		check6(2, 0, 1400, 60);
		assert_false(answered(OVNET_ICMP_TIME_EXCEEDED, 0, 0, 0));
		assert_false(answered(OVNET_ICMP_NET_UNREACHABLE, 0, 0, 0));
		assert_false(answered(OVNET_ICMP_HOST_UNREACHABLE, 0, 0, 0));
	}
	put6(60);
	memcpy(in.b + 8, ((const uint8_t[16]){0xfe, 0x80, [15] = 1}), 16);
	speaks();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_about_icmp6_errors),
		cmocka_unit_test(behind_extension_headers),
		cmocka_unit_test(not_about_these_addresses6),
	};

	if (bed_eal("0") != 0)
		return 1;
	return cmocka_run_group_tests_name("icmp6_error", tests, NULL, NULL);
}
