// SPDX-License-Identifier: Apache-2.0
// System calls for storage that the C library hides from Swift. All return -1 and set errno on failure.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// syncfs(2): writes out everything on the file system of `fd`.
int hull_syncfs(int fd);
/// sync_file_range(2): has the disk begin with what a file has in memory, and does not wait for it.
int hull_write_behind(int fd);
/// FICLONE: the content of `target` becomes that of `source`, shared until one of them is written to.
int hull_clone_file(int target, int source);
/// copy_file_range(2) between the same offsets of two files.
ssize_t hull_copy_range(int source, int target, int64_t offset, size_t length);
/// renameat2(2) with RENAME_EXCHANGE: two names in a directory swap what they stand for, at one instant.
int hull_exchange(int directory, const char *first, const char *second);
/// Makes a free loop device of a file, which is let go of with its last user; gives a descriptor of the device and writes its path.
int hull_loop_attach(int file, char *path, size_t length);
/// The project that a file or directory belongs to, 0: none; what is made below a directory belongs to its project.
int hull_project_get(int fd, uint32_t *project);
int hull_project_set(int fd, uint32_t project);
/// quotactl_fd(2): bytes that a project takes and may take (0: no limit). ESRCH: the file system counts no projects.
int hull_project_usage(int fd, uint32_t project, uint64_t *used, uint64_t *limit);
int hull_project_limit(int fd, uint32_t project, uint64_t bytes);

/// Whether a part of a file is probably in memory, so that sending it waits for no disk: its first and last bytes are. Also 1 where that cannot be told.
int hull_is_cached(int fd, int64_t offset, size_t length);
