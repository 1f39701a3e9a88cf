/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one table of settings. It drives defaults, the file reader, the long flags, --help,
 * validation, config/ovnet.conf and the man pages' option sections. To add a setting: a member
 * in conf.h, a row in options.c (or uplink_options.c, port_options.c).
 */
#ifndef OVNET_APP_CONF_OPTIONS_H
#define OVNET_APP_CONF_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_TEXT_MAX 4096 /* bytes of one value */
#define OPTION_NAME_MAX 64

#define CONF_FILE_DEFAULT "/etc/ovnet/ovnet.conf"

enum option_type {
	OPTION_TEXT,   /* char * */
	OPTION_UINT,   /* uint16_t, uint32_t, by width */
	OPTION_CHOICE, /* the choice's index: bool or enum, by width */
	OPTION_SWITCH, /* bool; as a flag it needs no value */
	OPTION_PARSED, /* whatever `parse` makes of the text */
	OPTION_ITEMS,  /* a list of groups with a table of their own */
};

struct option_def {
	const char *key; /* "group.key"; of an item "key" */
	enum option_type type;
	size_t offset, width;       /* of the member in struct conf or the item's struct */
	const char *flag;           /* flannel's name of the flag, where the key does not give it */
	const char *preset;         /* the default, as text */
	uint32_t min, max;          /* OPTION_UINT */
	bool reload;                /* taken up while ovnetd runs, by a reload */
	bool secret;                /* shown to nobody */
	const char *const *choices; /* NULL-terminated; TEXT and CHOICE */
	int (*check)(const char *text);               /* TEXT: 0 or -errno; NULL: any text */
	int (*parse)(void *member, const char *text); /* PARSED: 0 or -errno */
	const char *form; /* what is right, completes "give ..."; NULL: range or choices */
	const char *arg;  /* the value's name in --help; NULL: the choices */
	const char *help; /* one line */
	const char *more; /* a paragraph for ovnet.conf and the man page */
};

/* All end with a NULL key. */
extern const struct option_def ovnetd_options[];
extern const struct option_def uplink_options[];
extern const struct option_def neighbour_options[];
extern const struct option_def port_options[];

/* What a list holds: key "uplinks", and that is its group as well. Ends with a NULL key. */
struct option_items {
	const char *key;
	const char *one; /* "an uplink" */
	const struct option_def *table;
	const char *const *example; /* lines for ovnet.conf, NULL-terminated; NULL: none */
};
extern const struct option_items option_items[];
/* NULL: no list has that key. */
const struct option_items *option_items_find(const char *key);

/* Flags that are no settings; ends with a NULL name. */
struct action_flag {
	const char *name, *arg, *help;
};
extern const struct action_flag action_flags[];

/* A group's heading in ovnet.conf, --help and the man pages; ends with a NULL name. */
struct option_group {
	const char *name, *title;
};
extern const struct option_group option_groups[];

/* "node.iface" -> "iface", "etcd.prefix" -> "etcd-prefix", "uplinks" -> "uplink", or o->flag. */
const char *option_flag(const struct option_def *o, char buf[OPTION_NAME_MAX]);
/* "etcd-prefix" -> "FLANNELD_ETCD_PREFIX". */
const char *environment_name(const char *flag, char buf[OPTION_NAME_MAX]);
/* The part after the group. */
const char *option_leaf(const struct option_def *o);
/* Is `o` in `group`? A list has a group to itself. */
int option_in_group(const struct option_def *o, const char *group);
/* The value in --help: "FILE", "adaptive|poll"; NULL: a switch. */
const char *option_arg(const struct option_def *o, char *buf, size_t size);
/* What a right value is: "1 to 31", "strict or off", ... */
const char *option_form(const struct option_def *o, char *buf, size_t size);
/* NULL: no such key. */
const struct option_def *option_find(const struct option_def *table, const char *key);

/*
 * Checks and stores in the struct at `base`. 0, or negative errno with a sentence, what is wrong
 * and the cure, in `why`.
 */
int option_set_text(
	const struct option_def *o, void *base, const char *text, char *why, size_t size);
int option_set_number(
	const struct option_def *o, void *base, long long number, char *why, size_t size);
/* The stored value as text, as it would be given; not for PARSED and ITEMS. */
const char *option_get_text(const struct option_def *o, const void *base, char *buf, size_t size);
/* 0, 1 or -EINVAL. */
int option_switch_of(const char *text);
/* Presets of the whole table. 0 or -ENOMEM. */
int option_set_presets(const struct option_def *table, void *base);
/* Frees the strings of the table. */
void option_free_all(const struct option_def *table, void *base);

#endif
