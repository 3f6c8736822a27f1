// SPDX-License-Identifier: Apache-2.0
import EngineStore
import Errors
import Glibc
import Launch
import LinuxSystem
import OCISpec
import ShimProtocol

/// What an OCI configuration cannot say of a mount and a launch plan can: layers of an image, a part of a volume, other owners. Blocking.
struct MountSources: Sendable {
  let services: Services

  /// Completes the plan's mounts with those of the container's that need it.
  func complete(_ plan: inout LaunchPlan, of record: ContainerRecord) throws(HullError) {
    for mount in record.definition.mounts where mount.isPrepared {
      guard let index = plan.mounts.lastIndex(where: { $0.isBind && $0.destination == mount.destination }) else { continue }
      try complete(&plan.mounts[index], of: mount)
    }
  }

  func complete(_ plan: inout MountPlan, of mount: MountRecord) throws(HullError) {
    plan.subpath = mount.subpath
    if mount.kind == .image { plan.layers = try services.images.layersHeld(by: mount.holder) }
    if !mount.idMap.isEmpty { (plan.uidMappings, plan.gidMappings) = try IDMapText.parse(mount.idMap) }
  }

  /// For a runtime with a command line: the sources that the shim puts together for it.
  static func redirect(_ spec: inout RuntimeSpec, _ plan: LaunchPlan, bundle: String) {
    for (index, mount) in plan.mounts.enumerated() where mount.isPrepared {
      spec.mounts?[index].source = CommandRuntime.preparedMount(index, bundle: bundle)
    }
  }

  /// Throws when a volume has no such part, or a link in it leads out.
  static func checkSubpath(_ mount: MountRecord) throws(HullError) {
    guard mount.kind == .volume, !mount.subpath.isEmpty else { return }
    do throws(SystemError) {
      let base = try Files.open(mount.source, OpenFlag.path | O_DIRECTORY)
      _ = try InRoot.openBeneath(base.number, mount.subpath, OpenFlag.path)
    } catch {
      let path = mount.source + "/" + mount.subpath
      if [EXDEV, ELOOP].contains(error.number) {
        throw HullError(.invalidArgument, "cannot access path \(path): a symbolic link in it leads out of volume \(mount.name)")
      }
      throw HullError(.invalidArgument, "cannot access path \(path): \(error.reason)")
    }
  }
}

extension MountRecord {
  var isPrepared: Bool { kind == .image || !subpath.isEmpty || !idMap.isEmpty }
}
