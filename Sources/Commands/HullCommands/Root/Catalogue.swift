// SPDX-License-Identifier: Apache-2.0

/// Every verb, at the top and under its noun.
enum Catalogue {
  /// Shown first in help.
  static let common = ["run", "exec", "ps", "images", "logs", "doctor", "version", "info"]

  static let top: [Command] =
    containerVerbs + [
      Build.command, ImageList.command, ImageHistory.command, ImageImport.command, ImageLoad.command, ImagePull.command, ImagePush.command,
      ImageSave.command,
      ImageTag.command, ImageRemove.command, Login.command, Logout.command, Search.command, Inspect.command, SystemEvents.command,
      SystemInfo.command, Version.command, WhyKept.command, Doctor.command, Completion.command,
    ] + nouns

  /// Those that are the same at the top and under `container`.
  private static let containerVerbs = [
    ContainerAttach.command, ContainerCopy.command, ContainerCreate.command, ContainerDiff.command, ContainerExec.command, ContainerExport.command,
    ContainerKill.command, ContainerLogs.command, ContainerPause.command, ContainerPort.command, ContainerList.command, ContainerRemove.command,
    ContainerRename.command, ContainerRestart.command, ContainerRun.command, ContainerStart.command, ContainerStats.command, ContainerStop.command,
    ContainerTop.command, ContainerUnpause.command, ContainerUpdate.command, ContainerWait.command,
  ]

  private static let nouns = [
    Command(
      name: "container", summary: "Manage containers",
      subcommands: {
        containerVerbs.map { verb in
          switch verb.name {
          case "ps": verb.renamed("ls", otherNames: ["list", "ps"])
          case "rm": verb.renamed("rm", otherNames: ["remove"])
          default: verb
          }
        } + [ContainerInspect.command, ContainerMount.command, ContainerPrune.command, ContainerRecreate.command]
      }),
    Command(
      name: "image", summary: "Manage images",
      subcommands: {
        [
          ImageBootstrap.command, Build.command, ImageDiff.command, ImageHistory.command, ImageImport.command, ImageInspect.command,
          ImageLoad.command,
          ImageList.command.renamed("ls", otherNames: ["list"]), ImagePrune.command, ImagePull.command, ImagePush.command,
          ImageRemove.command.renamed("rm", otherNames: ["remove"]), ImageSave.command, ImageShow.command, ImageTag.command,
        ]
      }),
    Command(
      name: "network", summary: "Manage networks",
      subcommands: {
        [
          NetworkConnect.command, NetworkCreate.command, NetworkDisconnect.command, NetworkInspect.command, NetworkList.command,
          NetworkPrune.command, NetworkRemove.command,
        ]
      }),
    Command(
      name: "builder", summary: "Manage builds",
      subcommands: { [Build.command, BuildCacheUsage.command, BuildCachePrune.command, BuildShell.command] }),
    Command(name: "registry", summary: "Serve images to others", subcommands: { [RegistryServe.command] }),
    Command(
      name: "system", summary: "Manage Hull",
      subcommands: {
        [
          SystemCheck.command, SystemDiskUsage.command, SystemEvents.command, SystemInfo.command, SystemPrune.command, SystemStart.command,
          SystemStatus.command,
          SystemStop.command,
        ]
      }),
    Command(
      name: "volume", summary: "Manage volumes",
      subcommands: {
        [
          VolumeClone.command, VolumeCreate.command, VolumeDiskUsage.command, VolumeExport.command, VolumeImport.command, VolumeInspect.command,
          VolumeList.command, VolumePrune.command, VolumeRemove.command, VolumeRename.command, VolumeSnapshot.command,
        ]
      }),
  ]
}
