/* SPDX-License-Identifier: BSD-3-Clause */
#include "vm_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "table.h"
#include "views.h"

static const struct column vm_columns[] = {
	{"name", "NAME", COLUMN_TEXT},
	{"state", "STATE", COLUMN_TEXT},
	{"address", "ADDRESS", COLUMN_TEXT},
	{"address6", "ADDRESS6", COLUMN_TEXT},
	{"mac", "MAC", COLUMN_TEXT},
	{"memory", "MEMORY", COLUMN_NUMBER},
	{"queues", "QUEUES", COLUMN_NUMBER},
	{"queues_ready", "READY", COLUMN_NUMBER},
	{"features", "FEATURES", COLUMN_LIST},
	{NULL},
};

static const struct view vm_view = {.name = "vm-list",
	.key = "name",
	.columns = vm_columns,
	.empty = "no VMs; ovnetctl vm add NAME makes one"};

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text != NULL ? text : "";
}

static void paragraph(const char *text)
{
	char *safe = printable(text);

	printf("\n%s\n", safe);
	free(safe);
}

/* A word a shell takes for itself. */
static void put_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";

	if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word != '\0'; word++)
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	putchar('\'');
}

void vm_print_qemu(const json_t *vm, const char *between)
{
	const json_t *word;
	size_t i;

	json_array_foreach (json_object_get(vm, "qemu"), i, word) {
		if (i > 0)
			fputs(i % 2 == 0 ? between : " ", stdout);
		put_word(json_string_value(word) != NULL ? json_string_value(word) : "");
	}
	putchar('\n');
}

void vm_print_libvirt(const json_t *vm, const char *indent)
{
	const char *text = text_of(vm, "libvirt");

	while (text[0] != '\0') {
		size_t n = strcspn(text, "\n");
		printf("%s%.*s\n", indent, (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void number_line(const json_t *vm, const char *name, const char *member, const char *unit)
{
	char text[64];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT "%s",
		json_integer_value(json_object_get(vm, member)), unit);
	command_line(name, text);
}

static void print_facts(const json_t *vm)
{
	char text[128];

	command_line("name", text_of(vm, "name"));
	command_line("state", text_of(vm, "state"));
	snprintf(text, sizeof(text), "%s%s%s", text_of(vm, "address"),
		text_of(vm, "address6")[0] != '\0' ? ", " : "", text_of(vm, "address6"));
	command_line("address", text);
	command_line("MAC", text_of(vm, "mac"));
	number_line(vm, "memory", "memory", " MB");
	number_line(vm, "queues", "queues", "");
	number_line(vm, "MTU", "mtu", "");
	command_line("socket", text_of(vm, "socket"));
}

void vm_print(const json_t *vm)
{
	print_facts(vm);
	paragraph(text_of(vm, "next"));
	printf("\nQEMU, beside its machine and disks:\n\n    ");
	vm_print_qemu(vm, " \\\n    ");
	printf("\nlibvirt, disks to be added (ovnetctl vm show %s --libvirt):\n\n",
		text_of(vm, "name"));
	vm_print_libvirt(vm, "    ");
}

void vm_print_list(json_t *vms)
{
	const struct reading r = {.now = vms};

	show_view(stdout, &vm_view, &r);
}

void vm_print_deleted(const json_t *vm)
{
	char text[128];

	snprintf(text, sizeof(text), "%s is removed, %s is free; end its QEMU", text_of(vm, "name"),
		text_of(vm, "address"));
	command_line("vm", text);
}
