// SPDX-License-Identifier: Apache-2.0
import Errors

/// How an archive is unpacked.
package struct ExtractOptions: Sendable {
  /// Layer archives: `.wh.name` hides what lies below, `.wh..wh..opq` a whole directory (OCI image specification, whiteouts).
  package var whiteouts = false
  /// `docker cp`: refuse to put a directory where a file is, and the other way round.
  package var keepKinds = false
  /// Owner of everything, instead of what the archive says.
  package var owner: (uid: UInt32, gid: UInt32)?
  package init() {}
}

/// Whole archives between descriptors and directories: what `docker cp`, `export` and `import` are made of.
package enum ArchiveFiles {
  /// Unpacks a tar (plain, gzip or zstd) from `fd` below `directory`; nothing is ever written outside of it.
  package static func extract(from fd: Int32, into directory: Int32, _ options: ExtractOptions = ExtractOptions()) throws(HullError) {
    throw HullError(.unsupported, "extract")
  }

  /// Writes what is at `path` below `root` (resolved without leaving `root`) as a tar to `fd`.
  /// - Parameters:
  ///   - name: what the topmost entry is called; `""`: entries are relative to `path` itself (export).
  package static func pack(root: Int32, path: String, as name: String, to fd: Int32) throws(HullError) {
    throw HullError(.unsupported, "pack")
  }
}
