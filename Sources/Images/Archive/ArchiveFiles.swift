// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem

/// Whole archives between descriptors and directories: what `docker cp`, `export` and `import` are made of.
package enum ArchiveFiles {
  /// Unpacks a tar (plain, gzip or zstd) from `fd` below `base`, a directory below `root`; nothing is ever written outside of `root`.
  package static func extract(
    from fd: Int32, root: Int32, base: String = "", options: ExtractOptions = ExtractOptions()
  ) throws(HullError) {
    let pipeline = Pipeline(try DecompressingSource(FileSource(fd)))
    let extractor = try TarExtractor(root: root, base: base, disk: DiskGuard(root, place: "/" + base), options: options)
    _ = try extractor.extract(TarReader(pipeline, limits: options.limits))
    // A sender that is not read to the end would see a broken pipe.
    try pipeline.drain()
  }

  /// Writes what is at `path` below `root` as a tar to `fd`. Links in the path's directories lead where they lead for a process whose `/`
  /// is the root; the last component is taken as it is.
  /// - Parameter name: what the topmost entry is called; `""`: the contents of the directory `path` (export).
  package static func pack(root: Int32, path: String = "", as name: String = "", to fd: Int32) throws(HullError) {
    guard let place = EntryPath(Array(path.utf8)) else { throw HullError(.invalidArgument, "cannot archive \(path): the path contains \"..\"") }
    let parent = FileCalls.open(root, place.parent, O_RDONLY | O_DIRECTORY, resolve: Resolve.inRoot | Resolve.noMagicLinks)
    guard parent >= 0 else { throw systemFailure("cannot open \(path)") }
    defer { close(parent) }
    let sink = BufferedSink(FileSink(fd))
    let writer = TarWriter(sink)
    try TreePacker(root: parent, writer: writer).pack(place.leaf, as: Array(name.utf8))
    try writer.finish()
    try sink.flush()
  }
}
