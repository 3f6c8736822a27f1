// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// A file system that shows a namespace (`proc`, `sysfs`, `mqueue`) which is not the workload's own while its user namespace is: the kernel
/// lets only the owner of the namespace mount it, so the launching process does.
struct NamespaceFileSystem {
  let mount: MountPlan
  /// The namespace that is joined; `nil`: the launching process's.
  let namespace: Int32?

  /// Which namespace a file system shows.
  static func kind(_ type: String) -> NamespacePlan.Kind? {
    switch type {
    case "proc": .pid
    case "sysfs": .network
    case "mqueue": .ipc
    default: nil
    }
  }

  /// A mount that is attached nowhere.
  func detached() throws(SystemError) -> OwnedDescriptor {
    guard let namespace else { return try made() }
    switch NamespaceFileSystem.kind(mount.type) {
    case .pid: return try throughHelper(namespace)
    case .ipc: return try NamespaceVisit([(namespace, "ipc", NamespaceFlag.ipc)]).made(made)
    default: return try NamespaceVisit([(namespace, "net", NamespaceFlag.network)]).made(made)
    }
  }

  private func made() throws(SystemError) -> OwnedDescriptor {
    let context = try FileSystemContext(mount.type)
    if !mount.data.isEmpty { try context.set(data: mount.data) }
    return try context.mount(attributes: MountAttribute.from(flags: mount.flags).set)
  }

  /// Only children are in another pid namespace.
  private func throughHelper(_ namespace: Int32) throws(SystemError) -> OwnedDescriptor {
    let channel = try UnixSocket.pair(SOCK_SEQPACKET)
    let own = OwnedDescriptor(channel.first)
    let helper = Result { () throws(SystemError) in try ContainerSpawn.clone(0, into: namespace, cgroup: -1) }
    if (try? helper.get())?.pid == 0 {
      _ = try? UnixSocket.send(channel.second, [0], descriptors: [made().take()])
      _exit(0)
    }
    // A helper that fails closes the last one.
    close(channel.second)
    let child = try helper.get()
    close(child.pidfd)
    defer { _ = try? Processes.reap(child.pid) }
    let (_, descriptors) = try UnixSocket.receive(own.number, limit: 1)
    guard let tree = descriptors.first else { throw SystemError(EPERM, "mount \(mount.type) of another pid namespace") }
    return OwnedDescriptor(tree)
  }
}

/// Goes into namespaces for a moment. For the calling thread.
struct NamespaceVisit {
  private let places: [(descriptor: Int32, name: String, flag: UInt64)]

  /// - Parameter places: descriptors of namespaces, what `/proc/PID/ns` calls their kinds, and the kinds' `CLONE_NEW*`.
  init(_ places: [(descriptor: Int32, name: String, flag: UInt64)]) { self.places = places }

  /// Makes a descriptor there.
  func made(_ make: () throws(SystemError) -> OwnedDescriptor) throws(SystemError) -> OwnedDescriptor {
    OwnedDescriptor(try during(comesBack: { _ in true }) { () throws(SystemError) in try make().take() })
  }

  /// Does something there. `comesBack` tells from its result whether this process is the one to return.
  func during<Result>(comesBack: (Result) -> Bool, _ body: () throws(SystemError) -> Result) throws(SystemError) -> Result {
    var own: [(Int32, UInt64)] = []
    defer { for (descriptor, _) in own { close(descriptor) } }
    for place in places { own.append((try Files.open("/proc/thread-self/ns/\(place.name)", O_RDONLY).take(), place.flag)) }
    let result = Swift.Result { () throws(SystemError) in
      for place in places { try Namespaces.enter(place.descriptor, place.flag) }
      return try body()
    }
    if case .success(let value) = result, !comesBack(value) { return value }
    for (descriptor, flag) in own { try Namespaces.enter(descriptor, flag) }
    return try result.get()
  }
}
