/* SPDX-License-Identifier: BSD-3-Clause */
#include "lease/flannel/subnet_env.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

OVNET_LOG_TYPE(lease)

#define TEXT_MAX 1024

static void put6(char *buf, size_t size, const struct ovnet_subnet_env *env)
{
	struct ovnet_addr first = {.family = AF_INET6};
	char net[OVNET_PREFIX_STRLEN], addr[OVNET_ADDR_STRLEN];

	memcpy(first.v6, env->subnet6.addr, 16);
	first.v6[15]++;
	snprintf(buf, size, "FLANNEL_IPV6_NETWORK=%s\nFLANNEL_IPV6_SUBNET=%s/%u\n",
		ovnet_prefix6_text(&env->network6, net, sizeof(net)),
		ovnet_addr_text(&first, addr, sizeof(addr)), env->subnet6.len);
}

static void put_range(char *buf, size_t size, const char *family, const struct ovnet_addr *first,
	const struct ovnet_addr *last)
{
	char from[OVNET_ADDR_STRLEN], to[OVNET_ADDR_STRLEN];

	snprintf(buf, size, "OVNET_%sRANGE_START=%s\nOVNET_%sRANGE_END=%s\n", family,
		ovnet_addr_text(first, from, sizeof(from)), family,
		ovnet_addr_text(last, to, sizeof(to)));
}

static void put_containers(char *buf, size_t size, const struct ovnet_subnet_env *env)
{
	char cidr[OVNET_PREFIX_STRLEN], range[128], range6[160] = "";

	put_range(range, sizeof(range), "", &env->first, &env->last);
	if (env->first6.family != 0)
		put_range(range6, sizeof(range6), "IPV6_", &env->first6, &env->last6);
	snprintf(buf, size, "OVNET_FIXED_CIDR=%s\n%s%s",
		ovnet_prefix4_text(&env->fixed_cidr, cidr, sizeof(cidr)), range, range6);
}

static int render(const struct ovnet_subnet_env *env, char *buf, size_t size)
{
	struct ovnet_addr first = ovnet_addr_v4(env->subnet.addr_host + 1);
	char net[OVNET_PREFIX_STRLEN], addr[OVNET_ADDR_STRLEN], v6[256] = "", ours[400] = "";

	if (env->has_v6)
		put6(v6, sizeof(v6), env);
	if (env->fixed_cidr.len > 0)
		put_containers(ours, sizeof(ours), env);
	return snprintf(buf, size,
		"FLANNEL_NETWORK=%s\nFLANNEL_SUBNET=%s/%u\n%sFLANNEL_MTU=%u\nFLANNEL_IPMASQ=%s\n%s",
		ovnet_prefix4_text(&env->network, net, sizeof(net)),
		ovnet_addr_text(&first, addr, sizeof(addr)), env->subnet.len, v6, env->mtu,
		env->ip_masq ? "true" : "false", ours);
}

/* Open to everybody whatever our umask is: docker and CNI have to get in. */
static int make_dir(const char *dir)
{
	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? 0 : -errno;
	return chmod(dir, 0755) < 0 ? -errno : 0;
}

/* Every missing folder on the way to the file. */
static int make_dirs(const char *path)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash = strchr(dir + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int rc = make_dir(dir);
		if (rc < 0) {
			LOG(ERR, "cannot create the folder %s of the subnet file %s: %s", dir, path,
				strerror(-rc));
			return rc;
		}
		*slash = '/';
	}
	return 0;
}

/* 0 or -errno, the file closed either way. */
static int fill(int fd, const char *text, size_t len)
{
	int rc = 0;

	while (rc == 0 && len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			rc = -errno;
		if (n > 0)
			text += n, len -= (size_t)n;
	}
	/* umask must not decide whether docker can read it. */
	if (rc == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		rc = -errno;
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int ovnet_subnet_env_write(const char *path, const struct ovnet_subnet_env *env)
{
	char text[TEXT_MAX], tmp[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int dir_len = slash != NULL ? (int)(slash - path) + 1 : 0;
	int len = render(env, text, sizeof(text));

	if (slash != NULL ? slash[1] == '\0' : path[0] == '\0') {
		LOG(ERR, "the subnet file \"%s\" has no file name: set node.subnet-file", path);
		return -EINVAL;
	}
	if (strlen(path) + 2 > sizeof(tmp)) {
		LOG(ERR, "the path of the subnet file is too long: %.80s...", path);
		return -ENAMETOOLONG;
	}
	snprintf(tmp, sizeof(tmp), "%.*s.%s", dir_len, path, path + dir_len);
	int rc = make_dirs(path);
	if (rc < 0)
		return rc;
	/* Whatever stands at the temporary name, a link included, is left from a crash. */
	if (unlink(tmp) < 0 && errno != ENOENT)
		rc = -errno;
	int fd = rc < 0 ? -1 : open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (rc == 0)
		rc = fd < 0 ? -errno : fill(fd, text, (size_t)len);
	if (rc == 0 && rename(tmp, path) < 0)
		rc = -errno;
	if (rc < 0) {
		LOG(ERR, "cannot write the subnet file %s: %s; docker and CNI will miss it", path,
			strerror(-rc));
		if (fd >= 0)
			unlink(tmp);
	}
	return rc;
}

/* The value may stand in quotes: shell scripts rewrite this file. NULL: of another name. */
static char *value_of(char *line, const char *name)
{
	size_t len = strlen(name);

	line += strspn(line, " \t");
	if (strncmp(line, "export ", 7) == 0)
		line += 7;
	if (strncmp(line, name, len) != 0 || line[len] != '=')
		return NULL;
	line += len + 1;
	line += strspn(line, "\"'");
	line[strcspn(line, "\"' \t\r\n")] = '\0';
	return line;
}

static void read_line(char *line, struct ovnet_prefix4 *subnet, struct ovnet_prefix6 *subnet6)
{
	struct ovnet_prefix4 found;
	struct ovnet_prefix6 found6;
	const char *value = value_of(line, "FLANNEL_SUBNET");

	if (value != NULL && ovnet_prefix4_parse(value, &found) == 0 && found.len > 0)
		*subnet = found;
	value = value_of(line, "FLANNEL_IPV6_SUBNET");
	if (value != NULL && ovnet_prefix6_parse(value, &found6) == 0 && found6.len > 0)
		*subnet6 = found6;
}

int ovnet_subnet_env_read(
	const char *path, struct ovnet_prefix4 *subnet, struct ovnet_prefix6 *subnet6)
{
	char line[1024];
	FILE *f = fopen(path, "re");

	*subnet = (struct ovnet_prefix4){0};
	*subnet6 = (struct ovnet_prefix6){0};
	if (f == NULL) {
		int rc = -errno;
		if (rc != -ENOENT)
			LOG(WARN,
				"cannot read the subnet file %s: %s; a previous subnet in it is "
				"not known",
				path, strerror(-rc));
		return rc;
	}
	while (fgets(line, sizeof(line), f) != NULL)
		read_line(line, subnet, subnet6);
	fclose(f);
	return subnet->len > 0 || subnet6->len > 0 ? 0 : -ENOENT;
}
