// SPDX-License-Identifier: Apache-2.0
import Testing

/// One after another: they count the descriptors of this process.
@Suite(.serialized) struct PortsSerial {}
