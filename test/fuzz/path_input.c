/* SPDX-License-Identifier: BSD-3-Clause */
#include "path_run.h"

void fuzz_read_params(struct fuzz_params *p, const uint8_t *d)
{
	*p = (struct fuzz_params){.plane = d[0] & 0x7f,
		.permissive = d[0] & 0x80,
		.off = d[1] & 0x01,
		.exclusive = d[1] & 0x02,
		.to_us = d[1] & 0x04,
		.attach = d[1] & 0x08,
		.rss = d[1] & 0x10,
		.csum = d[1] & 0x20,
		.gso = d[1] & 0x40,
		.unresolved = d[1] & 0x80,
		.first = (uint16_t)(d[2] + 1),
		.seg = (uint16_t)(d[3] + 1),
		.sum_good = d[4] & 0x01,
		.headroom = d[4] & 0xfe, /* ports put packets at even addresses */
		.tailroom = d[5],
		.gso_size = (uint16_t)(256 + d[5] * 8),
		.csum_start = (uint16_t)(d[6] << 8 | d[7]),
		.csum_offset = (uint16_t)(d[8] << 8 | d[9])};
}

void fuzz_read_packets(struct fuzz_packets *in, const uint8_t *data, size_t size)
{
	while (size >= 2 && in->n < FUZZ_PACKETS) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2, size -= 2;
		len = len < size ? len : size;
		in->bytes[in->n] = data;
		in->len[in->n++] = (uint16_t)(len < FUZZ_LEN ? len : FUZZ_LEN);
		data += len, size -= len;
	}
}
