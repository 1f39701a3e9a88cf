/* SPDX-License-Identifier: BSD-3-Clause */
#include "port/vhost_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "port/vhost_guard.h"

#define RANGES (RTE_MAX_VHOST_DEVICE * VHOST_REGIONS)
#define TAKEN  1 /* as a start: not watched yet */

/* Read by the handler, on whatever thread; `size` is written before `start`. */
static struct range {
	_Atomic uintptr_t start; /* 0: free */
	_Atomic size_t size;
	_Atomic int notify_fd;
	_Atomic bool torn;
} ranges[RANGES];
static _Atomic unsigned ranges_used; /* all behind were never taken */

/* This thread maps memory; a page of it was missing. */
static _Thread_local volatile sig_atomic_t mapping, missing;

static struct sigaction former;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int init_error;

/* Only system calls and atomics here. */
static bool mend(uintptr_t at)
{
	const unsigned n = atomic_load(&ranges_used);

	for (unsigned i = 0; i < n; i++) {
		struct range *r = &ranges[i];
		uintptr_t start = atomic_load(&r->start);
		size_t size = atomic_load(&r->size);
		if (start <= TAKEN || at < start || at - start >= size)
			continue;
		void *got = mmap((void *)start, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
		atomic_store(&r->torn, true);
		const uint64_t one = 1;
		int fd = atomic_load(&r->notify_fd);
		if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
			return got != MAP_FAILED; /* it is full: readable anyway */
		return got != MAP_FAILED;
	}
	return false;
}

/*
 * A page of whatever size the file has: a smaller one cannot be put into a mapping of huge pages,
 * and a larger one is not tried where a smaller one can.
 */
static bool mend_page(uintptr_t at)
{
	static const size_t sizes[] = {(size_t)4 << 10, (size_t)64 << 10, (size_t)2 << 20,
		(size_t)32 << 20, (size_t)512 << 20, (size_t)1 << 30};

	if (!mapping)
		return false;
	missing = 1;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (mmap((void *)(at & ~(sizes[i] - 1)), sizes[i], PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			    0) != MAP_FAILED)
			return true;
	return false;
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	if (!mend((uintptr_t)info->si_addr) && !mend_page((uintptr_t)info->si_addr)) {
		/* Not ours: whoever was asked before, or the end, at the same instruction. */
		if ((former.sa_flags & SA_SIGINFO) != 0 && former.sa_sigaction != NULL)
			former.sa_sigaction(sig, info, context);
		else
			sigaction(SIGBUS, &former, NULL);
	}
	errno = saved;
}

static void install(void)
{
	struct sigaction sa = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO};

	sigemptyset(&sa.sa_mask);
	init_error = sigaction(SIGBUS, &sa, &former) < 0 ? -errno : 0;
}

int vhost_memory_init(void)
{
	int err = pthread_once(&once, install);

	return err != 0 ? -err : init_error;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool wraps(uint64_t at, uint64_t size)
{
	return at + size < at;
}

/*
 * librte_vhost unmaps what it has before it maps what is new, and goes on with rings in the former
 * where that fails: it must not fail.
 */
static bool can_be_mapped(const struct vhost_region *r, int fd)
{
	const size_t size = (size_t)(r->offset + r->size);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at != MAP_FAILED && munmap(at, size) == 0;
}

static const char *region_fault(const struct vhost_region *r, int fd)
{
	struct stat st;

	if (r->size == 0 || wraps(r->gpa, r->size) || wraps(r->user, r->size) ||
		wraps(r->offset, r->size))
		return "a memory region's size";
	/* Any other file system may ask a program of the front end's before it answers. */
	if (fcntl(fd, F_GET_SEALS) < 0)
		return "guest memory that is neither a memfd nor a file of tmpfs or hugetlbfs";
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return "guest memory that is not a file";
	if ((uint64_t)st.st_size < r->offset + r->size)
		return "a memory region larger than its file";
	return can_be_mapped(r, fd) ? NULL : "memory that cannot be mapped for reading and writing";
}

const char *vhost_memory_fault(const struct vhost_region *r, unsigned n, const int *fds)
{
	const char *fault;

	for (unsigned i = 0; i < n; i++) {
		if ((fault = region_fault(&r[i], fds[i])) != NULL)
			return fault;
		for (unsigned k = 0; k < i; k++)
			if (overlap(r[i].gpa, r[i].size, r[k].gpa, r[k].size) ||
				overlap(r[i].user, r[i].size, r[k].user, r[k].size))
				return "memory regions that overlap";
	}
	return NULL;
}

int vhost_memory_watch(void *at, size_t size, int notify_fd)
{
	for (unsigned i = 0; i < RANGES; i++) {
		struct range *r = &ranges[i];
		uintptr_t nobody = 0;
		if (!atomic_compare_exchange_strong(&r->start, &nobody, TAKEN))
			continue;
		atomic_store(&r->size, size);
		atomic_store(&r->notify_fd, notify_fd);
		atomic_store(&r->torn, false);
		unsigned used = atomic_load(&ranges_used);
		while (used <= i && !atomic_compare_exchange_weak(&ranges_used, &used, i + 1))
			;
		atomic_store(&r->start, (uintptr_t)at);
		return (int)i;
	}
	return -1;
}

void vhost_memory_forget(int number)
{
	if (number >= 0)
		atomic_store(&ranges[number].start, 0);
}

bool vhost_memory_torn(int number)
{
	return number >= 0 && atomic_load(&ranges[number].torn);
}

void vhost_memory_mapping(void)
{
	missing = 0;
	mapping = 1;
}

bool vhost_memory_mapped(void)
{
	const bool cut = mapping && missing;

	mapping = 0;
	return cut;
}
