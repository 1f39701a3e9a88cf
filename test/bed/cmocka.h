/* SPDX-License-Identifier: BSD-3-Clause */
/* cmocka with what it wants before itself. */
#ifndef OVNET_BED_CMOCKA_H
#define OVNET_BED_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
