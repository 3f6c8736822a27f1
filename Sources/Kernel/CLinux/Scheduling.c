// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/Scheduling.h"

#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

struct attributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};

int hull_sched_setattr(pid_t pid, uint32_t policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime, uint64_t deadline,
                       uint64_t period) {
  struct attributes attributes = {sizeof attributes, policy, flags, nice, priority, runtime, deadline, period};
  return (int)syscall(SYS_sched_setattr, pid, &attributes, 0);
}

int hull_sched_setaffinity(const uint8_t *mask, size_t length) { return (int)syscall(SYS_sched_setaffinity, 0, length, mask); }

int hull_ioprio_set(int class, int priority) { return (int)syscall(SYS_ioprio_set, 1, 0, class << 13 | priority); }

int hull_personality(unsigned long persona) { return personality(persona); }
