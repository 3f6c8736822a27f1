// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "include/Datagrams.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct hull_socket_address) == sizeof(struct sockaddr_in6), "they are the same in memory");

typedef union {
  char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
  struct cmsghdr alignment;
} packet_info;

static void read_packet_info(struct msghdr *message, struct hull_datagram *datagram) {
  for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(control), sizeof info);
      // For a broadcast the address to answer from is not the one it was sent to.
      memcpy(&datagram->local, &info.ipi_spec_dst, sizeof info.ipi_spec_dst);
      datagram->interface = (uint32_t)info.ipi_ifindex;
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(control), sizeof info);
      memcpy(&datagram->local, &info.ipi6_addr, sizeof info.ipi6_addr);
      datagram->interface = info.ipi6_ifindex;
    }
  }
}

int hull_receive_datagrams(int socket, void *memory, size_t slot, struct hull_datagram *datagrams, int count) {
  struct mmsghdr messages[HULL_DATAGRAMS] = {0};
  struct iovec pieces[HULL_DATAGRAMS];
  packet_info controls[HULL_DATAGRAMS];
  if (count > HULL_DATAGRAMS) count = HULL_DATAGRAMS;
  for (int i = 0; i < count; i++) {
    pieces[i] = (struct iovec){(char *)memory + (size_t)i * slot, slot};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &datagrams[i].peer, .msg_namelen = sizeof datagrams[i].peer, .msg_iov = &pieces[i],
                                          .msg_iovlen = 1, .msg_control = &controls[i], .msg_controllen = sizeof controls[i]};
  }
  int received = recvmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT, NULL);
  for (int i = 0; i < received; i++) {
    datagrams[i].length = messages[i].msg_len;
    datagrams[i].interface = 0;
    memset(&datagrams[i].local, 0, sizeof datagrams[i].local);
    read_packet_info(&messages[i].msg_hdr, &datagrams[i]);
  }
  return received;
}

/// The length of the control message that makes an answer leave from the address its question was sent to; 0: none is needed.
static size_t write_packet_info(packet_info *control, const struct hull_datagram *to) {
  struct in6_addr local;
  memcpy(&local, &to->local, sizeof local);
  if (IN6_IS_ADDR_UNSPECIFIED(&local)) return 0;
  memset(control, 0, sizeof *control);
  if (to->peer.family == AF_INET) {
    struct in_pktinfo info = {0};
    memcpy(&info.ipi_spec_dst, &local, sizeof info.ipi_spec_dst);
    control->alignment = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IP, .cmsg_type = IP_PKTINFO};
    memcpy(CMSG_DATA(&control->alignment), &info, sizeof info);
    return CMSG_SPACE(sizeof info);
  }
  // Only a link-local address needs its interface; for any other the routing table decides.
  struct in6_pktinfo info = {.ipi6_addr = local, .ipi6_ifindex = IN6_IS_ADDR_LINKLOCAL(&local) ? to->interface : 0};
  control->alignment = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof info), .cmsg_level = IPPROTO_IPV6, .cmsg_type = IPV6_PKTINFO};
  memcpy(CMSG_DATA(&control->alignment), &info, sizeof info);
  return CMSG_SPACE(sizeof info);
}

int hull_send_datagrams(int socket, const void *memory, size_t slot, const struct hull_datagram *datagrams, int count,
                        const struct hull_datagram *to) {
  struct mmsghdr messages[HULL_DATAGRAMS] = {0};
  struct iovec pieces[HULL_DATAGRAMS];
  packet_info control;
  size_t control_length = to ? write_packet_info(&control, to) : 0;
  if (count > HULL_DATAGRAMS) count = HULL_DATAGRAMS;
  for (int i = 0; i < count; i++) {
    struct msghdr *message = &messages[i].msg_hdr;
    pieces[i] = (struct iovec){(char *)memory + (size_t)i * slot, datagrams[i].length};
    *message = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
    if (control_length) message->msg_control = &control, message->msg_controllen = control_length;
    if (to) {
      message->msg_name = (void *)&to->peer;
      message->msg_namelen = to->peer.family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    }
  }
  return sendmmsg(socket, messages, (unsigned)count, MSG_DONTWAIT | MSG_NOSIGNAL);
}
