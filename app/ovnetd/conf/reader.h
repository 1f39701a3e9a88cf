/* SPDX-License-Identifier: BSD-3-Clause */
/* One reading of the configuration: what its parts share. Private to conf/. */
#ifndef OVNET_APP_CONF_READER_H
#define OVNET_APP_CONF_READER_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/conf.h"
#include "conf/options.h"

#define LOADER_MAX_OPTIONS 96
#define LOADER_MAX_IDLE    64
#define LOADER_MAX_ERRORS  100 /* printed; a file of noise must not fill the journal */
#define CONF_FILE_MAX      (1024 * 1024)

/* Where a value was given. */
struct origin {
	enum { FROM_PRESET, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG } kind;
	unsigned line;
};

struct loader {
	struct conf *conf;
	const char *file;
	bool file_named;                         /* by --config */
	struct origin given[LOADER_MAX_OPTIONS]; /* as ovnetd_options */
	bool by_flag[LOADER_MAX_OPTIONS]; /* the command line has it: the environment says nothing
					   */
	const struct flannel_flag *idle[LOADER_MAX_IDLE]; /* given, but without effect */
	unsigned n_idle;
	struct origin uplink_at[CONF_MAX_UPLINKS]; /* as conf->uplinks */
	struct origin port_at[CONF_MAX_PORTS];     /* as conf->ports */
	char *said; /* where the first complaint goes instead of stderr; NULL: stderr */
	size_t said_size;
	unsigned errors;
};

/* As conf_load(), into l->conf, but for what is told of flags without effect. */
int conf_read(struct loader *l, int argc, char **argv, enum conf_action *action);

/* One line on stderr: where, which key or flag, what and the cure. */
void complain(struct loader *l, struct origin at, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same, where the option got the value it has. `key` is in ovnetd_options. */
void complain_value(struct loader *l, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The known name nearest to `name`, or NULL when none is near. */
const char *nearest_key(const struct option_def *table, const char *name);
unsigned edit_distance(const char *a, const char *b);

/* Reads l->file over what is there. Errors are counted in `l`. */
void conf_file_read(struct loader *l);
/* Complains about what libconfig would swallow silently. False: do not even parse. */
bool conf_scan(struct loader *l, const char *text, size_t len);

/* What no single port shows: names, addresses, MACs, devices over all of them. */
void ports_check(struct loader *l);
/* The same of uplinks: the workers they name. */
void uplinks_check(struct loader *l);

/* Stores what flannel's environment variables say over what is there; empty ones say nothing. */
void environment_read(struct loader *l);

/* A flag of flanneld's that is no setting of ours. */
struct flannel_flag {
	const char *name;
	bool is_switch, refused;
	const char *text; /* why it has no effect, or why it is refused and what to do */
	const char *key;  /* a setting of ours says the same: `on` or `off` of this one */
	const char *on, *off;
};
/* Ends with a NULL name. */
extern const struct flannel_flag flannel_flags[];
/* NULL: flanneld has no such flag either, or it is a setting of ours. */
const struct flannel_flag *flannel_flag_find(const char *name);
/* The value of `f->key` it stands for; NULL: `value` is neither true nor false. */
const char *flannel_flag_value(const struct flannel_flag *f, const char *value);
/* Refuses it, or notes that it has no effect. */
void flannel_flag_take(
	struct loader *l, struct origin at, const struct flannel_flag *f, const char *value);
/* One log line for each flag that has no effect. */
void flannel_flags_tell(const struct loader *l);

void conf_print_file(FILE *out);
void conf_print_help(FILE *out);

#endif
