/* SPDX-License-Identifier: BSD-3-Clause */
/* The socket of a vhost port: where it may be, whose it is, and one that is not there yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "bed/lab.h"
#include "port/vhost_int.h"

static char dir[] = "/tmp/ovnet-vhost-socket-XXXXXX";
static char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

static void in_dir(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", dir, name);
}

static struct ovnet_port_conf conf_of(const char *name)
{
	return (struct ovnet_port_conf){.name = name,
		.role = OVNET_PORT_ATTACH,
		.path = path,
		.server = true,
		.queues = 2,
		.mtu = 1450,
		.pool = lab_pool};
}

static struct ovnet_port *open_conf(const struct ovnet_port_conf *conf)
{
	int err;
	struct ovnet_port *port = ovnet_port_open(&ovnet_driver_vhost, 3, conf, &err);

	assert_non_null(port);
	return port;
}

static void refused(const struct ovnet_port_conf *conf, int want)
{
	int err = 0;

	assert_null(ovnet_port_open(&ovnet_driver_vhost, 3, conf, &err));
	assert_int_equal(err, want);
}

static void a_socket_is_made_as_asked(void **state)
{
	(void)state;
	struct stat st;

	in_dir("sub/a.sock");
	struct ovnet_port_conf conf = conf_of("a");
	struct ovnet_port *port = open_conf(&conf);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, 0);
	assert_false(port->driver->link_up(port));
	assert_int_equal(port->n_rxq, 1);
	assert_int_equal(port->mtu, 1450);
	assert_int_equal(port->caps, OVNET_CAP_CHAINED | OVNET_CAP_RX_CSUM | OVNET_CAP_TX_CSUM);
	ovnet_port_close(port);
	assert_int_equal(stat(path, &st), -1);

	conf.socket_mode = 0660;
	conf.socket_owner = "daemon:12";
	port = open_conf(&conf);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_uid, 1);
	assert_int_equal(st.st_gid, 12);
	ovnet_port_close(port);

	conf.socket_owner = ":7";
	port = open_conf(&conf);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 7);
	ovnet_port_close(port);

	conf.socket_owner = "nobody-of-this-name";
	refused(&conf, -EINVAL);
	conf.socket_owner = ":no-such-group";
	refused(&conf, -EINVAL);
	assert_int_equal(stat(path, &st), -1);
}

/* How often the users' database was asked for a number; there it has none. */
static unsigned asked;

int getpwuid_r(uid_t uid, struct passwd *one, char *buf, size_t size, struct passwd **found)
{
	(void)uid, (void)one, (void)buf, (void)size;
	asked++;
	*found = NULL;
	return 0;
}

static int listener(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(addr.sun_path, path, sizeof(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static void stays_as_it_is(const char *file, const struct ovnet_port_conf *conf)
{
	struct stat before, after;

	assert_int_equal(lstat(file, &before), 0);
	assert_int_equal(vhost_socket_give(conf), -EPERM);
	assert_int_equal(lstat(file, &after), 0);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_uid, before.st_uid);
	assert_int_equal(after.st_gid, before.st_gid);
}

/* Put there by who may write to the directory, between our making it and giving it away. */
static void only_our_own_socket_is_given_away(void **state)
{
	(void)state;
	char secret[sizeof(path) + 8];

	in_dir("d.sock");
	struct ovnet_port_conf conf = conf_of("d");
	conf.socket_mode = 0666;
	conf.socket_owner = "daemon:12";
	snprintf(secret, sizeof(secret), "%s.secret", path);
	int fd = open(secret, O_CREAT | O_EXCL | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(symlink(secret, path), 0);
	stays_as_it_is(secret, &conf);
	stays_as_it_is(path, &conf);
	assert_int_equal(unlink(path) + rename(secret, path), 0); /* no socket */
	stays_as_it_is(path, &conf);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(vhost_socket_give(&conf), -ENOENT);

	fd = listener();
	assert_int_equal(link(path, secret), 0); /* one that another name leads to */
	stays_as_it_is(path, &conf);
	assert_int_equal(unlink(secret), 0);
	assert_int_equal(chown(path, 3, 3), 0);
	stays_as_it_is(path, &conf);
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(vhost_socket_give(&conf), 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
}

static void what_is_there_is_no_bodys_or_stays(void **state)
{
	(void)state;
	char long_path[120];

	in_dir("b.sock");
	struct ovnet_port_conf conf = conf_of("b");
	int fd = listener();
	refused(&conf, -EADDRINUSE);
	close(fd);
	struct ovnet_port *port = open_conf(&conf); /* its server is dead */
	int err;
	conf.name = "c";
	assert_null(ovnet_port_open(&ovnet_driver_vhost, 4, &conf, &err));
	assert_int_equal(err, -EADDRINUSE);
	conf.server = false; /* nor as its client */
	assert_null(ovnet_port_open(&ovnet_driver_vhost, 4, &conf, &err));
	assert_int_equal(err, -EADDRINUSE);
	ovnet_port_close(port);

	/* Given away: whether anybody listens cannot be tried any more. */
	conf.server = true;
	fd = listener();
	assert_int_equal(chown(path, 1, 1), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(seteuid(65534), 0);
	refused(&conf, -EACCES);
	close(fd);
	port = open_conf(&conf);
	ovnet_port_close(port);
	assert_int_equal(seteuid(0), 0);

	lab("touch", path);
	refused(&conf, -EEXIST);
	assert_int_equal(unlink(path), 0);
	conf.path = "relative";
	refused(&conf, -EINVAL);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	conf.path = long_path;
	refused(&conf, -ENAMETOOLONG);
	conf.path = "/proc/ovnet/no.sock";
	refused(&conf, -ENOENT);
	conf = conf_of("b");
	conf.mtu = 9000;
	refused(&conf, -EMSGSIZE);
}

static void a_guests_socket_is_waited_for(void **state)
{
	(void)state;
	struct ovnet_port_details d = {0};
	struct rte_mbuf *m;

	in_dir("c.sock");
	struct ovnet_port_conf conf = conf_of("c");
	conf.server = false;
	struct ovnet_port *port = open_conf(&conf);
	assert_false(port->driver->link_up(port));
	assert_false(port->driver->changed(port));
	port->driver->details(port, &d);
	assert_string_equal(d.state, "waiting for the guest");
	assert_int_equal(d.n_features + d.queues_ready + d.reconnects, 0);
	assert_int_equal(port->driver->rx(port->queue[0], &m, 1), 0);
	m = lab_mbuf((const uint8_t *)"none to hear", 12, 1);
	assert_int_equal(port->driver->tx(port->queue[0], &m, 1), 0);
	assert_int_equal(port->queue[0]->tx_reason, OVNET_DROP_TX_DOWN);
	rte_pktmbuf_free(m);
	assert_int_equal(port->driver->arm(port->queue[0]), 0);
	port->driver->disarm(port->queue[0]);

	/* Whose it is, is said; once. */
	int fd = listener();
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(seteuid(65534), 0);
	d = (struct ovnet_port_details){0};
	port->driver->details(port, &d);
	asked = 0;
	for (unsigned i = 0; i < 3; i++)
		(void)port->driver->changed(port);
	port->driver->details(port, &d);
	assert_int_equal(seteuid(0), 0);
	assert_non_null(strstr(d.state, "cannot be reached"));
	assert_int_equal(asked, 1); /* said once, so asked once */
	close(fd);
	unlink(path);
	ovnet_port_close(port);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	return lab_run((const char *const[]){"rm", "-rf", dir, NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_is_made_as_asked),
		cmocka_unit_test(only_our_own_socket_is_given_away),
		cmocka_unit_test(what_is_there_is_no_bodys_or_stays),
		cmocka_unit_test(a_guests_socket_is_waited_for),
	};

	lab_enter();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
