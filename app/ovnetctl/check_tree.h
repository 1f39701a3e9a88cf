/* SPDX-License-Identifier: BSD-3-Clause */
/* `ovnetctl check-tree`: what is wrong with the cluster's lease tree. Needs no daemon. */
#ifndef OVNETCTL_CHECK_TREE_H
#define OVNETCTL_CHECK_TREE_H

#include <stdbool.h>

bool check_tree_is_asked(int argc, char **argv);
/* Exit status: 0, 1 (it cannot be read), 2 (usage), 3 (warnings), 4 (errors). */
int check_tree_command(int argc, char **argv);

#endif
