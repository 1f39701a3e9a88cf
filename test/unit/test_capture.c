/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bed/path.h"
#include "capture/stream.h"

static struct bed *open_named(void)
{
	struct bed *b = bed_open(1);

	snprintf(b->port[HOST].port.name, sizeof(b->port[HOST].port.name), "ovnet0");
	snprintf(b->port[UPLINK].port.name, sizeof(b->port[UPLINK].port.name), "eth0");
	snprintf(b->port[ATTACH].port.name, sizeof(b->port[ATTACH].port.name), "web");
	return b;
}

/* As ovnetctl compiles it. */
static void compile(const char *text, int link, struct capture_program *out)
{
	pcap_t *p = pcap_open_dead(link, 65535);
	struct bpf_program program;

	assert_non_null(p);
	assert_int_equal(pcap_compile(p, &program, text, 1, PCAP_NETMASK_UNKNOWN), 0);
	assert_true(program.bf_len <= CAPTURE_PROGRAM_MAX);
	out->n = (uint16_t)program.bf_len;
	memcpy(out->insn, program.bf_insns, program.bf_len * sizeof(out->insn[0]));
	assert_true(capture_program_is_safe(out));
	pcap_freecode(&program);
	pcap_close(p);
}

static struct capture *start(struct bed *b, const struct capture_order *o)
{
	struct capture *c = capture_new(&b->shared, o, 1);

	assert_non_null(c);
	assert_int_equal(capture_start(c, &b->shared), 0);
	return c;
}

static void stop(struct bed *b, struct capture *c)
{
	assert_int_equal(capture_stop(c, &b->shared), 0);
	capture_free(c); /* no worker runs */
}

static struct capture_order all_ports(void)
{
	return (struct capture_order){.all_ports = true, .snap = PACKET_RECORD_SNAP_MAX};
}

static void send_out(struct bed *b, unsigned n, uint16_t first_port)
{
	uint8_t in[100];

	for (unsigned i = 0; i < n; i++) {
		put_inner(in, OWN_POD, PEER_POD, (uint16_t)(first_port + i), 100);
		bed_receive(b, HOST, bed_packet(HOST, in, 100, 0, 0));
	}
	ops->poll(&b->ctx);
}

static unsigned drain(struct capture *c)
{
	const struct packet_record *r;
	unsigned n = 0;

	while ((r = capture_ring_first(&c->worker[0].ring)) != NULL) {
		capture_ring_release(&c->worker[0].ring, r);
		n++;
	}
	return n;
}

static void both_sides_of_the_tunnel(void **state)
{
	(void)state;
	const struct capture_order o = all_ports();
	struct bed *b = open_named();
	struct capture *c = start(b, &o);
	struct capture_ring *ring = &c->worker[0].ring;
	uint8_t in[100], sent[2048];

	put_inner(in, OWN_POD, PEER_POD, 1000, 100);
	send_out(b, 1, 1000);
	const uint16_t len = bed_sent(b, UPLINK, sent, sizeof(sent));
	const struct packet_record *r = capture_ring_first(ring);
	assert_non_null(r);
	assert_int_equal(r->side, PACKET_RECORD_IN);
	assert_string_equal(r->port, "ovnet0");
	assert_true(r->raw);
	assert_int_equal(r->bytes, 100);
	assert_int_equal(r->captured, 100);
	assert_memory_equal(r + 1, in, 100);
	capture_ring_release(ring, r);
	r = capture_ring_first(ring);
	assert_non_null(r);
	assert_int_equal(r->side, PACKET_RECORD_OUT);
	assert_string_equal(r->port, "eth0");
	assert_false(r->raw);
	assert_int_equal(r->bytes, len);
	assert_int_equal(len, 164);
	assert_memory_equal(r + 1, sent, len);
	capture_ring_release(ring, r);
	assert_null(capture_ring_first(ring));
	stop(b, c);
	send_out(b, 1, 1000);
	bed_close(b);
}

static void ports_that_were_named_alone(void **state)
{
	(void)state;
	const struct capture_order o = {.n_ports = 1, .port = {"eth0"}, .snap = 50};
	struct bed *b = open_named();
	struct capture *c = start(b, &o);
	struct capture_ring *ring = &c->worker[0].ring;

	send_out(b, 7, 1000);
	const struct packet_record *r = capture_ring_first(ring);
	assert_non_null(r);
	assert_int_equal(r->side, PACKET_RECORD_OUT);
	assert_int_equal(r->bytes, 164);
	assert_int_equal(r->captured, 50);
	assert_int_equal(drain(c), 7);
	stop(b, c);
	bed_close(b);
}

/* About what is at the port, and about the packet in the tunnel: exact numbers. */
static void filters_count_exactly(void **state)
{
	(void)state;
	static const struct {
		const char *outer, *inner;
		unsigned want; /* of 10 packets, at two ports each */
	} cases[] = {
		{"udp port 8472", NULL, 10},
		{"ip", NULL, 20},
		{"src host 10.168.0.12", NULL, 10},
		{"src host 10.5.82.2", NULL, 10},
		{NULL, "src host 10.5.82.2", 20},
		{NULL, "udp src port 1003", 2},
		{"udp port 8472", "udp src port 1003", 1},
		{"udp src port 1003 or udp src port 1004", NULL, 2},
		{NULL, "icmp", 0},
		{"ether dst 1e:d8:21:34:07:ec", NULL, 10},
		{"greater 165", NULL, 0},
		{"greater 164", NULL, 10},
	};

	for (unsigned i = 0; i < RTE_DIM(cases); i++) {
		struct capture_order *o = calloc(1, sizeof(*o));
		assert_non_null(o);
		*o = all_ports();
		if (cases[i].outer != NULL) {
			o->filter.outer = true;
			compile(cases[i].outer, DLT_EN10MB, &o->filter.ether);
			if (strncmp(cases[i].outer, "ether", 5) != 0)
				compile(cases[i].outer, DLT_RAW, &o->filter.raw);
		}
		if (cases[i].inner != NULL) {
			o->filter.has_inner = true;
			compile(cases[i].inner, DLT_RAW, &o->filter.inner);
		}
		struct bed *b = open_named();
		struct capture *c = start(b, o);
		send_out(b, 10, 1000);
		assert_int_equal(drain(c), cases[i].want);
		stop(b, c);
		bed_close(b);
		free(o);
	}
}

static void what_is_refused(void **state)
{
	(void)state;
	const struct capture_order o = {.drops = true, .snap = 65535};
	struct bed *b = open_named();
	struct capture *c = start(b, &o);
	uint8_t in[100];

	put_inner(in, OWN_POD, 0x0a050801, 1000, 100);
	bed_receive(b, HOST, bed_packet(HOST, in, 100, 0, 0));
	send_out(b, 3, 1000);
	const struct packet_record *r = capture_ring_first(&c->worker[0].ring);
	assert_non_null(r);
	assert_int_equal(r->side, PACKET_RECORD_DROP);
	assert_int_equal(r->reason, OVNET_DROP_NO_PEER);
	assert_string_equal(r->port, "ovnet0");
	assert_true(r->raw);
	assert_memory_equal(r + 1, in, 100);
	assert_int_equal(drain(c), 1);
	stop(b, c);
	bed_close(b);
}

/* By who has the port's queue, and then, not by who hands them to it; here its ring is full. */
static void who_sends_has_seen_it(void **state)
{
	(void)state;
	static const uint8_t want[] = {OVNET_STAGE_RX, OVNET_STAGE_CLASSIFY, OVNET_STAGE_ROUTE,
		OVNET_STAGE_ENCAP, OVNET_STAGE_TX, OVNET_STAGE_DROP};
	const struct capture_order o = all_ports(),
				   t = {.trace = true, .packets = 1, .all_ports = true, .snap = 64};
	struct bed *b = bed_open(2);
	struct capture *c = start(b, &o), *trace = start(b, &t);
	const struct packet_record *r;

	assert_ptr_equal(b->map->worker[0].tx[UPLINK].q, NULL);
	assert_int_equal(b->map->worker[0].tx[UPLINK].owner, 1);
	assert_int_equal(ovnet_handoff_init(&b->shared.handoff[1], 1, 2, SOCKET_ID_ANY), 0);
	send_out(b, 2, 1000);
	assert_int_equal(b->counters.drops[OVNET_DROP_HANDOFF_FULL], 1);
	assert_int_equal(drain(c), 2);
	assert_int_equal(atomic_load(&c->worker[0].counts[2 * UPLINK + 1].seen), 0);
	for (unsigned i = 0; (r = capture_ring_first(&trace->worker[0].ring)) != NULL; i++) {
		assert_true(i < RTE_DIM(want));
		assert_int_equal(r->stage, want[i]);
		assert_int_not_equal(r->side, PACKET_RECORD_OUT);
		capture_ring_release(&trace->worker[0].ring, r);
	}
	b->ctx.worker = 1;
	ops->poll(&b->ctx);
	assert_int_equal(b->port[UPLINK].n_out, 1);
	r = capture_ring_first(&c->worker[1].ring);
	assert_non_null(r);
	assert_int_equal(r->side, PACKET_RECORD_OUT);
	b->ctx.worker = 0;
	stop(b, trace);
	stop(b, c);
	ovnet_handoff_fini(&b->shared.handoff[1]);
	bed_close(b);
}

/* Nobody takes what was seen: all goes on as if nobody looked, and the rest is counted. */
static void a_full_ring_holds_up_nothing(void **state)
{
	(void)state;
	const struct capture_order o = {.n_ports = 1, .port = {"eth0"}, .snap = 65535};
	const unsigned rounds = CAPTURE_RING_BYTES / 200 / 50 + 10;
	struct bed *b = open_named();
	struct capture *c = start(b, &o);

	for (unsigned i = 0; i < rounds; i++) {
		send_out(b, 50, 1000);
		assert_int_equal(b->port[UPLINK].n_out, 50);
		bed_drain(b);
	}
	const struct capture_counts *counts = &c->worker[0].counts[2 * UPLINK + 1];
	assert_int_equal(atomic_load(&counts->seen), 50ull * rounds);
	const uint64_t lost = atomic_load(&counts->lost);
	assert_true(lost > 0);
	assert_int_equal(drain(c), 50ull * rounds - lost);
	/* There is room again, around the end of the ring, too. */
	for (unsigned i = 0; i < rounds; i++) {
		send_out(b, 50, 1000);
		assert_int_equal(drain(c), 50);
		bed_drain(b);
	}
	assert_int_equal(atomic_load(&counts->lost), lost);
	stop(b, c);
	bed_close(b);
}

/* Stages of packet number `trace`, in their order. */
static unsigned stages_of(struct capture *c, uint32_t trace, uint8_t *stage, uint8_t *last_reason)
{
	const struct packet_record *r;
	unsigned n = 0;

	while ((r = capture_ring_first(&c->worker[0].ring)) != NULL && r->trace == trace) {
		assert_true(n < 16);
		stage[n++] = r->stage;
		*last_reason = r->reason;
		capture_ring_release(&c->worker[0].ring, r);
	}
	return n;
}

static void the_way_of_some_packets(void **state)
{
	(void)state;
	static const uint8_t out[] = {OVNET_STAGE_RX, OVNET_STAGE_CLASSIFY, OVNET_STAGE_ROUTE,
		OVNET_STAGE_ENCAP, OVNET_STAGE_TX},
			     refused[] = {OVNET_STAGE_RX, OVNET_STAGE_CLASSIFY, OVNET_STAGE_ROUTE,
				     OVNET_STAGE_DROP};
	const struct capture_order o = {.trace = true, .packets = 2, .all_ports = true, .snap = 64};
	struct bed *b = open_named();
	struct capture *c = start(b, &o);
	uint8_t in[100], stage[16], reason = 0;

	send_out(b, 1, 1000);
	assert_int_equal(stages_of(c, 1, stage, &reason), RTE_DIM(out));
	assert_memory_equal(stage, out, sizeof(out));
	put_inner(in, OWN_POD, 0x0a050801, 1000, 100);
	bed_receive(b, HOST, bed_packet(HOST, in, 100, 0, 0));
	ops->poll(&b->ctx);
	assert_int_equal(stages_of(c, 2, stage, &reason), RTE_DIM(refused));
	assert_memory_equal(stage, refused, sizeof(refused));
	assert_int_equal(reason, OVNET_DROP_NO_PEER);
	send_out(b, 5, 1000); /* two were asked for */
	assert_null(capture_ring_first(&c->worker[0].ring));
	stop(b, c);
	bed_close(b);
}

/* All bytes until the other end is closed. The caller frees. */
static uint8_t *read_all(int fd, size_t *n)
{
	uint8_t *all = malloc(1 << 23);
	ssize_t got;

	assert_non_null(all);
	*n = 0;
	while ((got = recv(fd, all + *n, (1 << 23) - *n, 0)) > 0)
		*n += (size_t)got;
	assert_int_equal(got, 0);
	return all;
}

struct told {
	unsigned packets, ticks;
	uint64_t seen, lost;
	bool tick_last;
};

static struct told count_records(const uint8_t *bytes, size_t n)
{
	struct told t = {0};

	for (size_t at = 0; at < n;) {
		const struct packet_record *r = (const void *)(bytes + at);
		struct packet_record_counts counts;

		assert_true(n - at >= sizeof(*r) && r->len >= sizeof(*r) && r->len <= n - at);
		t.packets += r->kind == PACKET_RECORD_PACKET;
		t.ticks += r->kind == PACKET_RECORD_TICK;
		t.tick_last = r->kind == PACKET_RECORD_TICK;
		if (r->kind == PACKET_RECORD_COUNTS) {
			memcpy(&counts, r + 1, sizeof(counts));
			t.seen = counts.seen;
			t.lost = counts.lost;
			assert_string_equal(r->port, "eth0");
		}
		at += r->len;
	}
	return t;
}

/* Who reads late loses what did not fit, and nothing else; all is accounted for. */
static void a_slow_reader(void **state)
{
	(void)state;
	static const char answer[] = "{\"result\":{\"records\":1}}\n";
	const struct capture_order o = {.n_ports = 1, .port = {"eth0"}, .snap = 65535};
	const unsigned rounds = 2 * CAPTURE_RING_BYTES / 200 / 50;
	struct bed *b = open_named();
	struct capture *c = start(b, &o);
	int pair[2], err, notify = eventfd(0, EFD_CLOEXEC);
	size_t n;

	assert_true(notify >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	struct capture_stream *s = capture_stream_start(c, pair[1], notify, &err);
	assert_non_null(s);
	for (unsigned i = 0; i < rounds; i++) {
		send_out(b, 50, 1000);
		assert_int_equal(b->port[UPLINK].n_out, 50);
		bed_drain(b);
	}
	assert_false(capture_stream_ended(s));
	shutdown(pair[0], SHUT_WR);
	uint8_t *all = read_all(pair[0], &n);
	assert_true(n > sizeof(answer));
	assert_memory_equal(all, answer, sizeof(answer) - 1);
	n -= sizeof(answer) - 1;
	memmove(all, all + sizeof(answer) - 1, n); /* to where records may lie */
	const struct told t = count_records(all, n);
	free(all);
	assert_int_equal(t.seen, 50ull * rounds);
	assert_true(t.lost > 0);
	assert_int_equal(t.packets, t.seen - t.lost);
	assert_true(t.tick_last);
	struct pollfd p = {.fd = notify, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(capture_stream_ended(s));
	capture_stream_free(s);
	stop(b, c);
	close(pair[0]);
	close(notify);
	bed_close(b);
}

/* Gone, or never reading: it ends, or is ended, at once. */
static void a_reader_that_goes(void **state)
{
	(void)state;
	const struct capture_order o = all_ports();
	struct bed *b = open_named();
	struct capture *c = start(b, &o);
	int pair[2], err, notify = eventfd(0, EFD_CLOEXEC);
	struct pollfd p = {.fd = notify, .events = POLLIN};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	struct capture_stream *s = capture_stream_start(c, pair[1], notify, &err);
	assert_non_null(s);
	close(pair[0]);
	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_true(capture_stream_ended(s));
	capture_stream_free(s);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	s = capture_stream_start(c, pair[1], notify, &err);
	assert_non_null(s);
	for (unsigned i = 0; i < 200; i++) {
		send_out(b, 50, 1000);
		bed_drain(b);
	}
	capture_stream_free(s);
	stop(b, c);
	close(pair[0]);
	close(notify);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_of_the_tunnel),
		cmocka_unit_test(ports_that_were_named_alone),
		cmocka_unit_test(filters_count_exactly),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(who_sends_has_seen_it),
		cmocka_unit_test(a_full_ring_holds_up_nothing),
		cmocka_unit_test(the_way_of_some_packets),
		cmocka_unit_test(a_slow_reader),
		cmocka_unit_test(a_reader_that_goes),
	};

	return bed_run_levels("capture", tests, sizeof(tests) / sizeof(tests[0]));
}
