/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What looks at packets: the order of a capture as the control socket brings it, a filter's program
 * as it is, on a packet, and the line that people get of a packet. The first byte says which. No
 * program that is let in reads beyond the packet, or goes on for ever.
 */
#include <string.h>

#include <rte_mbuf.h>

#include "base/packet_summary.h"
#include "capture/captures.h"
#include "fuzz.h"

static struct capture_order order;

/* The packet in one buffer, with nothing behind it. */
static void run_on(const struct capture_filter *f, const uint8_t *packet, size_t size)
{
	static struct ovnet_fib_view view;
	struct rte_mbuf m = {.nb_segs = 1};
	char *bytes = fuzz_copy(packet, size);

	view.overlay.tunnel = OVNET_TUNNEL_VXLAN;
	view.overlay.udp_port = 8472;
	m.buf_addr = bytes;
	m.data_len = (uint16_t)size;
	m.pkt_len = (uint32_t)size;
	for (unsigned raw = 0; raw < 2; raw++) {
		(void)capture_filter_match(f, &view, &m, raw != 0);
		const int at = capture_inner_at((uint8_t *)bytes, size, raw != 0, 8472, true);
		CHECK(at < 0 || (size_t)at <= size, "the inner packet begins at %d of %zu", at,
			size);
	}
	free(bytes);
}

static void an_order(const uint8_t *data, size_t size)
{
	char err[512] = "";
	json_t *params = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	static const uint8_t packet[60] = {[12] = 8, 0, 0x45};

	if (!json_is_object(params) ||
		captures_order(params, (size & 1) != 0, &order, err, sizeof(err)) < 0) {
		CHECK(!json_is_object(params) || err[0] != '\0', "refused without a word");
		json_decref(params);
		return;
	}
	CHECK(order.n_ports <= CAPTURE_PORTS_MAX && order.snap >= 16 &&
			order.snap <= PACKET_RECORD_SNAP_MAX && order.packets >= 1 &&
			order.packets <= CAPTURE_TRACE_MAX,
		"an order beyond its bounds");
	for (unsigned i = 0; i < order.n_ports; i++)
		CHECK(memchr(order.port[i], '\0', sizeof(order.port[i])) != NULL, "a long name");
	run_on(&order.filter, packet, sizeof(packet));
	json_decref(params);
}

/* Instructions, as many as the first byte says, and the packet behind them. */
static void a_program(const uint8_t *data, size_t size)
{
	struct capture_filter *f = &order.filter;
	struct capture_program *p = &f->ether;

	if (size == 0)
		return;
	p->n = data[0];
	data++, size--;
	if (size < p->n * sizeof(p->insn[0]))
		return;
	memcpy(p->insn, data, p->n * sizeof(p->insn[0]));
	data += p->n * sizeof(p->insn[0]);
	size -= p->n * sizeof(p->insn[0]);
	if (!capture_program_is_safe(p))
		return;
	f->raw = f->inner = *p;
	f->outer = f->has_inner = true;
	run_on(f, data, size < UINT16_MAX ? size : UINT16_MAX);
}

static void a_line(const uint8_t *data, size_t size, bool raw)
{
	char *bytes = fuzz_copy(data, size), text[PACKET_SUMMARY_SIZE];

	memset(text, 'x', sizeof(text));
	CHECK(packet_summary((uint8_t *)bytes, size, raw, text) == text, "another text");
	const char *end = memchr(text, '\0', sizeof(text));
	CHECK(end != NULL && end > text, "no text, or one without an end");
	for (const char *c = text; c < end; c++)
		CHECK(*c >= ' ' && *c <= '~', "not for a terminal: %02x", (unsigned char)*c);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		an_order(data + 1, size - 1);
		break;
	case 1:
		a_program(data + 1, size - 1);
		break;
	default:
		a_line(data + 1, size - 1, data[0] % 4 == 2);
		break;
	}
	return 0;
}
