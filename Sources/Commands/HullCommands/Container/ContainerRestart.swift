// SPDX-License-Identifier: Apache-2.0

/// `hull restart`
enum ContainerRestart {
  static let command = ContainerStop.make("restart", "Restart one or more containers", .containers)
}
