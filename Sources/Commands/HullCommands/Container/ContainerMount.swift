// SPDX-License-Identifier: Apache-2.0

/// `hull container mount`: mounts of a running container.
enum ContainerMount {
  static let command = Command(
    name: "mount", summary: "Manage the mounts of running containers", subcommands: { [MountAdd.command, MountRemove.command] })
}
