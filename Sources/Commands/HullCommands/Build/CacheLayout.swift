// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A directory with an OCI layout (OCI image specification, image layout), in which a build cache is kept.
struct CacheLayout {
  static let usualTag = "latest"
  private static let tagKey = "org.opencontainers.image.ref.name"
  let directory: String

  /// The digest of what has a tag; `nil`: there is none.
  func digest(tagged tag: String) throws -> String? {
    guard Files.exists("\(directory)/index.json") else { return nil }
    return try index().first { $0["annotations"][Self.tagKey].text == tag }?["digest"].text
  }

  /// Where a blob lies. Throws for what is no digest.
  func path(_ digest: String) throws -> String {
    let hex = digest.hasPrefix("sha256:") ? String(digest.dropFirst(7)) : ""
    guard hex.utf8.count == 64, hex.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }) else {
      throw HullError(.invalidArgument, "\(Text.quoted(digest)) is not a digest")
    }
    return "\(directory)/blobs/sha256/\(hex)"
  }

  func make() throws {
    try Files.makeDirectories("\(directory)/blobs/sha256")
    if !Files.exists("\(directory)/oci-layout") { try write(["imageLayoutVersion": "1.0.0"], to: "oci-layout") }
  }

  /// Gives a tag to a manifest whose blobs are here; others keep theirs.
  func note(_ manifest: JSON, tag: String) throws {
    var entries = Files.exists("\(directory)/index.json") ? try index() : []
    entries.removeAll { $0["annotations"][Self.tagKey].text == tag }
    entries.append([
      "mediaType": manifest["mediaType"], "digest": manifest["digest"], "size": manifest["size"], "annotations": [Self.tagKey: .string(tag)],
    ])
    try write(
      ["schemaVersion": .int(2), "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array(entries)], to: "index.json")
  }

  /// Removes blobs that nothing in the index needs.
  func removeRest() throws {
    var needed: Set<String> = []
    for entry in try index() { try need(entry["digest"].text, &needed) }
    let blobs = "\(directory)/blobs/sha256"
    for name in try Files.names(blobs) where !needed.contains("sha256:" + name) { unlink("\(blobs)/\(name)") }
  }

  private func need(_ digest: String, _ needed: inout Set<String>) throws {
    needed.insert(digest)
    let document = try JSONParser.parse(try Files.read(try path(digest)))
    for entry in [document["config"]] + document["layers"].array + document["manifests"].array where !entry["digest"].text.isEmpty {
      let isDocument = entry["mediaType"].text.contains("manifest") || entry["mediaType"].text.contains("index")
      if isDocument { try need(entry["digest"].text, &needed) } else { needed.insert(entry["digest"].text) }
    }
  }

  private func index() throws -> [JSON] {
    do { return try JSONParser.parse(try Files.read("\(directory)/index.json"))["manifests"].array } catch let error as FileError {
      throw error
    } catch {
      throw HullError(.invalidArgument, "\(directory)/index.json is not the index of an OCI layout: \(error)")
    }
  }

  /// Whole or not at all.
  private func write(_ document: JSON, to name: String) throws {
    let receiver = try ArchiveReceiver(.file("\(directory)/\(name)"))
    do {
      try receiver.write(Array(document.encoded().utf8))
      try receiver.finish()
    } catch {
      receiver.abandon()
      throw error
    }
  }
}
