/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Asks etcd itself, with ovnetd's configuration: where the tree is in disorder the daemon may not
 * even start.
 */
#include "check_tree.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "command.h"
#include "lease/tree_check.h"
#include "run/tree_conf.h"
#include "table.h"

enum { EXIT_WARNINGS = 3, EXIT_ERRORS = 4 };

static const char *const severities[] = {
	[TREE_NOTE] = "note", [TREE_WARNING] = "warning", [TREE_ERROR] = "error"};

bool check_tree_is_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			return strcmp(argv[i], "check-tree") == 0;
		/* Those before a command that have a value. */
		if (strcmp(argv[i], "--socket") == 0 || strcmp(argv[i], "--watch") == 0)
			i++;
	}
	return false;
}

static void print_help(void)
{
	printf("Usage: ovnetctl [--json] check-tree [OVNETD-FLAG...]\n\n"
	       "Reads the whole lease tree from etcd, changes nothing, and says what is wrong. "
	       "See ovnetctl(1).\n\n"
	       "Where etcd is, it takes from ovnetd's configuration and flags: --config FILE, "
	       "--etcd-endpoints,\n--etcd-prefix, --etcd-cafile, ...; see ovnetd --help. ovnetd "
	       "need not run.\n\n"
	       "Exit status: 0, 1 when the tree cannot be read, 2 for wrong usage, 3 when there "
	       "are warnings,\n4 when there are errors.\n");
}

/* Keys and values are anybody's bytes. */
static json_t *text_of(const char *text)
{
	json_t *o = json_string(text);

	if (o != NULL)
		return o;
	char *plain = must(strdup(text));
	for (char *p = plain; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	o = must(json_string(plain));
	free(plain);
	return o;
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? text_of(text) : json_null();
}

static json_t *finding_json(const struct tree_finding *f)
{
	return must(json_pack("{s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "severity",
		severities[f->severity], "kind", f->kind, "key", text_or_null(f->key), "owner",
		text_or_null(f->owner), "other_key", text_or_null(f->other_key), "other_owner",
		text_or_null(f->other_owner), "what", text_of(f->what), "breaks",
		text_of(f->breaks), "do", text_of(f->cure)));
}

static json_t *network_json(const struct lease_tree *t)
{
	char net[OVNET_PREFIX_STRLEN];

	if (t->config_error[0] != '\0')
		return json_null();
	return json_string(ovnet_prefix4_text(&t->netconf.network, net, sizeof(net)));
}

static int print_json(const struct lease_tree *t, const struct tree_report *r)
{
	json_t *list = must(json_array()), *o;

	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(list, finding_json(&r->findings[i]));
	o = must(json_pack("{s:o,s:s,s:o,s:o,s:o,s:I,s:o,s:o,s:I,s:I,s:I,s:b,s:I,s:I,s:I,s:o}",
		"config_key", text_of(t->config_key), "api", t->api, "transport",
		text_of(t->transport), "endpoint", text_of(t->endpoint), "version",
		text_or_null(t->version), "revision", (json_int_t)t->revision, "network",
		network_json(t), "backend",
		t->config_error[0] == '\0' ? text_of(t->netconf.type) : json_null(), "keys",
		(json_int_t)t->n, "leases", (json_int_t)r->leases, "nodes", (json_int_t)r->nodes,
		"ttls_known", !t->ttls_missing, "errors", (json_int_t)r->count[TREE_ERROR],
		"warnings", (json_int_t)r->count[TREE_WARNING], "notes",
		(json_int_t)r->count[TREE_NOTE], "findings", list));
	int rc = command_print_json(o);
	json_decref(o);
	return rc;
}

static void line(const char *name, const char *text)
{
	char *safe = printable(text);

	if (text[0] != '\0')
		printf("  %-8s%s\n", name, safe);
	free(safe);
}

static void print_finding(const struct tree_finding *f)
{
	char *what = printable(f->what);

	printf("%s: %s: %s\n", severities[f->severity], f->kind, what);
	line("key", f->key);
	line("owner", f->owner);
	line("other", f->other_key);
	line("of", f->other_owner);
	line("breaks", f->breaks);
	line("do", f->cure);
	free(what);
}

static int print_text(const struct lease_tree *t, const struct tree_report *r)
{
	size_t all = r->count[TREE_ERROR] + r->count[TREE_WARNING] + r->count[TREE_NOTE];
	char *key = printable(t->config_key), *endpoint = printable(t->endpoint);

	for (size_t i = 0; i < r->n; i++)
		print_finding(&r->findings[i]);
	if (all > r->n)
		printf("and %zu more like these\n", all - r->n);
	if (t->ttls_missing)
		printf("note: etcd did not say how long leases have left, so who does not renew is "
		       "not "
		       "known\n");
	printf("%s (%s, %s, revision %lld): %zu keys, %zu leases of %zu nodes; %zu errors, %zu "
	       "warnings, %zu notes\n",
		key, t->transport, endpoint, (long long)t->revision, t->n, r->leases, r->nodes,
		r->count[TREE_ERROR], r->count[TREE_WARNING], r->count[TREE_NOTE]);
	free(key);
	free(endpoint);
	return command_flush();
}

static int check(const struct conf *conf, bool json)
{
	struct ovnet_lease_conf c;
	struct lease_tree tree;
	struct tree_report report;
	int rc;

	tree_conf(conf, &c);
	if (lease_tree_read(&c, LEASE_TREE_TTLS, &tree) < 0) {
		rc = command_failed(tree.error);
		lease_tree_free(&tree);
		return rc;
	}
	tree_check(&tree, c.renew_margin_s, &report);
	rc = json ? print_json(&tree, &report) : print_text(&tree, &report);
	if (rc == 0 && report.count[TREE_ERROR] > 0)
		rc = EXIT_ERRORS;
	else if (rc == 0 && report.count[TREE_WARNING] > 0)
		rc = EXIT_WARNINGS;
	tree_report_free(&report);
	lease_tree_free(&tree);
	return rc;
}

/* What is ours goes, all else is for conf_load(). `words` has room for argc + 1. False: --help. */
static bool sort_words(int argc, char **argv, char **words, int *n, bool *json)
{
	bool command = false;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			*json = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return false;
		else if (!command && strcmp(argv[i], "check-tree") == 0)
			command = true;
		else
			words[(*n)++] = argv[i];
	}
	words[*n] = NULL;
	return true;
}

int check_tree_command(int argc, char **argv)
{
	char **words = must(calloc((size_t)argc + 1, sizeof(*words)));
	static struct conf conf; /* large */
	enum conf_action action = CONF_EXIT;
	bool json = false;
	int n = 0, rc = 0;

	if (!sort_words(argc, argv, words, &n, &json))
		print_help();
	else if (conf_load(&conf, n, words, &action) < 0)
		rc = EXIT_USAGE;
	else if (action != CONF_EXIT) {
		if (action != CONF_RUN)
			rc = command_usage(
				"check-tree takes flags that are settings, and --config, not ",
				"what ovnetd does otherwise");
		/* What it says of its way to etcd is not asked for here. */
		else if (ovnet_log_set_levels("error", NULL, 0) == 0)
			rc = check(&conf, json);
		conf_free(&conf);
	}
	free(words);
	return rc;
}
