// SPDX-License-Identifier: Apache-2.0
// Many datagrams with one system call, each with the address it was sent to. All return -1 and set errno on failure.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// `struct sockaddr_in6`, or `struct sockaddr_in` when the family says so, without that header's types.
struct hull_socket_address {
  uint16_t family, port;
  uint32_t words[6];
};

/// The two addresses of a datagram that came in.
struct hull_datagram {
  struct hull_socket_address peer;
  /// The address on this host, 4 or 16 bytes; zero when the socket was not asked to tell (IP_PKTINFO, IPV6_RECVPKTINFO).
  uint32_t local[4];
  /// The interface it came in by; told as `local` is.
  uint32_t interface;
  uint32_t length;
};

/// The most datagrams that one call takes.
enum { HULL_DATAGRAMS = 16 };

/// Receives what is there, without waiting: datagram i lies at `memory` + i × `slot`. Gives their number.
int hull_receive_datagrams(int socket, void *memory, size_t slot, struct hull_datagram *datagrams, int count);
/// Sends datagrams that lie as they were received, without waiting, over a connected socket or, when `to` is not null, back to
/// where that one came from, from the address it was sent to. Gives how many the kernel took.
int hull_send_datagrams(int socket, const void *memory, size_t slot, const struct hull_datagram *datagrams, int count,
                        const struct hull_datagram *to);
