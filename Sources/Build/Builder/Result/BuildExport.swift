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
  let attestations: AttestationOptions
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let store: BuildStore
  let report: BuildReport

  func export(_ images: [BuiltImage], into result: inout BuildResult) async throws {
    result.tags = request.tags
    for output in request.outputs {
      switch output {
      case .image(let options): try await image(images, options, &result)
      case .archive(let id, let options, let oci): try await archive(images, id, options, oci: oci, &result)
      case .tar(let id, let options): try await tar(images, id, options)
      case .local(let id, let options): try await files(images, id, options)
      case .none: break
      }
    }
    recordProvenance(images, &result)
  }

  private func vertex(_ name: String) -> BuildVertex { BuildVertex(id: SHA256.digest(of: "\(request.id) \(name)"), name: name) }

  private func said(inlineOnly: Bool) -> ImageAttestations {
    ImageAttestations(
      request: request, options: inlineOnly ? attestations : attestations.withoutInlineOnly(), store: store, directory: surroundings.directory)
  }

  private func export(_ options: ImageOutput, goesOut: Bool) -> ImageExport {
    ImageExport(
      request: request, options: options, attestations: said(inlineOnly: options.forcesAttestations), store: store, goesOut: goesOut)
  }

  /// What is told of the build itself, whatever its outputs.
  private func recordProvenance(_ images: [BuiltImage], _ result: inout BuildResult) {
    guard request.recordsProvenance else { return }
    var options = AttestationOptions.Provenance()
    options.builderID = attestations.provenance?.builderID ?? ""
    let (request, whole, finished) = (request, options, BuildClock.now())
    result.provenance = { () throws(HullError) in
      try images.map { (image) throws(HullError) in
        let predicate = try Provenance(request, whole, image.origin, finished: finished).predicate()
        return BuildResult.Provenance(platform: image.platform, predicateType: predicate.type, json: predicate.json)
      }
    }
  }

  // MARK: Images

  private func image(_ images: [BuiltImage], _ options: ImageOutput, _ result: inout BuildResult) async throws {
    let export = export(options, goesOut: options.push)
    let (store, report, vertex) = (store, report, vertex("exporting to image"))
    let work: @Sendable () throws -> (BuiltContent, [Reference]) = {
      let made = try export.content(of: images)
      for image in made.results { report.done("writing image \(image.id)", in: vertex) }
      let (names, canonical) = (try export.names(), try export.canonicalNames(made.target.digest))
      if !options.pushOnly {
        try store.images.register(made, references: names)
        for name in canonical { try store.images.note(name, as: made.content) }
        for name in names + canonical { report.done("naming to \(name)", in: vertex) }
      }
      return (made, names + canonical)
    }
    let (made, names) = try await report.during(vertex) { try await export.isLight(images) ? Blocking.run(work) : Blocking.stream(work) }
    take(made, images, names, into: &result)
    guard options.push else { return }
    for name in names { try await push(name, made, options) }
  }

  private func take(_ made: BuiltContent, _ images: [BuiltImage], _ names: [Reference], into result: inout BuildResult) {
    result.images = zip(images, made.results).map { BuildResult.Image(platform: $0.platform, id: $1.id, config: $1.config, manifest: $1.manifest) }
    (result.target, result.tags) = (made.target, names)
  }

  private func push(_ name: Reference, _ made: BuiltContent, _ options: ImageOutput) async throws {
    let login = try await session.credentials(for: name.domain)
    let credentials = login.map { RegistryCredentials(username: $0.user, password: $0.secret) }
    let vertex = vertex("pushing \(name.familiar)")
    let (report, transfer) = (report, surroundings.transfer)
    let target = options.pushesByDigest ? name.with(digest: made.target.digest) : name
    try await report.during(vertex) {
      _ = try await transfer.push(made.content, as: target, credentials: credentials) { event in
        guard let id = event.id, let current = event.current, let total = event.total else { return }
        report.send(.progress(vertex.id, id: "\(event.status) \(id)", current: current, total: total, started: BuildClock.now(), completed: nil))
      }
    }
  }

  private func archive(_ images: [BuiltImage], _ id: String, _ options: ImageOutput, oci: Bool, _ result: inout BuildResult) async throws {
    let export = export(options, goesOut: true)
    let (session, store) = (session, store)
    let (made, names) = try await report.during(vertex("exporting to \(oci ? "oci" : "docker") image format")) {
      let (content, names) = try await Blocking.stream { (try export.content(of: images), try export.names()) }
      if options.isDirectory {
        try await session.receiveLayout(id, try ImageLayout(content, names, store.images))
      } else {
        try await session.receiveArchive(id, attributes: ["containerimage.digest": content.target.digest.description]) { sink in
          try store.images.write(content, references: names, to: SinkAdapter(sink))
        }
      }
      return (content, names)
    }
    take(made, images, names, into: &result)
  }

  // MARK: File systems

  private func tar(_ images: [BuiltImage], _ id: String, _ options: FileOutput) async throws {
    let export = FileExport(options: options, attestations: said(inlineOnly: false), store: store)
    let session = session
    try await report.during(vertex("sending tarball")) {
      try await session.receiveArchive(id, attributes: [:]) { sink in try TreeTar(export.tree(of: images)).write(to: SinkAdapter(sink)) }
    }
  }

  private func files(_ images: [BuiltImage], _ id: String, _ options: FileOutput) async throws {
    let export = FileExport(options: options, attestations: said(inlineOnly: false), store: store)
    let session = session
    try await report.during(vertex("copying files")) {
      let tree = try await Blocking.stream { try export.tree(of: images) }
      try await session.receiveFiles(id, tree)
    }
  }
}

/// Lets a session's sink be written to as any other.
private final class SinkAdapter: ByteSink {
  private let sink: any BuildSink
  init(_ sink: any BuildSink) { self.sink = sink }
  func write(_ bytes: UnsafeRawBufferPointer) throws(HullError) { try sink.write(bytes) }
}
