// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import Glibc
import ImageStore
import Layers
import LinuxSystem
import Threads

/// What images consist of and how they differ.
extension Engine {
  /// `GET /hull/images/{name}/layers`.
  /// - Parameters:
  ///   - platform: JSON or `os/architecture`, as queries have it.
  ///   - limit: so many wasted files are listed; `nil`: 1000.
  package func imageLayers(_ name: String, platform: String?, limit: Int?) async throws -> ImageInsides {
    let (images, wanted) = (services.images, try RegistryForm.platform(json: platform))
    if let limit, !(0...100_000).contains(limit) { throw HullError(.invalidArgument, "invalid limit \(limit): use 0 to 100000") }
    let (image, layers) = try await Blocking.stream { try images.layers(of: name, platform: wanted, limit: limit ?? 1000) }
    return StorageForm.insides(image, layers)
  }

  /// `GET /hull/images/diff`: writes the answer to a descriptor, which stays the caller's. Fails before the first byte when an image is not there.
  /// - Parameter platform: JSON or `os/architecture`, as queries have it.
  package func imageDifference(from: String, to: String, platform: String?, to descriptor: Int32) async throws {
    guard !from.isEmpty, !to.isEmpty else { throw HullError(.invalidArgument, "two images are compared: give them as from=IMAGE&to=IMAGE") }
    let (images, wanted) = (services.images, try RegistryForm.platform(json: platform))
    try await Blocking.stream {
      var document = DifferenceDocument(descriptor)
      var config: [ConfigDifference] = []
      try images.difference(from: from, to: to, platform: wanted) { (old, new, differences) throws(HullError) in
        config = differences
        try document.begin(from: old.id.description, to: new.id.description)
      } report: { (change) throws(HullError) in
        try document.add(change)
      }
      try document.end(config)
    }
  }
}

/// Writes the difference of two images as one JSON document, path by path: it may be longer than anybody wants to keep in memory.
private struct DifferenceDocument {
  private static let block = 64 << 10
  private let descriptor: Int32
  private var text: [UInt8] = []
  private var isEmpty = true

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  mutating func begin(from: String, to: String) throws(HullError) {
    text += Array("{\"From\":\"\(from)\",\"To\":\"\(to)\",\"Changes\":[".utf8)
  }

  mutating func add(_ change: StackDifference.Change) throws(HullError) {
    if !isEmpty { text.append(UInt8(ascii: ",")) }
    isEmpty = false
    text += try DockerJSON.encode(StorageForm.change(change))
    if text.count >= Self.block { try flush() }
  }

  mutating func end(_ config: [ConfigDifference]) throws(HullError) {
    text += Array("],\"Config\":".utf8)
    text += try DockerJSON.encode(config.map(StorageForm.change))
    text += Array("}\n".utf8)
    try flush()
  }

  private mutating func flush() throws(HullError) {
    let bytes = text
    text.removeAll(keepingCapacity: true)
    try step("cannot send the difference") { () throws(SystemError) in try Files.writeAll(descriptor, bytes) }
  }
}
