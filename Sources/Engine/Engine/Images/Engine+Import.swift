// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import ImageStore
import LinuxSystem
import OCISpec
import RegistryClient
import Synchronization
import Threads

/// What `POST /images/create?fromSrc=` says of the image that is to be made.
package struct ImportOptions: Sendable {
  package var repository = ""
  package var tag = ""
  package var message = ""
  /// Dockerfile instructions.
  package var changes: [String] = []
  package var platform: String?

  package init() {}

  func request(source: String) throws(HullError) -> ImportRequest {
    ImportRequest(
      reference: try ImageForm.reference(repository, tag), message: message, changes: changes,
      platform: try platform.flatMap { $0.isEmpty ? nil : $0 }.map { text throws(HullError) in try Platform(parsing: text) }, source: source)
  }
}

/// Images from archives of a root file system.
extension Engine {
  /// More is refused: 16 GiB.
  private static let largestImport: Int64 = 16 << 30

  /// `POST /images/create?fromSrc=-`: reads a root file system from a descriptor, which stays the caller's.
  package func importImage(from descriptor: Int32, _ options: ImportOptions, progress: @escaping ProgressSink) async throws {
    try await importImage(from: descriptor, options.request(source: "-"), progress)
  }

  /// `POST /images/create?fromSrc=ADDRESS`: fetches the archive; without a scheme by HTTP, as Docker does.
  package func importImage(at address: String, _ options: ImportOptions, progress: @escaping ProgressSink) async throws {
    let address = address.contains("://") ? address : "http://\(address)"
    let (request, web) = (try options.request(source: address), try WebAddress(address))
    let root = services.images.root
    let file = try await Blocking.run {
      try step("cannot keep what \(web) gives") { () throws(SystemError) in try Files.unnamed(in: root).take() }
    }
    defer { close(file) }
    try await download(web, to: file, progress)
    lseek(file, 0, SEEK_SET)
    try await importImage(from: file, request, progress)
  }

  private func download(_ web: WebAddress, to file: Int32, _ progress: @escaping ProgressSink) async throws {
    progress(RegistryForm.line("Downloading from \(web)"))
    let meter = ImportMeter(progress)
    _ = try await services.transfer.client.download(WebRequest(web), limit: Self.largestImport) { bytes in
      try await Blocking.run {
        try step("cannot keep what \(web) gives") { () throws(SystemError) in try Files.writeAll(file, bytes, name: "the archive") }
      }
      meter.add(bytes.count)
    }
  }

  private func importImage(from descriptor: Int32, _ request: ImportRequest, _ progress: @escaping ProgressSink) async throws {
    let id = try await change(streaming: true) { try $0.importRoot(from: descriptor, request) }
    progress(RegistryForm.line(id.description))
    imageEvent("import", id: id.description, name: request.reference?.familiar ?? id.description)
    await services.disk.enforce()
  }
}

/// Tells how much of an archive has come; how much there is is not known.
private final class ImportMeter: Sendable {
  private static let every: Int64 = 1 << 20
  private let progress: ProgressSink
  private let count = Mutex<Int64>(0)

  init(_ progress: @escaping ProgressSink) { self.progress = progress }

  func add(_ bytes: Int) {
    let (before, now) = count.withLock { count in
      defer { count += Int64(bytes) }
      return (count, count + Int64(bytes))
    }
    guard before / Self.every != now / Self.every else { return }
    var message = RegistryForm.line("Importing")
    message.progressDetail = ProgressDetail()
    message.progressDetail?.current = now
    message.progress = ProgressBar.text(current: now, total: 0)
    progress(message)
  }
}
