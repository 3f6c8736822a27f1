// SPDX-License-Identifier: Apache-2.0
import Archive
import Dockerfile
import Errors
import ImageStore
import OCISpec

/// Where a cache is.
enum CachePlace: Sendable {
  case registry(Reference, insecure: Bool)
  /// A directory of the client's with an OCI layout, by the name of its content store.
  case client(directory: String)
  /// The image itself has it.
  case inline
}

/// One `--cache-from`.
struct CacheSource: Sendable {
  let place: CachePlace
  /// Of the manifest, where the place does not say it.
  let digest: Digest?
  /// For people.
  let name: String

  /// `nil`: nothing can come from there.
  init?(_ location: CacheLocation) throws(HullError) {
    let options = CacheAttributes(location, flag: "cache-from")
    digest = try options.digest("digest")
    switch location.type {
    case "registry", "inline":
      guard let text = options["ref"] else {
        // That is what says that the image of this build is to have it.
        guard location.type == "registry" else { return nil }
        throw HullError(.invalidArgument, "--cache-from type=registry has no ref: use type=registry,ref=NAME")
      }
      let reference = try Reference(text).withDefaultTag
      place = .registry(reference, insecure: try options.flag("registry.insecure"))
      name = reference.familiar
    case "local":
      guard let directory = options["src"] else {
        throw HullError(.invalidArgument, "--cache-from type=local has no src: use type=local,src=DIRECTORY")
      }
      (place, name) = (.client(directory: directory), directory)
      if digest == nil { throw HullError(.notFound, "local cache \(directory): it has no digest: the client did not find one in its index.json") }
    default: throw options.unknownType
    }
  }
}

/// One `--cache-to`.
struct CacheTarget: Sendable {
  let place: CachePlace
  /// For people.
  let name: String
  /// Every step of the build, not only those whose layers the result has.
  let takesAll: Bool
  /// Also what is in the cache mounts.
  let takesMounts: Bool
  /// A failure does not fail the build.
  let ignoresErrors: Bool
  /// An image's manifest; an index otherwise, as older registries' users have it.
  let isManifest: Bool
  let usesDockerTypes: Bool
  /// Of layers and cache mounts on their way.
  let form: LayerForm

  var isInline: Bool { if case .inline = place { true } else { false } }

  init(_ location: CacheLocation) throws(HullError) {
    let options = CacheAttributes(location, flag: "cache-to")
    switch location.type {
    case "inline": (place, name) = (.inline, "the image")
    case "registry":
      guard let text = options["ref"] else {
        throw HullError(.invalidArgument, "--cache-to type=registry has no ref: use type=registry,ref=NAME")
      }
      let reference = try Reference(text).withDefaultTag
      guard reference.digest == nil else { throw HullError(.invalidArgument, "--cache-to: \(text) has a digest: name a tag") }
      (place, name) = (.registry(reference, insecure: try options.flag("registry.insecure")), reference.familiar)
    case "local":
      guard let directory = options["dest"] else {
        throw HullError(.invalidArgument, "--cache-to type=local has no dest: use type=local,dest=DIRECTORY")
      }
      (place, name) = (.client(directory: directory), directory)
    default: throw options.unknownType
    }
    takesAll = try options.choice("mode", ["min", "max"]) == "max"
    takesMounts = try options.truth("mounts") ?? takesAll
    ignoresErrors = try options.flag("ignore-error")
    usesDockerTypes = try options.truth("oci-mediatypes") == false
    isManifest = try options.truth("image-manifest") ?? !usesDockerTypes
    if isManifest, usesDockerTypes {
      throw HullError(.invalidArgument, "--cache-to: image-manifest=true needs oci-mediatypes=true: leave one of them out")
    }
    var form = LayerForm()
    form.compression = Compression(named: try options.choice("compression", ["gzip", "zstd", "uncompressed"]) ?? "gzip")
    form.level = try options.number("compression-level")
    form.isForced = try options.flag("force-compression")
    form.usesDockerTypes = usesDockerTypes
    self.form = form
  }
}

/// The attributes of a cache location, read with care.
private struct CacheAttributes {
  private let location: CacheLocation
  private let flag: String

  init(_ location: CacheLocation, flag: String) { (self.location, self.flag) = (location, flag) }

  /// `nil` for a missing or empty value.
  subscript(key: String) -> String? { location.attributes[key].flatMap { $0.isEmpty ? nil : $0 } }

  func truth(_ key: String) throws(HullError) -> Bool? {
    guard let text = self[key] else { return nil }
    guard let truth = GoText.boolean(text) else { throw invalid(key, text, "use true or false") }
    return truth
  }

  func flag(_ key: String) throws(HullError) -> Bool { try truth(key) ?? false }

  func choice(_ key: String, _ choices: [String]) throws(HullError) -> String? {
    guard let text = self[key] else { return nil }
    guard choices.contains(text) else { throw invalid(key, text, "use \(choices.joined(separator: ", "))") }
    return text
  }

  func number(_ key: String) throws(HullError) -> Int? {
    guard let text = self[key] else { return nil }
    guard let number = Int(text) else { throw invalid(key, text, "use a number") }
    return number
  }

  func digest(_ key: String) throws(HullError) -> Digest? {
    guard let text = self[key] else { return nil }
    guard let digest = try? Digest(text) else { throw invalid(key, text, "use sha256:…") }
    return digest
  }

  var unknownType: HullError {
    HullError(.unsupported, "--\(flag): caches of type \(quoted(location.type)) are not supported: use registry, local or inline")
  }

  private func invalid(_ key: String, _ text: String, _ fix: String) -> HullError {
    HullError(.invalidArgument, "--\(flag): invalid \(key) \(quoted(text)): \(fix)")
  }
}
