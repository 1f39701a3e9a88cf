/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h> /* of libpcap's header */

#include <pcap/bpf.h>

#include "capture/filter.h"

static bool is_safe(const struct capture_insn *insn, uint16_t n)
{
	struct capture_program *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->n = n;
	memcpy(p->insn, insn, (n < CAPTURE_PROGRAM_MAX ? n : CAPTURE_PROGRAM_MAX) * sizeof(*insn));
	const bool safe = capture_program_is_safe(p);
	free(p);
	return safe;
}

static void what_must_not_run(void **state)
{
	(void)state;
	const struct capture_insn ret = {BPF_RET | BPF_K, 0, 0, 1};
	struct capture_insn many[CAPTURE_PROGRAM_MAX];

	for (unsigned i = 0; i < CAPTURE_PROGRAM_MAX; i++)
		many[i] = ret;
	assert_true(is_safe(many, 1));
	assert_true(is_safe(many, CAPTURE_PROGRAM_MAX));
	assert_false(is_safe(many, CAPTURE_PROGRAM_MAX + 1));
	assert_false(is_safe(many, 0));
	struct capture_insn p[3] = {{BPF_LD | BPF_MEM, 0, 0, 3}, {0}, ret};
	p[1] = (struct capture_insn){BPF_ALU | BPF_ADD | BPF_K, 0, 0, 1};
	assert_false(is_safe(p, 3)); /* what was never written */
	p[0] = (struct capture_insn){BPF_ST, 0, 0, 3};
	p[1] = (struct capture_insn){BPF_LD | BPF_MEM, 0, 0, 3};
	assert_true(is_safe(p, 3));
	p[1].k = 4;
	assert_false(is_safe(p, 3));
	p[0] = (struct capture_insn){BPF_ST, 0, 0, 16};
	assert_false(is_safe(p, 3));
	p[0] = (struct capture_insn){BPF_JMP | BPF_JA, 0, 0, 1};
	p[1] = ret;
	assert_true(is_safe(p, 3));
	p[1] = (struct capture_insn){BPF_JMP | BPF_JA, 0, 0, (uint32_t)-2};
	assert_false(is_safe(p, 3)); /* for ever */
	p[1] = (struct capture_insn){BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0};
	assert_false(is_safe(p, 3)); /* beyond its end */
	p[1] = (struct capture_insn){BPF_ALU | BPF_LSH | BPF_K, 0, 0, 32};
	assert_false(is_safe(p, 3));
	p[1] = (struct capture_insn){BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0};
	assert_false(is_safe(p, 3));
	assert_false(is_safe(p, 1));                           /* does not end */
	p[0] = (struct capture_insn){BPF_JMP | 0x50, 0, 0, 0}; /* on which bpf_filter() aborts */
	p[1] = ret;
	assert_false(is_safe(p, 3));
	/* Whatever is let in it knows, and returns. */
	for (unsigned code = 0; code <= UINT16_MAX; code++) {
		p[0] = (struct capture_insn){(uint16_t)code, 0, 0, 1};
		if (!is_safe(p, 3))
			continue;
		assert_true(code < 256);
		(void)bpf_filter((const struct bpf_insn *)p, (const u_char *)"abcdefgh", 8, 8);
	}
}

static void the_packet_in_the_tunnel(void **state)
{
	(void)state;
	uint8_t b[128] = {[12] = 8, [13] = 0, [14] = 0x45, [23] = 17, [36] = 0x21, [37] = 0x18};

	b[62] = 8; /* the inner Ethernet type */
	assert_int_equal(capture_inner_at(b, sizeof(b), false, 8472, true), 64);
	assert_int_equal(capture_inner_at(b, sizeof(b), false, 8472, false), 42);
	assert_int_equal(capture_inner_at(b, sizeof(b), false, 4789, true), 14);
	assert_int_equal(capture_inner_at(b, sizeof(b), false, 0, true), 14);
	assert_int_equal(capture_inner_at(b + 14, sizeof(b) - 14, true, 8472, true), 50);
	assert_int_equal(capture_inner_at(b, 63, false, 8472, true), -1);
	assert_int_equal(capture_inner_at(b, 13, false, 8472, true), -1);
	b[20] = 0x20;
	b[21] = 1; /* no first fragment: what stands there is no UDP header */
	assert_int_equal(capture_inner_at(b, sizeof(b), false, 8472, true), 14);
	b[13] = 6;
	assert_int_equal(capture_inner_at(b, sizeof(b), false, 8472, true), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_must_not_run),
		cmocka_unit_test(the_packet_in_the_tunnel),
	};

	return cmocka_run_group_tests_name("capture_filter", tests, NULL, NULL);
}
