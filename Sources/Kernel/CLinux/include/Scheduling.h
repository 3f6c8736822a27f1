// SPDX-License-Identifier: Apache-2.0
// How the kernel treats a process: scheduler, input and output, personality. All return -1 and set errno on failure.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// sched_setattr(2); `pid` 0 is the caller.
int hull_sched_setattr(pid_t pid, uint32_t policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime, uint64_t deadline, uint64_t period);
/// sched_setaffinity(2) of the caller: bit n of the mask is CPU n.
int hull_sched_setaffinity(const uint8_t *mask, size_t length);
/// ioprio_set(2) of the caller: class and priority as the kernel packs them.
int hull_ioprio_set(int class, int priority);
int hull_personality(unsigned long persona);
