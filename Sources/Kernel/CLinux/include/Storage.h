// SPDX-License-Identifier: Apache-2.0
// System calls for storage that the C library hides from Swift. All return -1 and set errno on failure.
#pragma once

/// syncfs(2): writes out everything on the file system of `fd`.
int hull_syncfs(int fd);
