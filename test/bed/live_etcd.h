/* SPDX-License-Identifier: BSD-3-Clause */
/* A private etcd on free loopback ports that dies with the test, and etcdctl to talk to it. */
#ifndef OVNET_BED_LIVE_ETCD_H
#define OVNET_BED_LIVE_ETCD_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct live_etcd {
	char dir[64], url[64], peer_url[64];
	pid_t pid;
	const char *user; /* "name:password" for etcdctl, NULL: none */
	bool only_v3;     /* without the v2 API */
	/* "a=URL,b=URL", the peers' URLs, and who it is of them. NULL: alone. */
	const char *cluster, *name;
};

/* Whose keys live_ctl() and the others below see: "3" or "2". */
extern const char *live_api;

int live_free_port(void);

/* Output in `out` (cut), exit status returned. */
int live_run(char *const argv[], char *out, size_t size);

bool live_v2(void);

/* "--dial-timeout" in v3, "--timeout" in v2, if there is no user to name. */
#define live_ctl(e, out, size, ...)                                                          \
	live_run((char *[]){(char *)"etcdctl", (char *)"--endpoints", (char *)(e)->url,      \
			 (char *)((e)->user != NULL ? (live_v2() ? "--username" : "--user")  \
				  : live_v2()       ? "--timeout"                            \
						    : "--dial-timeout"),                           \
			 (char *)((e)->user != NULL ? (e)->user : "2s"), __VA_ARGS__, NULL}, \
		out, size)

bool live_put(const struct live_etcd *e, const char *key, const char *value);
bool live_del(const struct live_etcd *e, const char *key);

/* The value alone, without the newline etcdctl adds; "": no such key. */
void live_get(const struct live_etcd *e, const char *key, char *out, size_t size);

/* Everything etcd knows about the key; the wording is the API's. */
void live_details(const struct live_etcd *e, const char *key, char *out, size_t size);

bool live_has_ttl(const struct live_etcd *e, const char *key);

/* Whoever has no login is refused from now on; etcdctl has root's, which is "secret". */
bool live_authentication(struct live_etcd *e);

void live_prepare(struct live_etcd *e, const char *scheme);
void live_spawn(struct live_etcd *e);
void live_wait(const struct live_etcd *e);
void live_start(struct live_etcd *e);
void live_kill(struct live_etcd *e);

/* The directory and all in it. */
void live_remove_dir(const char *dir);

void live_remove(struct live_etcd *e);

#endif
