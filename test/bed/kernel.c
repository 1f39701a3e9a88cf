/* SPDX-License-Identifier: BSD-3-Clause */
#include "bed/kernel.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

int try_sh(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static void on_neighbour(
	void *arg, uint32_t ifindex, const struct ovnet_addr *addr, const struct ovnet_mac *mac)
{
	struct lab *l = arg;

	assert_int_equal(ifindex, l->u0);
	l->neighbour_calls++;
	l->addr = *addr;
	l->neighbour_known = mac != NULL;
	if (mac != NULL)
		l->mac = *mac;
}

static void on_route(void *arg)
{
	((struct lab *)arg)->route_calls++;
}

static void on_link(void *arg, const struct ovnet_link *link)
{
	struct lab *l = arg;

	if (link->ifindex != l->u0)
		return;
	l->link_calls++;
	l->link = *link;
}

static void on_addrs(void *arg)
{
	((struct lab *)arg)->addrs_calls++;
}

static void on_resync(void *arg)
{
	((struct lab *)arg)->resync_calls++;
}

void run_for(struct lab *l, unsigned ms)
{
	for (unsigned t = 0; t < ms; t += 5) {
		event_base_loop(l->base, EVLOOP_NONBLOCK);
		usleep(5000);
	}
}

void want_resolved(struct lab *l, const struct ovnet_addr *addr, struct ovnet_mac *mac)
{
	int known = ovnet_kernel_neigh_want(l->k, l->u0, addr, mac);

	assert_true(known >= 0);
	if (known == 1)
		return;
	run_until(l, l->neighbour_known && ovnet_addr_equal(&l->addr, addr), 5);
	*mac = l->mac;
}

static pid_t spawn_peer(void)
{
	int ready[2];
	char c = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

struct ovnet_addr ip(const char *text)
{
	struct ovnet_addr a;

	assert_int_equal(ovnet_addr_parse(text, &a), 0);
	return a;
}

struct ovnet_prefix net(const char *text)
{
	struct ovnet_prefix p;

	assert_int_equal(ovnet_prefix_parse(text, &p), 0);
	return p;
}

int lab_setup(void **state)
{
	static const struct ovnet_kernel_events events = {.neighbour = on_neighbour,
		.route_changed = on_route,
		.link_changed = on_link,
		.addrs_changed = on_addrs,
		.resync = on_resync};
	struct lab *l = calloc(1, sizeof(*l));
	struct ovnet_link link;

	assert_non_null(l);
	*state = l;
	l->peer = spawn_peer();
	sh("ip link set lo up");
	sh("ip link add u0 type veth peer name p0 netns %d", (int)l->peer);
	sh("ip addr add 192.168.77.1/24 dev u0 && ip link set u0 up");
	sh("ip addr add fd77::1/64 dev u0 nodad");
	peer(l, "ip addr add 192.168.77.2/24 dev p0");
	peer(l, "ip addr add fd77::2/64 dev p0 nodad");
	peer(l, "ip link set p0 address 02:00:00:00:77:02 up");
	l->base = event_base_new();
	assert_non_null(l->base);
	l->k = ovnet_kernel_open(l->base, &events, l);
	assert_non_null(l->k);
	assert_int_equal(ovnet_kernel_link_by_name(l->k, "u0", &link), 0);
	l->u0 = link.ifindex;
	return 0;
}

int lab_teardown(void **state)
{
	struct lab *l = *state;

	ovnet_kernel_close(l->k);
	event_base_free(l->base);
	(void)try_sh(
		"for d in u0 u1 br0 ovnet0 ovnet1 other0; do ip link del $d 2>/dev/null; done");
	(void)try_sh("ip route flush table main 2>/dev/null");
	kill(l->peer, SIGKILL);
	waitpid(l->peer, NULL, 0);
	free(l);
	return 0;
}

int netns_enter(void)
{
	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	printf("SKIP: a network namespace of one's own needs root\n");
	return 77;
}
