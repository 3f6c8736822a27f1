// SPDX-License-Identifier: Apache-2.0
import Archive
import Errors
import ImageStore
import ImageTransfer
import OCISpec
import Threads

/// Makes of a build's images what was asked for.
struct BuildExport: Sendable {
  let request: BuildRequest
  let session: any BuildSession
  let surroundings: BuilderSurroundings
  let store: BuildStore
  let report: BuildReport

  func export(_ images: [BuiltImage], into result: inout BuildResult) async throws {
    for output in request.outputs {
      switch output {
      case .image(let options):
        let vertex = BuildVertex(id: SHA256.digest(of: "\(request.id) export image"), name: "exporting to image")
        let (store, request, report) = (store, request, report)
        let registered = try await report.during(vertex) {
          try await Blocking.run { try ImageExport(request: request, options: options, store: store).register(images) }
        }
        result.images = registered.images
        result.target = registered.target
        result.tags = request.tags
      case .none: break
      case .archive, .tar, .local: throw HullError(.unsupported, "this output is not supported")
      }
    }
  }
}

/// The image store as a destination. Blocking.
struct ImageExport {
  let request: BuildRequest
  let options: ImageOutput
  let store: BuildStore

  func register(_ images: [BuiltImage]) throws(HullError) -> BuildResult {
    var result = BuildResult()
    let names = try request.tags + options.names.map { (name) throws(HullError) in try Reference(name) }
    for image in images {
      let built = BuiltImageRequest(
        config: image.config, layers: image.fileSystem.infos, descriptors: image.fileSystem.layers.map(\.descriptor), annotations: request.annotations,
        usesDockerTypes: options.usesDockerTypes)
      let made = try store.images.register(built: built, references: images.count == 1 ? names : [])
      result.images.append(BuildResult.Image(platform: image.platform, id: made.id, config: made.config, manifest: made.manifest))
    }
    result.target = result.images.first?.manifest
    return result
  }
}
