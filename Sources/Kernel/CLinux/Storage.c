// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/Storage.h"

#include <unistd.h>

int hull_syncfs(int fd) { return syncfs(fd); }
