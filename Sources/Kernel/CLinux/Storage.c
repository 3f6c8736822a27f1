// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/Storage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/quota.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef PRJQUOTA
#define PRJQUOTA 2
#endif

int hull_syncfs(int fd) { return syncfs(fd); }

int hull_write_behind(int fd) { return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

int hull_clone_file(int target, int source) { return ioctl(target, FICLONE, source); }

ssize_t hull_copy_range(int source, int target, int64_t offset, size_t length) {
  off_t from = offset, to = offset;
  return copy_file_range(source, &from, target, &to, length, 0);
}

int hull_exchange(int directory, const char *first, const char *second) {
  return syscall(SYS_renameat2, directory, first, directory, second, RENAME_EXCHANGE);
}

int hull_loop_attach(int file, char *path, size_t length) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return -1;
  int result = -1;
  // Somebody else may take the free device first: the next one is tried.
  for (int attempt = 0; attempt < 64 && result < 0; attempt++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) break;
    snprintf(path, length, "/dev/loop%d", number);
    int device = open(path, O_RDWR | O_CLOEXEC);
    if (device < 0) break;
    struct loop_config config;
    memset(&config, 0, sizeof config);
    config.fd = file;
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
    if (ioctl(device, LOOP_CONFIGURE, &config) == 0) {
      result = device;
    } else {
      int reason = errno;
      close(device);
      errno = reason;
      if (reason != EBUSY) break;
    }
  }
  int reason = errno;
  close(control);
  errno = reason;
  return result;
}

int hull_project_get(int fd, uint32_t *project) {
  struct fsxattr attributes;
  if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) != 0) return -1;
  *project = attributes.fsx_projid;
  return 0;
}

int hull_project_set(int fd, uint32_t project) {
  struct fsxattr attributes;
  if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) != 0) return -1;
  attributes.fsx_projid = project;
  if (project != 0) attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
  else attributes.fsx_xflags &= ~FS_XFLAG_PROJINHERIT;
  return ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
}

int hull_project_usage(int fd, uint32_t project, uint64_t *used, uint64_t *limit) {
  struct if_dqblk quota;
  memset(&quota, 0, sizeof quota);
  if (syscall(SYS_quotactl_fd, fd, QCMD(Q_GETQUOTA, PRJQUOTA), project, &quota) != 0) return -1;
  *used = quota.dqb_curspace;
  *limit = quota.dqb_bhardlimit * 1024;
  return 0;
}

int hull_project_limit(int fd, uint32_t project, uint64_t bytes) {
  struct if_dqblk quota;
  memset(&quota, 0, sizeof quota);
  quota.dqb_bhardlimit = (bytes + 1023) / 1024;
  quota.dqb_valid = QIF_BLIMITS;
  return syscall(SYS_quotactl_fd, fd, QCMD(Q_SETQUOTA, PRJQUOTA), project, &quota);
}

static int byte_is_cached(int fd, int64_t offset) {
  char byte;
  struct iovec place = {&byte, 1};
  return preadv2(fd, &place, 1, offset, RWF_NOWAIT) >= 0 || errno != EAGAIN;
}

int hull_is_cached(int fd, int64_t offset, size_t length) {
  return length == 0 || (byte_is_cached(fd, offset) && byte_is_cached(fd, offset + (int64_t)length - 1));
}
