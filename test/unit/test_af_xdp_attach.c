/* SPDX-License-Identifier: BSD-3-Clause */
/* AF_XDP on our end of a veth, the kernel's stack in a container's namespace at the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bed/lab.h"

#define IN(pid, ...) lab("nsenter", "-n", "-t", pid, __VA_ARGS__)

/* The next frame of this type; others are what an IPv6 host says at first. */
static struct rte_mbuf *next_of(struct ovnet_port *port, uint16_t type)
{
	struct rte_mbuf *m;

	while (lab_rx(port, &m, 1, 2000) == 1) {
		const uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
		if (b[12] << 8 == (type & 0xff00) && b[13] == (type & 0xff))
			return m;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

/* An ARP question becomes its answer, an echo request its reply. */
static void answer_in_place(struct rte_mbuf *m, const struct ovnet_mac *ours)
{
	uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *), addr[4];

	memcpy(b, b + 6, 6);
	memcpy(b + 6, ours->b, 6);
	if (b[13] == 0x06) {
		b[21] = 2;
		memcpy(addr, b + 38, 4);
		memcpy(b + 32, b + 22, 10);
		memcpy(b + 22, ours->b, 6);
		memcpy(b + 28, addr, 4);
		return;
	}
	memcpy(addr, b + 26, 4);
	memcpy(b + 26, b + 30, 4);
	memcpy(b + 30, addr, 4);
	b[34] = 0;
	b[36] = b[37] = 0;
	uint16_t sum = lab_sum(b + 34, rte_pktmbuf_data_len(m) - 34u);
	memcpy(b + 36, &sum, 2);
}

/* The kernel's stack in the container against us alone: our end has no address and no say. */
static void behind_an_attach_port_every_frame_is_ours(void **state)
{
	(void)state;
	struct ovnet_patience patience = {0};
	char pid[16];
	int err, status;

	lab("ip", "link", "add", "name", "att0", "type", "veth", "peer", "name", "att0p");
	lab("ip", "link", "set", "dev", "att0", "up");
	pid_t container = lab_container("att0p", pid, sizeof(pid));
	IN(pid, "ip", "addr", "add", "10.5.1.7/24", "dev", "att0p");
	IN(pid, "ip", "link", "set", "dev", "att0p", "up");
	const struct ovnet_port_conf conf = {.name = "web",
		.role = OVNET_PORT_ATTACH,
		.iface = "att0",
		.pool = lab_pool,
		.patience = &patience};
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_af_xdp, 3, &conf, &err);
	assert_non_null(port);
	assert_true(lab_comes_up(port));
	const struct ovnet_mac ours = ovnet_port_mac(port);
	const struct ovnet_port_filter nothing = {0};
	assert_int_equal(port->driver->filter(port, &nothing), -EINVAL);

	pid_t ping = fork();
	if (ping == 0) {
		execlp("nsenter", "nsenter", "-n", "-t", pid, "ping", "-c1", "-W5", "-q",
			"10.5.1.1", NULL);
		_exit(127);
	}
	const uint16_t types[] = {0x0806, 0x0800};
	for (unsigned i = 0; i < RTE_DIM(types); i++) {
		struct rte_mbuf *m = next_of(port, types[i]);
		assert_non_null(m);
		assert_int_equal(ovnet_meta(m)->in_port, 3);
		answer_in_place(m, &ours);
		assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 1);
	}
	assert_int_equal(waitpid(ping, &status, 0), ping);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* The kernel at our end saw none of it. */
	lab("sh", "-c", "test -z \"$(ip neigh show dev att0)\"");
	ovnet_port_close(port);
	lab_container_end(container);
	lab_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behind_an_attach_port_every_frame_is_ours),
	};

	lab_enter();
	return cmocka_run_group_tests_name("af_xdp_attach", tests, NULL, NULL);
}
