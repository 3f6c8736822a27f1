// SPDX-License-Identifier: Apache-2.0
import Errors
import Testing

@testable import HullCommands

/// Requests of docker's own client, written down: flags, then `=>`, then the body that it posted or what it said instead.
///
/// A body is written without what every plain `create` of an image says, without members that hold Go's zero values (the engine cannot tell
/// them from members that are not there), and with its keys in order.
enum Recorded {
  struct Line: Sendable, CustomTestStringConvertible {
    var words: [String]
    var result: String
    var testDescription: String { words.joined(separator: " ") }
  }

  /// Objects whose keys are the user's: an empty value says something there.
  private static let maps: Set<String> = [
    "ExposedPorts", "Volumes", "EndpointsConfig", "Tmpfs", "PortBindings", "Labels", "Options", "DriverOpts", "Sysctls", "AuxiliaryAddresses",
  ]

  static func lines(_ text: String) -> [Line] {
    text.split(separator: "\n").map { line in
      let parts = line.split(separator: " => ", maxSplits: 1)
      return Line(words: parts[0].split(separator: " ").map(String.init), result: String(parts[1]))
    }
  }

  /// What hull makes of the flags: a body as `lines` writes it, or the message.
  static func result(of words: [String]) -> String {
    do {
      let flags = RunFlags.create
      let blank = Invocation(path: "create", flags: flags, host: nil)
      let call = try #require(try FlagParser(flags: flags, interspersed: false).parse(words + ["busybox"], into: blank))
      return text(withoutPlain(pruned(try RunRequest(call, detached: false).body()).object))
    } catch {
      return message(error)
    }
  }

  static func message(_ error: any Error) -> String { (error as? UsageError)?.message ?? (error as? HullError)?.message ?? "\(error)" }

  static func text(_ body: JSONObject) -> String { JSON.object(body).inOrder.encoded() }

  private static func withoutPlain(_ body: JSONObject) -> JSONObject {
    var body = body
    var host = body["HostConfig"]?.object ?? JSONObject()
    for member in ["AttachStdout", "AttachStderr", "Image"] { body[member] = nil }
    if host["RestartPolicy"] == ["Name": "no"] { host["RestartPolicy"] = nil }
    if host["NetworkMode"] == "default" { host["NetworkMode"] = nil }
    body["HostConfig"] = host.isEmpty ? nil : .object(host)
    if body["NetworkingConfig"] == ["EndpointsConfig": ["default": [:]]] { body["NetworkingConfig"] = nil }
    return body
  }

  /// The members that are not the same in a plain request; objects whose keys are the user's are one value.
  static func difference(_ body: JSONObject, from plain: JSONObject) -> JSONObject {
    var rest = JSONObject()
    for (name, value) in body.members where value != plain[name] {
      guard case .object(let object) = value, case .object(let other)? = plain[name], !maps.contains(name) else {
        rest[name] = value
        continue
      }
      rest[name] = .object(difference(object, from: other))
    }
    return rest
  }

  static func pruned(_ value: JSON, under key: String = "") -> JSON {
    switch value {
    case .array(let elements): return .array(elements.map { pruned($0) })
    case .object(let object):
      var kept = JSONObject()
      for (name, member) in object.members {
        let value = pruned(member, under: name)
        if maps.contains(key) || ![.null, false, 0, "", [], [:]].contains(value) { kept[name] = value }
      }
      return .object(kept)
    default: return value
    }
  }
}

extension JSON {
  /// The same value with the members of its objects in the order of their keys.
  var inOrder: JSON {
    switch self {
    case .array(let elements): return .array(elements.map(\.inOrder))
    case .object(let object):
      var sorted = JSONObject()
      for (key, value) in object.sorted { sorted.append(key, value.inOrder) }
      return .object(sorted)
    default: return self
    }
  }
}
