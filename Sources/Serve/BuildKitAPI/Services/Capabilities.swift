// SPDX-License-Identifier: Apache-2.0
import BuildKitProtocol

/// What clients may rely on, by BuildKit's names for it.
enum Capabilities {
  static let frontend = list([
    "solve.base", "return", "returnmap", "importcaches", "proto.refarray", "reference.output",
    "frontend.inputs", "gateway.solve.metadata", "frontend.caps", "gateway.solve.evaluate", "gateway.evaluate", "gateway.warnings",
    "readfile", "readdir", "statfile", "resolveimage", "resolveimage.resolvemode", "source.metaresolver",
  ])

  static let graph = list([
    "source.image", "source.image.resolvemode", "source.image.layerlimit", "source.image.checksum", "source.local", "source.local.unique",
    "source.local.sessionid", "source.local.includepatterns", "source.local.followpaths", "source.local.excludepatterns",
    "source.local.sharedkeyhint", "source.git", "source.git.keepgitdir", "source.git.fullurl", "source.git.subdir", "source.git.checksum",
    "source.git.skipsubmodules", "source.git.mtime", "source.git.fetchbycommit",
    "source.policy.session", "source.http", "source.http.checksum", "source.http.perm", "soruce.http.uidgid", "exec.meta.base",
    "exec.meta.cgroup.parent",
    "exec.meta.network", "exec.meta.proxyenv", "exec.meta.security", "exec.meta.setsdefaultpath", "exec.meta.ulimit",
    "exec.meta.linux.resources", "exec.mount.bind", "exec.mount.bind.readwrite-nooutput", "exec.mount.cache", "exec.mount.cache.sharing",
    "exec.validexitcode", "exec.mount.selector", "exec.mount.tmpfs", "exec.mount.tmpfs.size", "exec.mount.secret", "exec.mount.ssh", "exec.secretenv",
    "file.base",
    "file.rm.wildcard", "file.rm.nofollowsymlink", "file.copy.includeexcludepatterns", "file.copy.modestringformat", "fileop.symlink.create",
    "mergeop", "diffop", "source.ocilayout", "constraints", "platform", "meta.ignorecache", "meta.description",
    "meta.exportcache", "gc.freespacefilter", "exporter.image.annotations", "exporter.image.attestations", "exporter.sourcedateepoch",
    "exporter.multiple",
  ])

  private static func list(_ names: [String]) -> [BuildKitAPICap] {
    names.map { name in
      var capability = BuildKitAPICap()
      (capability.id, capability.enabled) = (name, true)
      return capability
    }
  }
}
