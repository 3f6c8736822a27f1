// SPDX-License-Identifier: Apache-2.0
import Dockerfile

/// A command in the shape of BuildKit's `pb.ExecOp`. Of secrets and proxies nothing but names.
struct GraphExec: Encodable, Sendable {
  struct Host: Encodable, Sendable {
    var Host: String
    var IP: String
  }
  struct Meta: Encodable, Sendable {
    var args: [String]
    var env: [String]
    var cwd: String
    var user: String?
    var extraHosts: [Host]?
    let removeMountStubsRecursive = true

    enum CodingKeys: String, CodingKey { case args, env, cwd, user, extraHosts, removeMountStubsRecursive }
  }
  struct Secret: Encodable, Sendable {
    var ID: String
    var uid: UInt32?
    var gid: UInt32?
    var mode: UInt32?
    var optional: Bool?
  }
  struct Variable: Encodable, Sendable {
    var ID: String
    var name: String
    var optional: Bool?
  }
  struct Cache: Encodable, Sendable {
    var ID: String
    /// 1: private, 2: locked.
    var sharing: Int?
  }
  struct Size: Encodable, Sendable { var size: Int64 }
  struct Mount: Encodable, Sendable {
    var input: Int
    var dest: String
    var output = -1
    var selector: String?
    var readonly: Bool?
    /// 1: secret, 2: agent, 3: cache, 4: in memory.
    var mountType: Int?
    var TmpfsOpt: Size?
    var cacheOpt: Cache?
    var secretOpt: Secret?
    var SSHOpt: Secret?
  }

  var meta: Meta
  var mounts: [Mount]
  /// 1: the host's, 2: none.
  var network: Int?
  /// 1: with all capabilities.
  var security: Int?
  var secretenv: [Variable]?

  init(_ run: RunStep, _ slots: GraphSlots, _ request: BuildRequest) {
    meta = Meta(args: run.arguments, env: run.environment, cwd: run.directory, user: run.user.isEmpty ? nil : run.user)
    let hosts = request.extraHosts.compactMap { text in
      text.firstIndex(of: ":").map { Host(Host: String(text[..<$0]), IP: String(text[text.index(after: $0)...])) }
    }
    if !hosts.isEmpty { meta.extraHosts = hosts }
    mounts = [Mount(input: slots.place(0), dest: "/", output: 0)]
    network = ["host": 1, "none": 2][run.network]
    security = run.insecure ? 1 : nil
    for mount in run.mounts { add(mount, slots) }
  }

  private mutating func add(_ given: RunStep.Mount, _ slots: GraphSlots) {
    let mount = given.mount
    var shown = Mount(input: given.input.map(slots.place) ?? -1, dest: given.target)
    let secret = Secret(
      ID: mount.kind == .ssh ? mount.id ?? "default" : RunPlanner.secretName(mount), uid: mount.uid, gid: mount.gid, mode: mount.mode,
      optional: mount.required ? nil : true)
    switch mount.kind {
    case .bind:
      shown.readonly = mount.readOnly == false ? nil : true
      shown.selector = mount.source
    case .cache: (shown.mountType, shown.selector, shown.cacheOpt) = (3, mount.source, Self.cache(mount, given.target))
    case .tmpfs: (shown.mountType, shown.TmpfsOpt) = (4, mount.size.map(Size.init))
    case .ssh: (shown.mountType, shown.SSHOpt) = (2, secret)
    case .secret:
      if let name = mount.environment {
        secretenv = (secretenv ?? []) + [Variable(ID: secret.ID, name: name.isEmpty ? secret.ID : name, optional: secret.optional)]
      }
      guard !given.target.isEmpty else { return }
      (shown.mountType, shown.secretOpt) = (1, secret)
    }
    mounts.append(shown)
  }

  private static func cache(_ mount: RunMount, _ target: String) -> Cache {
    let sharing: [RunMount.Sharing: Int] = [.private: 1, .locked: 2]
    return Cache(ID: mount.id ?? target, sharing: sharing[mount.sharing])
  }
}
