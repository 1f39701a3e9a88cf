/* SPDX-License-Identifier: BSD-3-Clause */
/* Base64 (RFC 4648 section 4), as etcd's JSON carries keys and values. Pure; any thread. */
#ifndef OVNET_LEASE_REGISTRY_ETCD_BASE64_H
#define OVNET_LEASE_REGISTRY_ETCD_BASE64_H

#include <stddef.h>
#include <sys/types.h>

#define BASE64_LEN(n)         (((n) + 2) / 3 * 4)
#define BASE64_DECODED_MAX(n) ((n) / 4 * 3)

/* Writes BASE64_LEN(len) bytes and a NUL. */
void base64_encode(const void *data, size_t len, char *out);
/* Writes at most BASE64_DECODED_MAX(len) bytes. Their number, or -EINVAL. */
ssize_t base64_decode(const char *text, size_t len, unsigned char *out);

#endif
