/* SPDX-License-Identifier: BSD-3-Clause */
/* The command vm: which virtual machines this node has, and how they are plugged in. */
#ifndef OVNETCTL_VM_H
#define OVNETCTL_VM_H

#include <stdbool.h>

/* Is the first word that is no option "vm"? It has options of its own. */
bool vm_is_asked(int argc, char **argv);
/* The whole command line; returns the exit status: 0, 1 (said why), 2 for wrong usage. */
int vm_command(int argc, char **argv);

#endif
