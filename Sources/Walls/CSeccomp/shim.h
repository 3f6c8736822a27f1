// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/// A file in memory, closed on exec: what a program is exported to. -1 and errno on failure.
static inline int seccomp_memory_file(void) { return (int)syscall(SYS_memfd_create, "seccomp", 1u); }
