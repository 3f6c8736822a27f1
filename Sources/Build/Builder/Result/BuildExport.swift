// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import ImageTransfer
import OCISpec
import RegistryClient
import Threads

/// Makes of a build's images what was asked for.
struct BuildExport: Sendable {
  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let store: BuildStore
  let report: BuildReport

  func export(_ images: [BuiltImage], into result: inout BuildResult) async throws {
    result.tags = request.tags
    for output in request.outputs {
      switch output {
      case .image(let options): try await store(images, options, &result)
      case .archive(let id, let options, let oci): try await archive(images, id, options, oci: oci, &result)
      case .tar(let id): try await tar(images, id)
      case .local(let id): try await files(images, id)
      case .none: break
      }
    }
  }

  private func vertex(_ name: String) -> BuildVertex { BuildVertex(id: SHA256.digest(of: "\(request.id) \(name)"), name: name) }

  // MARK: Images

  private func store(_ images: [BuiltImage], _ options: ImageOutput, _ result: inout BuildResult) async throws {
    let export = ImageExport(request: request, options: options, store: store)
    let (made, names) = try await report.during(vertex("exporting to image")) {
      try await Blocking.run { (try export.register(images), try export.names()) }
    }
    result.images = made.images
    result.target = made.target
    result.tags = names
    if options.push { for name in names { try await push(name) } }
  }

  private func push(_ name: Reference) async throws {
    let login = try await session.credentials(for: name.domain)
    let credentials = login.map { RegistryCredentials(username: $0.user, password: $0.secret) }
    let vertex = vertex("pushing \(name.familiar)")
    let (report, transfer) = (report, surroundings.transfer)
    try await report.during(vertex) {
      _ = try await transfer.push(name, credentials: credentials) { event in
        guard let id = event.id, let current = event.current, let total = event.total else { return }
        report.send(.progress(vertex.id, id: "\(event.status) \(id)", current: current, total: total, started: BuildClock.now(), completed: nil))
      }
    }
  }

  private func archive(_ images: [BuiltImage], _ id: String, _ options: ImageOutput, oci: Bool, _ result: inout BuildResult) async throws {
    let export = ImageExport(request: request, options: options, store: store)
    let session = self.session
    let sent = Promise<BuildResult>()
    try await report.during(vertex("exporting to \(oci ? "oci" : "docker") image format")) {
      try await session.receiveArchive(id, attributes: [:]) { sink in
        let made = Result { try export.write(images, to: SinkAdapter(sink)) }
        sent.fulfil(made)
        // A client must not take half an archive for a whole one.
        _ = try made.get()
      }
    }
    let made = try await sent.value()
    (result.images, result.target) = (made.images, made.target)
  }

  // MARK: File systems

  private func tar(_ images: [BuiltImage], _ id: String) async throws {
    let (session, store) = (session, store)
    try await report.during(vertex("sending tarball")) {
      try await session.receiveArchive(id, attributes: [:]) { sink in try TreeTar(Self.tree(images, store)).write(to: SinkAdapter(sink)) }
    }
  }

  private func files(_ images: [BuiltImage], _ id: String) async throws {
    let (session, store) = (session, store)
    try await report.during(vertex("copying files")) {
      let tree = try await Blocking.run { try Self.tree(images, store) }
      try await session.receiveFiles(id, tree)
    }
  }

  /// One file system, or one directory for each platform (`linux_amd64`).
  private static func tree(_ images: [BuiltImage], _ store: BuildStore) throws(HullError) -> any FileTree {
    if images.count == 1 { return try store.tree(of: images[0].fileSystem) }
    var trees: [String: any FileTree] = [:]
    for image in images { trees[image.platform.description.split(separator: "/").joined(separator: "_")] = try store.tree(of: image.fileSystem) }
    return JoinedTree(trees)
  }
}

/// Lets a session's sink be written to as any other.
private final class SinkAdapter: ByteSink {
  private let sink: any BuildSink
  init(_ sink: any BuildSink) { self.sink = sink }
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { try sink.write(bytes) }
}

/// Images of a build as the store takes them. Blocking.
struct ImageExport: Sendable {
  let request: BuildRequest
  let options: ImageOutput
  let store: BuildStore

  func names() throws(HullError) -> [Reference] {
    var names = request.tags.map(\.withDefaultTag)
    for name in options.names {
      let reference = try Reference(name).withDefaultTag
      if !names.contains(reference) { names.append(reference) }
    }
    return names
  }

  func register(_ images: [BuiltImage]) throws(HullError) -> BuildResult {
    let (made, target) = try store.images.register(built: images.map(built), references: names(), annotations: request.annotations)
    return result(images, made, target)
  }

  func write(_ images: [BuiltImage], to sink: any ByteSink) throws(HullError) -> BuildResult {
    let (made, target) = try store.images.export(built: images.map(built), references: names(), annotations: request.annotations, to: sink)
    return result(images, made, target)
  }

  private func built(_ image: BuiltImage) -> BuiltImageRequest {
    BuiltImageRequest(
      config: image.config, layers: image.fileSystem.infos, descriptors: image.fileSystem.layers.map(\.descriptor), annotations: request.annotations,
      usesDockerTypes: options.usesDockerTypes)
  }

  private func result(_ images: [BuiltImage], _ made: [BuiltImageResult], _ target: Descriptor) -> BuildResult {
    var result = BuildResult()
    result.images = zip(images, made).map { BuildResult.Image(platform: $0.platform, id: $1.id, config: $1.config, manifest: $1.manifest) }
    result.target = target
    return result
  }
}
