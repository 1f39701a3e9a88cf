/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flannel's accepts in iptables' FORWARD chain, through the host's own iptables: what kind of
 * tables it keeps them in (nf_tables or legacy) is its business, and where somebody uses the other
 * kind as well, both have to accept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/firewall_int.h"

#define CHAIN     OVNET_FORWARD_CHAIN
#define COMMENT   "flanneld forward" /* what operators look for */
#define WAIT_S    "5"                /* for the xtables lock */
#define MAX_JUMPS 16

static const struct {
	const char *command, *restore;
} programs[XT_SETS] = {
	[XT_IP] = {"iptables", "iptables-restore"},
	[XT_IP6] = {"ip6tables", "ip6tables-restore"},
	[XT_IP_LEGACY] = {"iptables-legacy", "iptables-legacy-restore"},
	[XT_IP6_LEGACY] = {"ip6tables-legacy", "ip6tables-legacy-restore"},
};

const char *forward_program(unsigned set, bool restore)
{
	return restore ? programs[set].restore : programs[set].command;
}

/* The first line that is no remark. */
static const char *complaint(const char *text)
{
	while (*text == '#' || *text == '\n') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

static int refuse(const char *name, const struct program *p, int rc, char *err, size_t err_size)
{
	const char *text = complaint(p->err);

	if (rc == -ENOENT)
		snprintf(err, err_size,
			"there is no program %s: install iptables, or set host.forward-rules to "
			"false if nothing drops in FORWARD here",
			name);
	else if (rc < 0)
		snprintf(err, err_size, "%s: %s", name, strerror(-rc));
	else
		snprintf(err, err_size, "%s: status %d: %.*s", name, rc, (int)strcspn(text, "\n"),
			text);
	return rc < 0 ? rc : -EIO;
}

#define JUMP "FORWARD", "-m", "comment", "--comment", COMMENT, "-j", CHAIN
/* One command of iptables; as program_run(). */
#define XT(f, set, p, ...) \
	xt(f, p, (const char *const[]){programs[set].command, "-w", WAIT_S, __VA_ARGS__, NULL})

static int xt(struct ovnet_firewall *f, struct program *p, const char *const *argv)
{
	*p = (struct program){.argv = argv, .stop_fd = f->stop_fd};
	return program_run(p);
}

/* The chain as text in p->out. */
static int list(struct ovnet_firewall *f, unsigned set, struct program *p)
{
	int rc = XT(f, set, p, "-S", CHAIN);

	if (set <= XT_IP6)
		f->legacy[set] = strstr(p->err, "legacy tables present") != NULL;
	return rc;
}

static bool is_as_written(struct ovnet_firewall *f, unsigned set, struct program *p)
{
	const struct rule_set *s = &f->forward[set];

	return s->state == RULES_PRESENT && list(f, set, p) == 0 && strcmp(p->out, s->seen) == 0 &&
	       XT(f, set, p, "-C", JUMP) == 0;
}

/* One commit: a chain that is there is emptied and filled in one step. */
static int write_chain(struct ovnet_firewall *f, unsigned set, const struct rule_nets *nets,
	struct program *p, char *err, size_t err_size)
{
	const char *const argv[] = {programs[set].restore, "-w", WAIT_S, "--noflush", NULL};
	char text[512];

	snprintf(text, sizeof(text),
		"*filter\n"
		":" CHAIN " - [0:0]\n"
		"-A " CHAIN " -s %1$s -m comment --comment \"" COMMENT "\" -j ACCEPT\n"
		"-A " CHAIN " -d %1$s -m comment --comment \"" COMMENT "\" -j ACCEPT\n"
		"COMMIT\n",
		nets->network);
	*p = (struct program){.argv = argv, .input = text, .stop_fd = f->stop_fd};
	int rc = program_run(p);
	return rc == 0 ? 0 : refuse(argv[0], p, rc, err, err_size);
}

/* At the end, as flanneld does: what stands in FORWARD already decides first. */
static int write_jump(
	struct ovnet_firewall *f, unsigned set, struct program *p, char *err, size_t err_size)
{
	int rc = XT(f, set, p, "-C", JUMP);

	if (rc == 0)
		return 0;
	rc = XT(f, set, p, "-A", JUMP);
	return rc == 0 ? 0 : refuse(programs[set].command, p, rc, err, err_size);
}

int forward_find(struct ovnet_firewall *f, unsigned set, char *what, size_t size)
{
	struct program p;

	snprintf(what, size, "%s chain " CHAIN, programs[set].command);
	int rc = list(f, set, &p);
	if (rc == -ENOENT)
		return 0; /* nor could we make any */
	return rc < 0 ? rc : rc == 0;
}

static int take_away(struct ovnet_firewall *f, unsigned set, char *err, size_t err_size)
{
	struct rule_set *s = &f->forward[set];
	struct program p;
	char what[64];

	if (s->state == RULES_ABSENT)
		return 0;
	int found = forward_find(f, set, what, sizeof(what));
	if (found < 0) {
		snprintf(err, err_size, "%s: %s", programs[set].command, strerror(-found));
		return found;
	}
	for (unsigned i = 0; found && i < MAX_JUMPS && XT(f, set, &p, "-D", JUMP) == 0; i++)
		;
	int rc = found ? XT(f, set, &p, "-F", CHAIN) : 0;
	if (found && rc == 0)
		rc = XT(f, set, &p, "-X", CHAIN);
	if (rc != 0)
		return refuse(programs[set].command, &p, rc, err, err_size);
	s->state = RULES_ABSENT;
	return found;
}

int forward_set(struct ovnet_firewall *f, unsigned set, const struct rule_nets *nets, char *err,
	size_t err_size)
{
	struct rule_set *s = &f->forward[set];
	struct program p;

	if (nets == NULL)
		return take_away(f, set, err, err_size);
	if (is_as_written(f, set, &p))
		return 0;
	s->state = RULES_UNKNOWN;
	int rc = write_chain(f, set, nets, &p, err, err_size);
	if (rc == 0)
		rc = write_jump(f, set, &p, err, err_size);
	if (rc < 0)
		return rc;
	rc = list(f, set, &p);
	if (rc != 0)
		return refuse(programs[set].command, &p, rc, err, err_size);
	memcpy(s->seen, p.out, sizeof(s->seen));
	s->state = RULES_PRESENT;
	return 1;
}
