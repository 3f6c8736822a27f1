// SPDX-License-Identifier: Apache-2.0
import Errors

/// `RUN --mount`: fields of comma-separated values, read in order, for what a field means depends on the type before it.
struct MountParser {
  private var mount = RunMount()
  private var sharing: RunMount.Sharing?
  /// Puts variables in; `nil` while nobody knows them.
  private let expand: ((String) throws(HullError) -> String)?

  private static let keys = [
    "type", "from", "source", "src", "target", "dst", "destination", "readonly", "ro", "readwrite", "rw", "id", "sharing", "required", "size", "mode",
    "uid", "gid", "env",
  ]

  /// As far as that is possible without knowing variables.
  static func parse(_ text: String, escape: Unicode.Scalar) throws(Complaint) -> RunMount {
    var parser = MountParser(expand: nil)
    parser.mount.text = text
    try parser.read(fields: fields(text))
    // Every other complaint has to wait until the variables are known.
    if !text.contains(scalar: "$") { _ = try parse(text) { (word) throws(HullError) in word } }
    return parser.mount
  }

  /// All of it.
  static func parse(_ text: String, expand: @escaping (String) throws(HullError) -> String) throws(Complaint) -> RunMount {
    var parser = MountParser(expand: expand)
    parser.mount.text = text
    try parser.read(fields: fields(text))
    try parser.check()
    return parser.mount
  }

  private init(expand: ((String) throws(HullError) -> String)?) { self.expand = expand }

  private mutating func read(fields: [String]) throws(Complaint) {
    for field in fields {
      let (name, value) = field.cut(at: "=")
      let key = name.lowercased()
      if let value { try set(key, try expanded(key, value), field) } else { try set(key, field) }
    }
    mount.sharing = sharing ?? .shared
  }

  private func expanded(_ key: String, _ value: String) throws(Complaint) -> String? {
    if key == "from" {
      if value.unicodeScalars.dropLast().contains("$") {
        throw Complaint("'from' doesn't support variable expansion, define alias stage instead", at: value)
      }
      return value
    }
    guard let expand else { return value.contains(scalar: "$") && !MountParser.texts.contains(key) ? nil : value }
    do throws(HullError) { return try expand(value) } catch { throw Complaint(error) }
  }

  /// Fields that the tree keeps as they are written.
  private static let texts: Set = ["source", "src", "target", "dst", "destination", "id", "env"]

  /// A field without a value.
  private mutating func set(_ key: String, _ field: String) throws(Complaint) {
    switch key {
    case "readonly", "ro": mount.readOnly = true
    case "readwrite", "rw": mount.readOnly = false
    case "required":
      try allow(key, for: [.secret, .ssh])
      mount.required = true
    default: throw Complaint("invalid field '\(field)' must be a key=value pair", at: field)
    }
  }

  /// - Parameter value: `nil`: not known yet.
  private mutating func set(_ key: String, _ value: String?, _ field: String) throws(Complaint) {
    guard MountParser.keys.contains(key) else {
      throw Complaint("unexpected key '\(key)' in '\(field)'\(Suggestion.hint(for: key, in: MountParser.keys))", at: field)
    }
    guard let value else { return }
    switch key {
    case "type": try setKind(value)
    case "from": mount.from = value
    case "source", "src": mount.source = value
    case "target", "dst", "destination": mount.target = value
    case "readonly", "ro": mount.readOnly = try boolean(key, value)
    case "readwrite", "rw": mount.readOnly = try !boolean(key, value)
    case "id": mount.id = value
    case "sharing": try setSharing(value)
    case "env": mount.environment = value
    default: try setNumber(key, value)
    }
  }

  private mutating func setNumber(_ key: String, _ value: String) throws(Complaint) {
    switch key {
    case "required":
      try allow(key, for: [.secret, .ssh])
      mount.required = try boolean(key, value)
    case "size":
      try allow(key, for: [.tmpfs])
      guard let size = GoText.bytes(value) else { throw Complaint("invalid value for size: \(value)", at: value) }
      mount.size = size
    case "mode": mount.mode = try number(key, value, radix: 8)
    case "uid": mount.uid = try number(key, value, radix: 10)
    default: mount.gid = try number(key, value, radix: 10)
    }
  }

  private mutating func setKind(_ value: String) throws(Complaint) {
    guard let kind = RunMount.Kind(rawValue: value.lowercased()) else {
      let hint = Suggestion.hint(for: value, in: ["bind", "cache", "tmpfs", "secret", "ssh"])
      throw Complaint("unsupported mount type \(value.quoted)\(hint)", at: value)
    }
    mount.kind = kind
  }

  private mutating func setSharing(_ value: String) throws(Complaint) {
    guard let value = RunMount.Sharing(rawValue: value.lowercased()) else {
      let hint = Suggestion.hint(for: value, in: ["shared", "private", "locked"])
      throw Complaint("unsupported sharing value \(value.quoted)\(hint)", at: value)
    }
    sharing = value
  }

  /// While the type is not known, anything may be.
  private func allow(_ key: String, for kinds: [RunMount.Kind]) throws(Complaint) {
    guard expand == nil || kinds.contains(mount.kind) else {
      throw Complaint("unexpected key '\(key)' for mount type '\(mount.kind.rawValue)'", at: key)
    }
  }

  private func boolean(_ key: String, _ value: String) throws(Complaint) -> Bool {
    guard let flag = GoText.boolean(value) else { throw Complaint("invalid value for \(key): \(value)", at: value) }
    return flag
  }

  private func number(_ key: String, _ value: String, radix: Int) throws(Complaint) -> UInt32 {
    guard let number = GoText.unsigned(value, radix: radix) else { throw Complaint("invalid value \(value) for \(key)", at: value) }
    return number
  }

  /// What only the whole mount shows.
  private func check() throws(Complaint) {
    let kind = mount.kind
    if kind == .bind || kind == .tmpfs {
      for (name, value) in [("mode", mount.mode), ("uid", mount.uid), ("gid", mount.gid)] where value != nil {
        throw Complaint("\(name) not allowed for \(kind.rawValue.quoted) type mounts", at: name)
      }
    }
    if kind == .secret { try checkSecret() }
    if sharing != nil, kind != .cache { throw Complaint("invalid cache sharing set for \(kind.rawValue) mount", at: "sharing") }
  }

  private func checkSecret() throws(Complaint) {
    if mount.from ?? "" != "" { throw Complaint("secret mount should not have a from", at: "from") }
    if sharing != nil { throw Complaint("secret mount should not define sharing", at: "sharing") }
    let source = mount.source ?? ""
    let id = mount.id ?? ""
    if source.isEmpty, id.isEmpty, mount.target ?? "" == "" {
      throw Complaint("invalid secret mount. one of source, target required", at: mount.text)
    }
    if !source.isEmpty, !id.isEmpty { throw Complaint("both source and id can't be set", at: mount.text) }
  }

  /// Comma-separated fields (RFC 4180): a field in quotes may have commas, a doubled quote is one.
  static func fields(_ text: String) throws(Complaint) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var fields: [String] = []
    var field: [Unicode.Scalar] = []
    var position = 0
    while true {
      if position < scalars.count, scalars[position] == "\"", field.isEmpty {
        field = try quotedField(scalars, &position)
      } else {
        while position < scalars.count, scalars[position] != "," {
          guard scalars[position] != "\"" else { throw Complaint("failed to parse csv mounts: bare \" in non-quoted-field", at: text) }
          field.append(scalars[position])
          position += 1
        }
      }
      fields.append(String(field))
      field = []
      guard position < scalars.count else { return fields }
      position += 1
    }
  }

  private static func quotedField(_ scalars: [Unicode.Scalar], _ position: inout Int) throws(Complaint) -> [Unicode.Scalar] {
    var field: [Unicode.Scalar] = []
    position += 1
    while position < scalars.count {
      let scalar = scalars[position]
      position += 1
      guard scalar == "\"" else {
        field.append(scalar)
        continue
      }
      if position == scalars.count || scalars[position] == "," { return field }
      guard scalars[position] == "\"" else { break }
      field.append(scalar)
      position += 1
    }
    throw Complaint("failed to parse csv mounts: extraneous or missing \" in quoted-field", at: String(scalars))
  }
}

extension RunMount {
  /// The mount with the variables of all its fields put in, checked.
  ///
  /// - Parameter expander: with the stage's environment; a field's quotes and escapes are taken off, too.
  /// - Throws: `.invalidArgument` for what BuildKit refuses: unknown keys and values, fields that do not go with the type.
  package func expanded(by expander: WordExpander) throws(HullError) -> RunMount {
    do throws(Complaint) {
      return try MountParser.parse(text) { (word) throws(HullError) in try expander.expand(word) }
    } catch {
      throw HullError(.invalidArgument, error.message)
    }
  }
}
