/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/owner.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 64   /* of a user or a group */
#define NAMES_SIZE   4096 /* for what belongs to one in the databases */

/* As a number, or by the database. False: there is none of that name. */
static bool find_user(const char *name, uid_t *uid)
{
	char *end, names[NAMES_SIZE];
	struct passwd one, *found;

	*uid = (uid_t)strtoul(name, &end, 10);
	if (name[0] != '\0' && *end == '\0')
		return true;
	if (getpwnam_r(name, &one, names, sizeof(names), &found) != 0 || found == NULL)
		return false;
	*uid = one.pw_uid;
	return true;
}

static bool find_group(const char *name, gid_t *gid)
{
	char *end, names[NAMES_SIZE];
	struct group one, *found;

	*gid = (gid_t)strtoul(name, &end, 10);
	if (name[0] != '\0' && *end == '\0')
		return true;
	if (getgrnam_r(name, &one, names, sizeof(names), &found) != 0 || found == NULL)
		return false;
	*gid = one.gr_gid;
	return true;
}

int ovnet_owner_find(const char *text, uid_t *uid, gid_t *gid, char *missing, size_t size)
{
	const char *group = strchr(text, ':');
	char user[NAME_MAX_LEN];

	*uid = (uid_t)-1;
	*gid = (gid_t)-1;
	snprintf(user, sizeof(user), "%.*s", (int)strcspn(text, ":"), text);
	if (user[0] != '\0' && !find_user(user, uid)) {
		snprintf(missing, size, "user '%s'", user);
		return -EINVAL;
	}
	if (group != NULL && !find_group(group + 1, gid)) {
		snprintf(missing, size, "group '%s'", group + 1);
		return -EINVAL;
	}
	return 0;
}
