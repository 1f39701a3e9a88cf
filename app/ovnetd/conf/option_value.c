/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *option_leaf(const struct option_def *o)
{
	const char *dot = strchr(o->key, '.');

	return dot != NULL ? dot + 1 : o->key;
}

int option_in_group(const struct option_def *o, const char *group)
{
	size_t len = strcspn(o->key, ".");

	return strlen(group) == len && strncmp(o->key, group, len) == 0;
}

const char *option_flag(const struct option_def *o, char buf[OPTION_NAME_MAX])
{
	if (o->flag != NULL)
		return o->flag;
	if (o->type == OPTION_ITEMS) { /* one of them */
		snprintf(buf, OPTION_NAME_MAX, "%.*s", (int)strlen(o->key) - 1, o->key);
		return buf;
	}
	if (option_in_group(o, "node")) /* flannel's names */
		return option_leaf(o);
	snprintf(buf, OPTION_NAME_MAX, "%s", o->key);
	char *dot = strchr(buf, '.');
	if (dot != NULL)
		*dot = '-';
	return buf;
}

const char *environment_name(const char *flag, char buf[OPTION_NAME_MAX])
{
	snprintf(buf, OPTION_NAME_MAX, "FLANNELD_%s", flag);
	for (char *c = buf; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
		else if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	return buf;
}

const struct option_def *option_find(const struct option_def *table, const char *key)
{
	for (const struct option_def *o = table; o->key != NULL; o++)
		if (strcmp(o->key, key) == 0)
			return o;
	return NULL;
}

const struct option_items *option_items_find(const char *key)
{
	for (const struct option_items *i = option_items; i->key != NULL; i++)
		if (strcmp(i->key, key) == 0)
			return i;
	return NULL;
}

/* Choices as "a<sep>b<last>c". */
static const char *join_choices(
	const struct option_def *o, const char *sep, const char *last, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned i = 0; o->choices != NULL && o->choices[i] != NULL && len < size; i++) {
		const char *between = i == 0 ? "" : o->choices[i + 1] == NULL ? last : sep;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", between, o->choices[i]);
	}
	return buf;
}

const char *option_arg(const struct option_def *o, char *buf, size_t size)
{
	if (o->type == OPTION_SWITCH)
		return NULL;
	return o->arg != NULL ? o->arg : join_choices(o, "|", "|", buf, size);
}

const char *option_form(const struct option_def *o, char *buf, size_t size)
{
	if (o->form != NULL)
		return o->form;
	if (o->type == OPTION_SWITCH)
		return "true or false";
	if (o->type != OPTION_UINT)
		return join_choices(o, ", ", " or ", buf, size);
	snprintf(buf, size, "%u to %u", o->min, o->max);
	return buf;
}

static int refuse(const struct option_def *o, const char *text, int err, char *why, size_t size)
{
	char form[256];

	snprintf(why, size, "\"%.200s\" will not do%s%s; give %s", text, err == -EINVAL ? "" : ": ",
		err == -EINVAL ? "" : strerror(-err), option_form(o, form, sizeof(form)));
	return err;
}

static int choice_of(const struct option_def *o, const char *text)
{
	for (int i = 0; o->choices[i] != NULL; i++)
		if (strcmp(o->choices[i], text) == 0)
			return i;
	return -EINVAL;
}

/* What Go's strconv.ParseBool takes. */
int option_switch_of(const char *text)
{
	static const char *const words[] = {
		"0", "1", "f", "t", "F", "T", "false", "true", "False", "True", "FALSE", "TRUE"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0)
			return i % 2;
	return -EINVAL;
}

/* How many bytes follow the first one of a character; negative: none begins so. */
static int bytes_behind(unsigned char first)
{
	if (first < 0x80)
		return 0;
	if (first < 0xc2 || first > 0xf4)
		return -EINVAL;
	return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/*
 * UTF-8 (RFC 3629), as JSON and gRPC have to have it. Control characters no setting needs, and a
 * terminal or a log may obey them.
 */
static bool is_text(const char *text)
{
	static const uint32_t least[] = {0x20, 0x80, 0x800, 0x10000};

	while (*text != '\0') {
		unsigned char first = (unsigned char)*text++;
		int n = bytes_behind(first);
		if (n < 0)
			return false;
		uint32_t code = n > 0 ? first & (0x3fu >> n) : first;
		for (int i = 0; i < n; i++, text++) {
			if (((unsigned char)*text & 0xc0) != 0x80)
				return false;
			code = code << 6 | ((unsigned char)*text & 0x3f);
		}
		if (code < least[n] || code == 0x7f || code > 0x10ffff ||
			(code >= 0xd800 && code < 0xe000))
			return false;
	}
	return true;
}

static void store_number(const struct option_def *o, void *base, uint32_t value)
{
	char *member = (char *)base + o->offset;
	uint16_t v16 = (uint16_t)value;
	bool v1 = value != 0;

	if (o->width == sizeof(v1))
		memcpy(member, &v1, sizeof(v1));
	else if (o->width == sizeof(v16))
		memcpy(member, &v16, sizeof(v16));
	else
		memcpy(member, &value, sizeof(value));
}

static uint32_t load_number(const struct option_def *o, const void *base)
{
	const char *member = (const char *)base + o->offset;
	uint32_t value = 0;

	memcpy(&value, member, o->width); /* little endian, as all ovnet runs on */
	return value;
}

static int store_text(const struct option_def *o, void *base, const char *text)
{
	char **member = (char **)(void *)((char *)base + o->offset);
	char *copy = strdup(text);

	if (copy == NULL)
		return -ENOMEM;
	free(*member);
	*member = copy;
	return 0;
}

int option_set_number(
	const struct option_def *o, void *base, long long number, char *why, size_t size)
{
	char form[256];

	if (number < (long long)o->min || number > (long long)o->max) {
		snprintf(why, size, "%lld is out of range; give %s", number,
			option_form(o, form, sizeof(form)));
		return -ERANGE;
	}
	store_number(o, base, (uint32_t)number);
	return 0;
}

static int set_number_text(
	const struct option_def *o, void *base, const char *text, char *why, size_t size)
{
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return refuse(o, text, -EINVAL, why, size);
	return option_set_number(o, base, strtoll(text, NULL, 10), why, size);
}

int option_set_text(
	const struct option_def *o, void *base, const char *text, char *why, size_t size)
{
	int err = 0;

	if (strlen(text) > OPTION_TEXT_MAX || !is_text(text)) {
		snprintf(why, size,
			"longer than %d bytes, no UTF-8 or with control characters in it; "
			"give one line of text",
			OPTION_TEXT_MAX);
		return -EINVAL;
	}
	if (o->type == OPTION_UINT)
		return set_number_text(o, base, text, why, size);
	if (o->type == OPTION_PARSED)
		err = o->parse((char *)base + o->offset, text);
	else if (o->type == OPTION_SWITCH)
		err = option_switch_of(text);
	else if (o->choices != NULL)
		err = choice_of(o, text);
	else if (o->check != NULL)
		err = o->check(text);
	if (err < 0)
		return refuse(o, text, err, why, size);
	if (o->type == OPTION_CHOICE || o->type == OPTION_SWITCH)
		store_number(o, base, (uint32_t)err);
	if (o->type == OPTION_TEXT && store_text(o, base, text) < 0) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

const char *option_get_text(const struct option_def *o, const void *base, char *buf, size_t size)
{
	if (o->type == OPTION_TEXT)
		return *(char *const *)(const void *)((const char *)base + o->offset);
	if (o->type == OPTION_CHOICE)
		return o->choices[load_number(o, base)];
	if (o->type == OPTION_SWITCH)
		return load_number(o, base) ? "true" : "false";
	snprintf(buf, size, "%u", load_number(o, base));
	return buf;
}

int option_set_presets(const struct option_def *table, void *base)
{
	char why[512];

	for (const struct option_def *o = table; o->key != NULL; o++) {
		if (o->type == OPTION_ITEMS || o->type == OPTION_PARSED)
			continue;
		int err = option_set_text(o, base, o->preset, why, sizeof(why));
		if (err < 0)
			return err;
	}
	return 0;
}

void option_free_all(const struct option_def *table, void *base)
{
	for (const struct option_def *o = table; o->key != NULL; o++) {
		char **member = (char **)(void *)((char *)base + o->offset);
		if (o->type != OPTION_TEXT)
			continue;
		free(*member);
		*member = NULL;
	}
}
