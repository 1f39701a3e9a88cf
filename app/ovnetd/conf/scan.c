/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libconfig 1.5 wraps integers beyond 32 bits, ends silently at a NUL and at an open comment,
 * and its scanner exits the process when an @include names a directory. All that is found here,
 * before it sees the text.
 */
#include "conf/reader.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	struct loader *l;
	const char *p, *end;
	unsigned line;
	bool parse; /* libconfig may see it */
};

static void bad(struct scan *s, unsigned line, bool fatal, const char *text)
{
	complain(s->l, (struct origin){FROM_FILE, line}, "", "%s", text);
	if (fatal)
		s->parse = false;
}

static bool at(const struct scan *s, const char *token)
{
	size_t n = strlen(token);

	return (size_t)(s->end - s->p) >= n && memcmp(s->p, token, n) == 0;
}

static void skip_line(struct scan *s)
{
	while (s->p < s->end && *s->p != '\n')
		s->p++;
}

static void skip_comment(struct scan *s)
{
	unsigned first = s->line;

	for (s->p += 2; s->p < s->end; s->p++) {
		if (at(s, "*/")) {
			s->p += 2;
			return;
		}
		if (*s->p == '\n')
			s->line++;
	}
	bad(s, first, true, "a comment starts here and never ends; close it with */");
}

static void skip_string(struct scan *s)
{
	unsigned first = s->line;

	for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
		if (*s->p == '\\' && s->p + 1 < s->end)
			s->p++;
		if (*s->p == '\n')
			s->line++;
	}
	if (s->p >= s->end)
		bad(s, first, true, "a text starts here and never ends; close it with \"");
	else
		s->p++;
}

static bool fits_32_bits(const char *word)
{
	bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
	char *end;

	errno = 0;
	unsigned long long v = strtoull(word, &end, hex ? 16 : 10);
	if (*end == '.' || *end == 'e' || *end == 'E')
		return true; /* a float, refused by its type later */
	return errno == 0 && v <= (hex ? UINT32_MAX : INT32_MAX);
}

/* A name, a number or a lone character. */
static void skip_word(struct scan *s)
{
	char word[32];
	size_t n = 0;
	bool number = isdigit((unsigned char)*s->p);

	if (!isalnum((unsigned char)*s->p)) {
		s->p++;
		return;
	}
	for (; s->p < s->end && (isalnum((unsigned char)*s->p) || strchr("_-.*", *s->p) != NULL);
		s->p++)
		if (n < sizeof(word) - 1)
			word[n++] = *s->p;
	word[n] = '\0';
	if (number && !fits_32_bits(word))
		bad(s, s->line, false, "number too large; the largest any key takes is 16777216");
}

static void step(struct scan *s)
{
	if (*s->p == '\n') {
		s->line++;
		s->p++;
	} else if (*s->p == '#' || at(s, "//")) {
		skip_line(s);
	} else if (at(s, "/*")) {
		skip_comment(s);
	} else if (*s->p == '"') {
		skip_string(s);
	} else if (at(s, "@include")) {
		bad(s, s->line, true, "@include is not read; put the keys into this file");
		skip_line(s);
	} else {
		skip_word(s);
	}
}

bool conf_scan(struct loader *l, const char *text, size_t len)
{
	struct scan s = {.l = l, .p = text, .end = text + len, .line = 1, .parse = true};

	if (memchr(text, '\0', len) != NULL) {
		bad(&s, 0, true, "holds a zero byte; it is no text file");
		return false;
	}
	while (s.p < s.end)
		step(&s);
	return s.parse;
}
