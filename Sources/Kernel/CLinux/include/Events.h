// SPDX-License-Identifier: Apache-2.0
// What an event loop needs and the C library's Swift module leaves out. All return -1 and set errno on failure.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

/// epoll, close-on-exec.
int hull_epoll_create(void);
/// epoll_ctl(2) with `data` as the event's 64 bits.
int hull_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data);
/// A descriptor, close-on-exec and non-blocking, that is readable when one of the signals is pending.
int hull_signalfd(const sigset_t *signals);
/// The next connection, close-on-exec and non-blocking.
int hull_accept(int listener);
/// How many bytes a pipe holds.
int hull_pipe_capacity(int pipe);
/// Moves at most `count` bytes between a pipe and a socket without waiting and, mostly, without copying. Raises SIGPIPE as write(2) does.
ssize_t hull_splice(int from, int to, size_t count);
/// memmem(3) and memrchr(3): the offset, or -1.
ssize_t hull_find(const void *bytes, size_t length, const void *pattern, size_t pattern_length);
ssize_t hull_find_last_byte(const void *bytes, int byte, size_t length);
/// Gives free heap memory back to the system.
void hull_trim_heap(void);
/// Unmaps the pages of the program's code; what is needed again comes back from the page cache. For a process that will sleep for long.
void hull_trim_program(void);
/// At most so many separate heaps, however many threads there are.
void hull_limit_heaps(int count);
/// Allocations of a quarter of a megabyte and more go back to the system as soon as they are freed.
void hull_return_large_blocks(void);
