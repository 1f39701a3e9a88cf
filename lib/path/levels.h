/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables pipeline.c makes, one per CPU level. Private to lib/path. */
#ifndef OVNET_PATH_LEVELS_H
#define OVNET_PATH_LEVELS_H

#include "path/path.h"

extern const struct ovnet_path_ops ovnet_path_ops_v2;
extern const struct ovnet_path_ops ovnet_path_ops_v3;
extern const struct ovnet_path_ops ovnet_path_ops_v4;

#endif
