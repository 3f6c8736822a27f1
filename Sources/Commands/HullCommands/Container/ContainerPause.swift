// SPDX-License-Identifier: Apache-2.0

/// `hull pause`
enum ContainerPause {
  static let command = Command(
    name: "pause", summary: "Pause all processes within one or more containers", usage: "CONTAINER [CONTAINER...]",
    aliases: ["container pause", "pause"], arguments: .atLeast(1), completion: .runningContainers, run: { try $0.sendToEach("POST", "/pause") })
}
