/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all harnesses share. A harness is one file, fuzz_NAME.c, with LLVMFuzzerTestOneInput(); its
 * seeds are in corpus/NAME/. run.sh runs it.
 */
#ifndef OVNET_FUZZ_FUZZ_H
#define OVNET_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's entry points. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A finding: libFuzzer keeps the input. */
#define CHECK(cond, ...)                                                           \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__);                              \
			fputc('\n', stderr);                                       \
			abort();                                                   \
		}                                                                  \
	} while (0)

/*
 * The input as a heap block of exactly its size, so that a read past its end is seen; with a NUL
 * behind it for the one that takes strings. The caller frees.
 */
char *fuzz_copy(const uint8_t *data, size_t size);
char *fuzz_string(const uint8_t *data, size_t size);

/* A file for readers of files, in TMPDIR; removed at exit. The same path every time. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* Its directory, for sockets and the like; removed with it. */
const char *fuzz_dir(void);

/* For reads of everything an answer holds: a bad pointer or length shows under the sanitizers. */
void fuzz_touch(const void *bytes, size_t n);

#endif
