// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/Events.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

int hull_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int hull_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data.u64 = data};
  return epoll_ctl(epoll, operation, fd, &event);
}

int hull_signalfd(const sigset_t *signals) { return signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK); }

int hull_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int hull_pipe_capacity(int pipe) { return fcntl(pipe, F_GETPIPE_SZ); }

ssize_t hull_find(const void *bytes, size_t length, const void *pattern, size_t pattern_length) {
  const char *found = memmem(bytes, length, pattern, pattern_length);
  return found ? found - (const char *)bytes : -1;
}

ssize_t hull_find_last_byte(const void *bytes, int byte, size_t length) {
  const char *found = memrchr(bytes, byte, length);
  return found ? found - (const char *)bytes : -1;
}

void hull_trim_heap(void) { malloc_trim(0); }

void hull_limit_heaps(int count) { mallopt(M_ARENA_MAX, count); }
