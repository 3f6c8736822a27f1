// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/Events.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

int hull_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int hull_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(epoll, operation, fd, &event);
}

int hull_signalfd(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

int hull_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int hull_pipe_capacity(int pipe) { return fcntl(pipe, F_GETPIPE_SZ); }

ssize_t hull_splice(int from, int to, size_t count) { return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK); }

ssize_t hull_find(const void *bytes, size_t length, const void *pattern, size_t pattern_length) {
  const char *found = memmem(bytes, length, pattern, pattern_length);
  return found ? found - (const char *)bytes : -1;
}

ssize_t hull_find_last_byte(const void *bytes, int byte, size_t length) {
  const char *found = memrchr(bytes, byte, length);
  return found ? found - (const char *)bytes : -1;
}

void hull_trim_heap(void) { malloc_trim(0); }

/// Only segments that nobody ever wrote to: their pages are the file's.
static int trim_segments(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || (segment->p_flags & PF_W)) continue;
    uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
    if (end <= start) continue;
    // Newer kernels map a file's large folios whole, two megabytes for one instruction, unless they reach beyond the mapping:
    // so there are many small mappings, told apart by a flag.
    const uintptr_t piece = 256 * 1024;
    for (uintptr_t at = start; at < end; at += 2 * piece) madvise((void *)at, end - at < piece ? end - at : piece, MADV_NOHUGEPAGE);
    madvise((void *)start, end - start, MADV_DONTNEED);
  }
  return 1;
}

void hull_trim_program(void) { dl_iterate_phdr(trim_segments, NULL); }

void hull_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }

void hull_return_large_blocks(void) {
  // Also ends the C library's habit of raising both with use.
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}
