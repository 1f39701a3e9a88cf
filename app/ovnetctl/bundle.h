/* SPDX-License-Identifier: BSD-3-Clause */
/* support-bundle: all that somebody else needs to see what is wrong, in one file. */
#ifndef OVNETCTL_BUNDLE_H
#define OVNETCTL_BUNDLE_H

#include <stdbool.h>

bool bundle_is_asked(int argc, char **argv);
/* All of the command line. The exit status. */
int bundle_command(int argc, char **argv);

#endif
