// SPDX-License-Identifier: Apache-2.0

/// Dockerfiles are read scalar by scalar: a grapheme would join a carriage return with its newline, and a quote with an accent that follows it.
extension Unicode.Scalar {
  /// White space as Unicode has it.
  var isBlank: Bool { value < 0x80 ? (value == 0x20 || (0x09...0x0d).contains(value)) : properties.isWhitespace }

  /// What separates the words of an instruction: never a newline.
  var isSeparator: Bool { value == 0x20 || value == 0x09 || value == 0x0b || value == 0x0c || value == 0x0d }

  var isLetter: Bool {
    if value < 0x80 { return (0x41...0x5a).contains(value & ~0x20) }
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
    default: return false
    }
  }

  var isDigit: Bool {
    if value < 0x80 { return (0x30...0x39).contains(value) }
    return properties.generalCategory == .decimalNumber
  }
}

extension String {
  init(_ scalars: some Sequence<Unicode.Scalar>) {
    var view = UnicodeScalarView()
    view.append(contentsOf: scalars)
    self.init(view)
  }

  /// Without white space at both ends.
  func trimmed() -> String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.isBlank }), let last = scalars.lastIndex(where: { !$0.isBlank }) else { return "" }
    return String(scalars[first...last])
  }

  /// Before and after the first `separator`; `nil` after it when there is none.
  func cut(at separator: Unicode.Scalar) -> (head: String, tail: String?) {
    guard let index = unicodeScalars.firstIndex(of: separator) else { return (self, nil) }
    return (String(unicodeScalars[..<index]), String(unicodeScalars[unicodeScalars.index(after: index)...]))
  }

  func contains(scalar: Unicode.Scalar) -> Bool { unicodeScalars.contains(scalar) }

  /// In quotes, with what would be invisible escaped: for messages.
  var quoted: String {
    var text = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          text += "\\x" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    }
    return text + "\""
  }
}
