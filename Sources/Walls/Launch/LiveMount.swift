// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// Mounts that come to a running container and go again, without its help.
///
/// A process of its own does it, because only one thread that nobody else needs may enter another mount namespace: it takes a copy of the
/// source where the host's mounts are, enters the container's namespace, and attaches the copy there.
package struct LiveMount: Sendable {
  private let pid: Int32
  private let sourceNamespace: Int32

  /// - Parameters:
  ///   - pid: the container's first process.
  ///   - sourceNamespace: a descriptor of the mount namespace in which sources are looked up; -1: the caller's.
  package init(pid: Int32, sourceNamespace: Int32 = -1) {
    self.pid = pid
    self.sourceNamespace = sourceNamespace
  }

  /// Attaches a bind or a tmpfs at its destination, which is made when missing. What is there already is covered.
  package func add(_ mount: MountPlan) throws(HullError) {
    guard mount.isBind || mount.type == "tmpfs" else {
      throw HullError(.unsupported, "a running container takes bind mounts and tmpfs only, not \(mount.type)")
    }
    guard !mount.isOn("/") else { throw HullError(.invalidArgument, "cannot mount over the root of a running container") }
    try inHelper("mount \(mount.source) on \(mount.destination)") { (place) throws(SystemError) in
      let tree = try self.tree(mount, in: place)
      try place.enter()
      try Mounter(root: place.root).attach(tree.number, mount)
    }
  }

  /// Takes off what is mounted at a destination; its users keep it until they let go.
  package func remove(_ destination: String) throws(HullError) {
    try inHelper("unmount \(destination)") { (place) throws(SystemError) in
      // After the entry /proc is the container's: its numbers are not this process's.
      let descriptors = try Files.open("/proc/self/fd", O_RDONLY | O_DIRECTORY)
      try place.enter()
      let mounted = try InRoot.open(place.root, destination, OpenFlag.path)
      try checked("chdir") { fchdir(descriptors.number) }
      try Mounts.unmount("\(mounted.number)")
    }
  }

  private func tree(_ mount: MountPlan, in place: Place) throws(SystemError) -> OwnedDescriptor {
    if sourceNamespace >= 0 { try Namespaces.enter(sourceNamespace, NamespaceFlag.mount) }
    try Namespaces.unshare(NamespaceFlag.mount)
    try Mounts.setPropagation("/", MountFlag.private | MountFlag.recursive)
    if mount.isBind {
      if mount.uidMappings.isEmpty { return try BindSource(mount: mount).detached() }
      let mapping = try MappingNamespace.make(uid: mount.uidMappings, gid: mount.gidMappings)
      return try BindSource(mount: mount).detached(idMap: mapping.number)
    }
    let context = try FileSystemContext("tmpfs")
    try context.set("source", mount.source)
    try context.set(data: Mounter(root: place.root).looks(mount))
    return try context.mount(attributes: MountAttribute.from(flags: mount.flags).set)
  }

  /// Where the container's mounts are.
  struct Place {
    let namespace: Int32
    let root: Int32

    func enter() throws(SystemError) { try Namespaces.enter(namespace, NamespaceFlag.mount) }
  }

  private func inHelper(_ what: String, _ body: (Place) throws(SystemError) -> Void) throws(HullError) {
    let failure = try step(what) { () throws(SystemError) -> [UInt8] in
      let namespace = try Files.open("/proc/\(pid)/ns/mnt", O_RDONLY)
      let root = try Files.open("/proc/\(pid)/root", OpenFlag.path | O_DIRECTORY)
      let pipe = try Descriptors.pipe()
      let read = OwnedDescriptor(pipe.first)
      let helper = try Processes.clone()
      if helper.pid == 0 {
        do throws(SystemError) { try body(Place(namespace: namespace.number, root: root.number)) } catch { tell(error, to: pipe.second) }
        _exit(0)
      }
      close(helper.pidfd)
      close(pipe.second)
      let answer = try Files.readAll(read.number)
      try Processes.reap(helper.pid)
      return answer
    }
    guard !failure.isEmpty else { return }
    var reader = WireReader(failure)
    let (number, operation): (Int32, String) = (try reader.read(), try reader.read())
    throw HullError(what, SystemError(number, operation), code: Self.code(of: number))
  }

  private func tell(_ error: SystemError, to pipe: Int32) {
    var writer = WireWriter()
    writer.write(error.number)
    writer.write(error.operation)
    try? Files.writeAll(pipe, writer.bytes)
  }

  private static func code(of number: Int32) -> HullError.Code {
    switch number {
    case ENOENT: .notFound
    case EINVAL, ENOTDIR, EXDEV, ELOOP, EPERM: .invalidArgument
    default: .internalError
    }
  }
}
