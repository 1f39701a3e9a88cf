/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines for people and for journald: one type per module, a run-time level
 * each. Lines go to stderr, whole, in one write(); under systemd (JOURNAL_STREAM
 * set) each starts with its "<n>" priority and carries no time of its own.
 *
 * Rules: the line stands at the point of failure, callers stay silent; nothing in
 * the packet path logs. Any thread may log.
 */
#ifndef OVNET_BASE_LOG_H
#define OVNET_BASE_LOG_H

#include <stdbool.h>

enum ovnet_log_level {
	OVNET_LOG_ERR,
	OVNET_LOG_WARN,
	OVNET_LOG_NOTICE,
	OVNET_LOG_INFO,
	OVNET_LOG_DEBUG,
};

struct ovnet_log_type {
	const char *name;
	int level; /* lines above it are not printed */
	struct ovnet_log_type *next;
};

/* Once per .c file that logs; several files may share one name. */
#define OVNET_LOG_TYPE(type_name)                                           \
	static struct ovnet_log_type log_type = {                           \
		.name = #type_name, .level = OVNET_LOG_INFO, .next = NULL}; \
	__attribute__((constructor)) static void log_type_register(void)    \
	{                                                                   \
		ovnet_log_register(&log_type);                              \
	}

#define LOG(lvl, ...)                                                       \
	do {                                                                \
		if (OVNET_LOG_##lvl <= log_type.level)                      \
			ovnet_log(&log_type, OVNET_LOG_##lvl, __VA_ARGS__); \
	} while (0)

void ovnet_log_register(struct ovnet_log_type *type);
void ovnet_log(const struct ovnet_log_type *type, enum ovnet_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Until it is called with NULL, the first error this thread logs is also put into `buf`, without
 * its prefix: for who has to answer why something failed. `buf` is "" until then.
 */
void ovnet_log_keep(char *buf, unsigned size);
/* Nothing is printed any more, by any thread, or again; what is kept is kept. */
void ovnet_log_mute(bool mute);
/*
 * "info" for all, or "info,lease=debug,kernel=warn". -EINVAL (and the offending
 * part in `bad`, if not NULL) when a level or a module is unknown.
 */
int ovnet_log_set_levels(const char *spec, char *bad, unsigned bad_size);

#endif
