// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// `--cache-from` and `--cache-to`; those of type `local` are directories of this side with an OCI layout.
struct BuildCaches {
  private(set) var sources: [BuildSpec] = []
  private(set) var targets: [BuildSpec] = []
  /// What the engine may read, and what it may write to with the tags that it gets.
  private var readable: Set<String> = []
  private var writable: [String: (tag: String, isReset: Bool)] = [:]

  init(_ call: Invocation) throws {
    for text in call.list("cache-from") {
      var spec = try Self.spec(text, flag: "cache-from")
      if spec["type"] == "local", try !open(&spec, call) { continue }
      sources.append(spec)
    }
    for text in call.list("cache-to") {
      var spec = try Self.spec(text, flag: "cache-to")
      if spec["type"] == "local" { try make(&spec) }
      targets.append(spec)
    }
  }

  private static func spec(_ text: String, flag: String) throws -> BuildSpec {
    var spec = try BuildSpec(text, flag: flag, first: "ref")
    if spec["type"] == nil { spec["type"] = "registry" }
    return spec
  }

  /// - Returns: `false`: there is no cache; the build goes on without it.
  private mutating func open(_ spec: inout BuildSpec, _ call: Invocation) throws -> Bool {
    guard let source = spec["src"], !source.isEmpty else {
      throw HullError(.invalidArgument, "--cache-from type=local has no src: use type=local,src=DIRECTORY")
    }
    let directory = Paths.absolute(source, from: Environment.workingDirectory)
    spec["src"] = directory
    let layout = CacheLayout(directory: directory)
    let tag = spec["tag"] ?? CacheLayout.usualTag
    do { spec["digest"] = try spec["digest"] ?? layout.digest(tagged: tag) } catch {
      call.out.error("WARNING: the cache in \(source) is not used: \(error)")
      return false
    }
    guard spec["digest"] != nil else {
      call.out.error("WARNING: there is no cache in \(source): its index.json has no \(tag)")
      return false
    }
    readable.insert(directory)
    return true
  }

  private mutating func make(_ spec: inout BuildSpec) throws {
    guard let destination = spec["dest"], !destination.isEmpty else {
      throw HullError(.invalidArgument, "--cache-to type=local has no dest: use type=local,dest=DIRECTORY")
    }
    let directory = Paths.absolute(destination, from: Environment.workingDirectory)
    spec["dest"] = directory
    try CacheLayout(directory: directory).make()
    writable[directory] = (spec["tag"] ?? CacheLayout.usualTag, spec["reset"].map { Flag.boolean($0) == true } ?? false)
  }

  // MARK: What the engine asks for

  /// The file of a blob that the engine may read.
  func source(_ directory: String, _ digest: String) throws -> String {
    guard readable.contains(directory) else { throw HullError(.notFound, "\(directory) is not a cache of this build") }
    return try CacheLayout(directory: directory).path(digest)
  }

  /// Whether a blob is there, as far as its size says: one that was cut short is written anew.
  func has(_ directory: String, _ blob: JSON) throws -> Bool {
    var status = stat()
    return stat(try place(directory, blob["digest"].text), &status) == 0 && String(status.st_size) == blob["size"].text
  }

  /// The file that a blob becomes that the engine writes.
  func place(_ directory: String, _ digest: String) throws -> String {
    guard writable[directory] != nil else { throw HullError(.notFound, "\(directory) is not a cache of this build") }
    return try CacheLayout(directory: directory).path(digest)
  }

  /// Writes down what the build has put into the directories.
  func note(_ manifest: JSON) throws {
    guard !manifest.isNull else { return }
    for (directory, place) in writable {
      let layout = CacheLayout(directory: directory)
      try layout.note(manifest, tag: place.tag)
      if place.isReset { try layout.removeRest() }
    }
  }
}
