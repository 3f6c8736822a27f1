// SPDX-License-Identifier: Apache-2.0

/// The functions a template can call: Go's own and those that docker adds.
enum TemplateFunctions {
  static let names: Set<String> = [
    "and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf", "println", "json", "join", "split", "lower",
    "upper", "title", "truncate", "pad", "html", "urlquery",
  ]
  private static let untouchedInHeaders: Set<String> = ["json", "split", "join", "title", "lower", "upper", "truncate"]

  static func call(_ name: String, _ arguments: [JSON], for subject: TemplateSubject) throws(TemplateError) -> JSON {
    if subject.isHeader, untouchedInHeaders.contains(name) { return arguments.first ?? "" }
    switch name {
    case "json":
      let value = try one(arguments)
      if case .object = value { return .string(value.encoded(escapeHTML: subject.escapesObjects)) }
      return .string(value.encoded())
    case "not": return .bool(!GoFormat.isTrue(try one(arguments)))
    case "eq", "ne", "lt", "le", "gt", "ge": return .bool(try compare(name, arguments))
    case "len": return .int(try length(try one(arguments)))
    case "index": return try index(arguments)
    case "slice": return try slice(arguments)
    case "print": return .string(arguments.map(GoFormat.print).joined())
    case "println": return .string(arguments.map(GoFormat.print).joined(separator: " ") + "\n")
    case "printf":
      guard case .string(let pattern)? = arguments.first else { throw TemplateError(description: "wrong type for the format; expected string") }
      return .string(GoFormat.printf(pattern, Array(arguments.dropFirst())))
    default: return try text(name, arguments)
    }
  }

  private static func text(_ name: String, _ arguments: [JSON]) throws(TemplateError) -> JSON {
    switch name {
    case "lower": return .string(try string(arguments, 0).lowercased())
    case "upper": return .string(try string(arguments, 0).uppercased())
    case "title": return .string(title(try string(arguments, 0)))
    case "urlquery": return .string(EngineClient.escaped(GoFormat.print(try one(arguments))))
    case "html":
      var text = Text.replacing(GoFormat.print(try one(arguments)), "&", with: "&amp;")
      for (character, escape) in [("<", "&lt;"), (">", "&gt;"), ("\"", "&#34;"), ("'", "&#39;")] {
        text = Text.replacing(text, character, with: escape)
      }
      return .string(text)
    case "truncate":
      let text = try string(arguments, 0)
      guard let length = arguments.last?.int, length >= 0 else { throw TemplateError(description: "expected integer") }
      return .string(String(text.prefix(length)))
    case "pad":
      let text = try string(arguments, 0)
      guard arguments.count == 3, let before = arguments[1].int, let behind = arguments[2].int, before >= 0, behind >= 0, before + behind < 10000
      else {
        throw TemplateError(description: "expected two integers")
      }
      return .string(text.isEmpty ? "" : String(repeating: " ", count: before) + text + String(repeating: " ", count: behind))
    case "split":
      let (text, separator) = (try string(arguments, 0), try string(arguments, 1))
      return .strings(split(text, separator))
    case "join":
      guard arguments.count == 2 else { throw TemplateError(description: "wrong number of args for join: want 2 got \(arguments.count)") }
      let separator = try string(arguments, 1)
      switch arguments[0] {
      case .array(let elements): return .string(elements.map(GoFormat.print).joined(separator: separator))
      case .object(let object): return .string(object.members.map { GoFormat.print($0.value) }.sorted().joined(separator: separator))
      case .null: return ""
      default: throw TemplateError(description: "expected slice, got \(GoFormat.typeName(arguments[0]))")
      }
    default: throw TemplateError(description: "function \(Text.quoted(name)) not defined")
    }
  }

  private static func one(_ arguments: [JSON]) throws(TemplateError) -> JSON {
    guard arguments.count == 1 else { throw TemplateError(description: "wrong number of args: want 1 got \(arguments.count)") }
    return arguments[0]
  }

  private static func string(_ arguments: [JSON], _ position: Int) throws(TemplateError) -> String {
    guard arguments.count > position else { throw TemplateError(description: "wrong number of args: want \(position + 1) got \(arguments.count)") }
    guard case .string(let text) = arguments[position] else {
      throw TemplateError(description: "wrong type for value; expected string; got \(GoFormat.typeName(arguments[position]))")
    }
    return text
  }

  private static func title(_ text: String) -> String {
    var startsWord = true
    var out = ""
    for character in text {
      out += startsWord ? character.uppercased() : String(character)
      startsWord = !(character.isLetter || character.isNumber || character == "_" || character == "'")
    }
    return out
  }

  /// As Go's `strings.Split`: an empty separator gives the characters.
  private static func split(_ text: String, _ separator: String) -> [String] {
    if separator.isEmpty { return text.map { String($0) } }
    var parts: [String] = []
    var current = ""
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix(separator) {
        parts.append(current)
        current = ""
        rest = rest.dropFirst(separator.count)
      } else {
        current.append(rest.removeFirst())
      }
    }
    return parts + [current]
  }

  private static func length(_ value: JSON) throws(TemplateError) -> Int {
    switch value {
    case .string(let text): return text.utf8.count
    case .array(let elements): return elements.count
    case .object(let object): return object.count
    case .null: throw TemplateError(description: "len of nil pointer")
    default: throw TemplateError(description: "len of type \(GoFormat.typeName(value))")
    }
  }

  private static func index(_ arguments: [JSON]) throws(TemplateError) -> JSON {
    guard var value = arguments.first else { throw TemplateError(description: "wrong number of args for index: want at least 1 got 0") }
    for key in arguments.dropFirst() {
      switch (value, key) {
      case (.object(let object), .string(let name)): value = object[name] ?? ""
      case (.array(let elements), .number):
        guard let position = key.int, elements.indices.contains(position) else {
          throw TemplateError(description: "reflect: slice index out of range")
        }
        value = elements[position]
      case (.null, _): throw TemplateError(description: "index of untyped nil")
      default: throw TemplateError(description: "cannot index item of type \(GoFormat.typeName(value)) with \(GoFormat.typeName(key))")
      }
    }
    return value
  }

  private static func slice(_ arguments: [JSON]) throws(TemplateError) -> JSON {
    guard let value = arguments.first, arguments.count <= 3 else { throw TemplateError(description: "wrong number of args for slice") }
    let count = try length(value)
    let from = arguments.count > 1 ? arguments[1].int ?? -1 : 0
    let to = arguments.count > 2 ? arguments[2].int ?? -1 : count
    guard from >= 0, to <= count, from <= to else { throw TemplateError(description: "index out of range: \(from)") }
    switch value {
    case .array(let elements): return .array(Array(elements[from..<to]))
    case .string(let text): return .string(String(decoding: Array(text.utf8)[from..<to], as: UTF8.self))
    default: throw TemplateError(description: "can't slice item of type \(GoFormat.typeName(value))")
    }
  }

  private static func compare(_ name: String, _ arguments: [JSON]) throws(TemplateError) -> Bool {
    guard arguments.count >= 2 else { throw TemplateError(description: "missing argument for comparison") }
    switch name {
    case "eq":
      for other in arguments.dropFirst() where try equal(arguments[0], other) { return true }
      return false
    case "ne": return try !equal(arguments[0], arguments[1])
    default:
      let less = try isLess(arguments[0], arguments[1])
      switch name {
      case "lt": return less
      case "ge": return !less
      case "gt": return try isLess(arguments[1], arguments[0])
      default: return try !isLess(arguments[1], arguments[0])
      }
    }
  }

  private static func equal(_ left: JSON, _ right: JSON) throws(TemplateError) -> Bool {
    switch (left, right) {
    case (.number, .number): return left.double == right.double
    case (.string, .string), (.bool, .bool), (.null, _), (_, .null): return left == right
    default: throw TemplateError(description: "incompatible types for comparison")
    }
  }

  private static func isLess(_ left: JSON, _ right: JSON) throws(TemplateError) -> Bool {
    switch (left, right) {
    case (.number, .number): return (left.double ?? 0) < (right.double ?? 0)
    case (.string(let left), .string(let right)): return left < right
    default: throw TemplateError(description: "incompatible types for comparison")
    }
  }
}
