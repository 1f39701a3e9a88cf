/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/capture.h"

#include "bed/cmocka.h"

const struct capture captures[2] = {
	{OVNET_FIXTURES "/flannel-v0.20.2-vxlan.pcap",
		{{0x0aa8000c, 0x0a055200, {{0x42, 0x1b, 0x85, 0x54, 0x27, 0x45}}},
			{0x0aa8000d, 0x0a050900, {{0x8e, 0xde, 0xd7, 0x74, 0xfe, 0x63}}}}},
	{OVNET_FIXTURES "/flannel-v0.28.9-vxlan.pcap",
		{{0x0aa8000c, 0x0a054e00, {{0x82, 0xe7, 0xc7, 0x18, 0x6d, 0x46}}},
			{0x0aa8000d, 0x0a050400, {{0x76, 0x7b, 0xbc, 0x2f, 0xf0, 0x81}}}}},
};

bool capture_next(FILE *f, struct frame *out)
{
	uint32_t record[4];

	while (fread(record, sizeof(record), 1, f) == 1) {
		assert_in_range(record[2], 1, sizeof(out->bytes));
		assert_int_equal(record[2], record[3]);
		assert_int_equal(fread(out->bytes, record[2], 1, f), 1);
		out->len = (uint16_t)record[2];
		if (get16(out->bytes + 12) == 0x0800 && out->bytes[23] == 17 &&
			get16(out->bytes + 36) == 8472)
			return true;
	}
	return false;
}

FILE *capture_open(const struct capture *c)
{
	uint32_t header[6];
	FILE *f = fopen(c->file, "rb");

	assert_non_null(f);
	assert_int_equal(fread(header, sizeof(header), 1, f), 1);
	assert_int_equal(header[0], 0xa1b2c3d4);
	return f;
}

unsigned capture_sender(const struct capture *c, const struct frame *f)
{
	return get32(f->bytes + 26) == c->node[0].public_host ? 0 : 1;
}
