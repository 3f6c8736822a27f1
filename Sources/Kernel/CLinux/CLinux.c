// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

// The kernel's own form of mount_setattr's argument: <linux/mount.h> and <sys/mount.h> exclude each other in some releases.
struct hull_mount_attr {
  uint64_t set, clear, propagation, userns;
};

const char *hull_error_text(int number) { return strerrordesc_np(number); }

pid_t hull_clone3(uint64_t flags, int exit_signal, int *pidfd, int cgroup) {
  struct clone_args arguments = {.flags = flags, .exit_signal = (uint64_t)exit_signal};
  if (pidfd) {
    arguments.flags |= CLONE_PIDFD;
    arguments.pidfd = (uint64_t)(uintptr_t)pidfd;
  }
  if (cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = (uint64_t)cgroup;
  }
  return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int hull_personality(unsigned long persona) { return personality(persona); }
int hull_unshare(int flags) { return (int)syscall(SYS_unshare, flags); }
int hull_setns(int fd, int flags) { return (int)syscall(SYS_setns, fd, flags); }
int hull_pidfd_open(pid_t pid, unsigned flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
int hull_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }
int hull_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) { return prctl(option, a, b, c, d); }
int hull_setresuid(uid_t real, uid_t effective, uid_t saved) { return (int)syscall(SYS_setresuid, real, effective, saved); }
int hull_setresgid(gid_t real, gid_t effective, gid_t saved) { return (int)syscall(SYS_setresgid, real, effective, saved); }
int hull_setgroups(size_t count, const gid_t *groups) { return (int)syscall(SYS_setgroups, count, groups); }

int hull_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {{0}};
  if (syscall(SYS_capget, &header, data) < 0) return -1;
  *effective = data[0].effective | (uint64_t)data[1].effective << 32;
  *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
  *inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
  return 0;
}

int hull_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2] = {
      {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
      {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
  };
  return (int)syscall(SYS_capset, &header, data);
}

int hull_seccomp_filter(const void *program, size_t length, unsigned flags) {
  struct sock_fprog filter = {.len = (unsigned short)(length / sizeof(struct sock_filter)), .filter = (struct sock_filter *)program};
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
}

int hull_new_session_keyring(void) { return (int)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL); }
long hull_getcwd(char *buffer, size_t size) { return syscall(SYS_getcwd, buffer, size); }

int hull_setrlimit(pid_t pid, unsigned resource, uint64_t soft, uint64_t hard) {
  uint64_t limit[2] = {soft, hard};
  return (int)syscall(SYS_prlimit64, pid, resource, limit, NULL);
}

int hull_getrlimit(pid_t pid, unsigned resource, uint64_t *soft, uint64_t *hard) {
  uint64_t limit[2] = {0, 0};
  if (syscall(SYS_prlimit64, pid, resource, NULL, limit) < 0) return -1;
  *soft = limit[0];
  *hard = limit[1];
  return 0;
}

void hull_reset_signals(void) {
  // The kernel's own form of struct sigaction: handler, flags, restorer, mask.
  struct {
    void (*handler)(int);
    unsigned long flags;
    void *restorer;
    uint64_t mask;
  } action = {.handler = SIG_DFL};
  uint64_t none = 0;
  for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, &action, NULL, sizeof none);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

int hull_sethostname(const char *name, size_t length) { return (int)syscall(SYS_sethostname, name, length); }
int hull_setdomainname(const char *name, size_t length) { return (int)syscall(SYS_setdomainname, name, length); }

int hull_openat(int directory, const char *path, int flags, mode_t mode) { return openat(directory, path, flags, mode); }

int hull_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int hull_pipe2(int *ends, int flags) { return pipe2(ends, flags); }
int hull_spawn_close_from(void *actions, int first) { return posix_spawn_file_actions_addclosefrom_np(actions, first); }
int hull_close_range(unsigned first, unsigned last, unsigned flags) { return (int)syscall(SYS_close_range, first, last, flags); }
int hull_memfd_create(const char *name, unsigned flags) { return (int)syscall(SYS_memfd_create, name, flags); }
int hull_fcntl(int fd, int command, long argument) { return fcntl(fd, command, argument); }
dev_t hull_makedev(unsigned major, unsigned minor) { return makedev(major, minor); }
unsigned hull_major(dev_t device) { return major(device); }
unsigned hull_minor(dev_t device) { return minor(device); }

int hull_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
  return (int)syscall(SYS_mount, source, target, type, flags, data);
}
int hull_umount2(const char *target, int flags) { return (int)syscall(SYS_umount2, target, flags); }
int hull_pivot_root(const char *new_root, const char *put_old) { return (int)syscall(SYS_pivot_root, new_root, put_old); }
int hull_open_tree(int directory, const char *path, unsigned flags) { return (int)syscall(SYS_open_tree, directory, path, flags); }
int hull_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
  return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}
int hull_fsopen(const char *type, unsigned flags) { return (int)syscall(SYS_fsopen, type, flags); }
int hull_fsconfig(int context, unsigned command, const char *key, const void *value, int aux) {
  return (int)syscall(SYS_fsconfig, context, command, key, value, aux);
}
int hull_fsmount(int context, unsigned flags, unsigned attributes) { return (int)syscall(SYS_fsmount, context, flags, attributes); }
int hull_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, uint64_t userns) {
  struct hull_mount_attr attributes = {set, clear, propagation, userns};
  return (int)syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes);
}

int hull_pty_unlock(int master) {
  int locked = 0;
  return ioctl(master, TIOCSPTLCK, &locked);
}
int hull_pty_peer(int master, int flags) { return ioctl(master, TIOCGPTPEER, flags); }
int hull_pty_number(int master) {
  unsigned number = 0;
  return ioctl(master, TIOCGPTN, &number) < 0 ? -1 : (int)number;
}
int hull_tty_control(int terminal) { return ioctl(terminal, TIOCSCTTY, 0); }
int hull_tty_set_size(int terminal, unsigned short rows, unsigned short columns) {
  struct winsize size = {.ws_row = rows, .ws_col = columns};
  return ioctl(terminal, TIOCSWINSZ, &size);
}
int hull_tty_get_size(int terminal, unsigned short *rows, unsigned short *columns) {
  struct winsize size;
  if (ioctl(terminal, TIOCGWINSZ, &size) < 0) return -1;
  *rows = size.ws_row;
  *columns = size.ws_col;
  return 0;
}

#define HULL_MAX_FDS 8

ssize_t hull_send_message(int socket, const void *bytes, size_t length, const int *fds, size_t fd_count, int flags) {
  union {
    char bytes[CMSG_SPACE(sizeof(int) * HULL_MAX_FDS)];
    struct cmsghdr header;
  } control;
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd_count > HULL_MAX_FDS) {
    errno = EINVAL;
    return -1;
  }
  if (fd_count > 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
  }
  return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t hull_receive_message(int socket, void *bytes, size_t length, int *fds, size_t *fd_count, int flags) {
  union {
    char bytes[CMSG_SPACE(sizeof(int) * HULL_MAX_FDS)];
    struct cmsghdr header;
  } control;
  struct iovec part = {.iov_base = bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  size_t room = *fd_count, came = 0;
  *fd_count = 0;
  ssize_t received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  if (received < 0) return -1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      if (came < room)
        fds[came++] = fd;
      else
        close(fd);
    }
  }
  *fd_count = came;
  return received;
}

static int hull_bpf(int command, union bpf_attr *attributes) { return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes); }

int hull_bpf_load_cgroup_device(const void *instructions, uint32_t count, char *log, uint32_t log_size) {
  static const char license[] = "Apache-2.0";
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = count;
  attributes.insns = (uint64_t)(uintptr_t)instructions;
  attributes.license = (uint64_t)(uintptr_t)license;
  if (log) {
    attributes.log_buf = (uint64_t)(uintptr_t)log;
    attributes.log_size = log_size;
    attributes.log_level = 1;
  }
  return hull_bpf(BPF_PROG_LOAD, &attributes);
}

int hull_bpf_attach_cgroup_device(int cgroup, int program) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)cgroup;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = BPF_F_ALLOW_MULTI;
  return hull_bpf(BPF_PROG_ATTACH, &attributes);
}

int hull_bpf_detach_cgroup_device(int cgroup, int program) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = (uint32_t)cgroup;
  attributes.attach_bpf_fd = (uint32_t)program;
  attributes.attach_type = BPF_CGROUP_DEVICE;
  return hull_bpf(BPF_PROG_DETACH, &attributes);
}

int hull_bpf_query_cgroup_device(int cgroup, uint32_t *ids, uint32_t *count) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.query.target_fd = (uint32_t)cgroup;
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = (uint64_t)(uintptr_t)ids;
  attributes.query.prog_cnt = *count;
  int result = hull_bpf(BPF_PROG_QUERY, &attributes);
  *count = attributes.query.prog_cnt;
  return result;
}

int hull_bpf_program_by_id(uint32_t id) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.prog_id = id;
  return hull_bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}
