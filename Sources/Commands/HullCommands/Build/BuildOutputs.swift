// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// Where the outputs of a build go: those that this side takes have an ID.
struct BuildOutputs {
  /// A file, standard output (`-`) or a directory.
  enum Target: Equatable {
    case file(String)
    case standardOutput
    case directory(String)
  }

  private(set) var specs: [BuildSpec] = []
  private(set) var targets: [String: Target] = [:]

  init(_ call: Invocation) throws {
    for text in call.list("output") { try add(text) }
    if call.bool("push") { try specs.append(BuildSpec("type=registry", flag: "push")) }
    if call.bool("load"), specs.isEmpty { try specs.append(BuildSpec("type=image", flag: "load")) }
  }

  /// Whether standard output belongs to an output.
  var takesStandardOutput: Bool { targets.values.contains(.standardOutput) }

  var json: JSON { .array(specs.map(\.json)) }

  private mutating func add(_ text: String) throws {
    // `-o dir` and `-o -` are short for `type=local,dest=dir` and `type=tar,dest=-`.
    if !text.contains("=") {
      return try add(text == "-" ? "type=tar,dest=-" : "type=local,\(Self.quoted("dest=\(text)"))")
    }
    var spec = try BuildSpec(text, flag: "output")
    guard let type = spec["type"] else { throw HullError(.invalidArgument, "invalid value for --output: type is required for \(Text.quoted(text))") }
    let destination = spec["dest"]
    spec["dest"] = nil
    let unpacked = ["oci", "docker"].contains(type) && spec["tar"].flatMap(Flag.boolean) == false
    if let target = try Self.target(unpacked ? "local" : type, destination) {
      let id = "\(targets.count + 1)"
      spec["id"] = id
      targets[id] = target
    }
    specs.append(spec)
  }

  private static func target(_ type: String, _ destination: String?) throws -> Target? {
    switch type {
    case "local":
      guard let destination, !destination.isEmpty, destination != "-" else {
        throw HullError(.invalidArgument, "dest is required for local output: use --output type=local,dest=DIRECTORY")
      }
      return .directory(destination)
    case "tar", "oci": return try archive(destination ?? "-", type)
    case "docker": return try destination.map { try archive($0, type) }
    default: return nil
    }
  }

  private static func archive(_ destination: String, _ type: String) throws -> Target {
    guard destination == "-" else { return .file(destination) }
    guard !Terminal.isTerminal(1) else {
      throw HullError(.invalidArgument, "dest file is required for \(type) output: refusing to write an archive to the terminal")
    }
    return .standardOutput
  }

  private static func quoted(_ field: String) -> String {
    field.contains(",") || field.contains("\"") ? "\"\(Text.replacing(field, "\"", with: "\"\""))\"" : field
  }
}
