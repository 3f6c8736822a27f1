// SPDX-License-Identifier: Apache-2.0
// System calls that the C library has no wrapper for, or only a variadic one that Swift cannot call. All return -1 and set errno on failure.
#pragma once

#include "Datagrams.h"
#include "Events.h"
#include "Scheduling.h"
#include "Storage.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/xattr.h>

/// The C library's words for an error number, a constant; null when it has none.
const char *hull_error_text(int number);

// Processes and namespaces
/// clone3(2) without shared memory: returns 0 in the child. `pidfd` may be null; `cgroup` is -1 or a directory of a v2 hierarchy.
pid_t hull_clone3(uint64_t flags, int exit_signal, int *pidfd, int cgroup);
int hull_personality(unsigned long persona);
int hull_unshare(int flags);
int hull_setns(int fd, int flags);
int hull_pidfd_open(pid_t pid, unsigned flags);
int hull_pidfd_send_signal(int pidfd, int signal);
int hull_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
/// The calls themselves, for the one calling thread.
int hull_setresuid(uid_t real, uid_t effective, uid_t saved);
int hull_setresgid(gid_t real, gid_t effective, gid_t saved);
int hull_setgroups(size_t count, const gid_t *groups);
int hull_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable);
int hull_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable);
/// seccomp(2), SECCOMP_SET_MODE_FILTER, with `length` bytes of struct sock_filter.
int hull_seccomp_filter(const void *program, size_t length, unsigned flags);
/// Leaves the session keyring of whoever started us for a new, nameless one.
int hull_new_session_keyring(void);
/// getcwd(2) itself: the length with the final zero; a directory that cannot be reached is named "(unreachable)…".
long hull_getcwd(char *buffer, size_t size);
int hull_setrlimit(pid_t pid, unsigned resource, uint64_t soft, uint64_t hard);
int hull_getrlimit(pid_t pid, unsigned resource, uint64_t *soft, uint64_t *hard);
/// Gives every signal its default action and blocks none, those that the C library keeps to itself included.
void hull_reset_signals(void);
int hull_sethostname(const char *name, size_t length);
int hull_setdomainname(const char *name, size_t length);

// Files
int hull_openat(int directory, const char *path, int flags, mode_t mode);
int hull_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int hull_pipe2(int *ends, int flags);
int hull_close_range(unsigned first, unsigned last, unsigned flags);
/// The program that posix_spawn(3) starts inherits no descriptor from `first` on. `actions` is a posix_spawn_file_actions_t. Gives an error number.
int hull_spawn_close_from(void *actions, int first);
int hull_memfd_create(const char *name, unsigned flags);
int hull_fcntl(int fd, int command, long argument);
dev_t hull_makedev(unsigned major, unsigned minor);
unsigned hull_major(dev_t device);
unsigned hull_minor(dev_t device);

// Mounts
int hull_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data);
int hull_umount2(const char *target, int flags);
int hull_pivot_root(const char *new_root, const char *put_old);
int hull_open_tree(int directory, const char *path, unsigned flags);
int hull_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int hull_fsopen(const char *type, unsigned flags);
int hull_fsconfig(int context, unsigned command, const char *key, const void *value, int aux);
int hull_fsmount(int context, unsigned flags, unsigned attributes);
int hull_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear, uint64_t propagation, uint64_t userns);

// Terminals
int hull_pty_unlock(int master);
int hull_pty_peer(int master, int flags);
int hull_pty_number(int master);
int hull_tty_control(int terminal);
int hull_tty_set_size(int terminal, unsigned short rows, unsigned short columns);
int hull_tty_get_size(int terminal, unsigned short *rows, unsigned short *columns);

// Sockets
/// One message with descriptors (at most 8) beside it.
ssize_t hull_send_message(int socket, const void *bytes, size_t length, const int *fds, size_t fd_count, int flags);
/// The descriptors arrive close-on-exec; `fd_count` is how many fit and then how many came.
ssize_t hull_receive_message(int socket, void *bytes, size_t length, int *fds, size_t *fd_count, int flags);

// BPF
/// Loads a BPF_PROG_TYPE_CGROUP_DEVICE program of `count` instructions of 8 bytes; `log` gets the verifier's words when it is not null.
int hull_bpf_load_cgroup_device(const void *instructions, uint32_t count, char *log, uint32_t log_size);
int hull_bpf_attach_cgroup_device(int cgroup, int program);
int hull_bpf_detach_cgroup_device(int cgroup, int program);
/// Identifiers of the device programs attached to the group; `count` is how many fit and then how many there are.
int hull_bpf_query_cgroup_device(int cgroup, uint32_t *ids, uint32_t *count);
int hull_bpf_program_by_id(uint32_t id);
