// SPDX-License-Identifier: Apache-2.0

/// `hull unpause`
enum ContainerUnpause {
  static let command = Command(
    name: "unpause", summary: "Unpause all processes within one or more containers", usage: "CONTAINER [CONTAINER...]",
    aliases: ["container unpause", "unpause"], arguments: .atLeast(1), completion: .runningContainers, run: { try $0.sendToEach("POST", "/unpause") })
}
