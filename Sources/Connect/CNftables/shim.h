// SPDX-License-Identifier: Apache-2.0
#include <nftables/libnftables.h>
