// SPDX-License-Identifier: Apache-2.0

/// An instruction taken apart but not understood yet: keyword, flags and the rest.
struct Statement {
  let line: LogicalLine
  /// As written.
  let keyword: String
  /// `--name=value`, without quotes and escapes.
  let flags: [String]
  /// What follows the flags, without blanks at both ends.
  let rest: String
  let escape: Unicode.Scalar
  /// Documents with the lines below, filled in by the parser.
  var heredocs: [HeredocText] = []

  var kind: Keyword? { Keyword(rawValue: keyword.uppercased()) }

  init(_ line: LogicalLine, escape: Unicode.Scalar) {
    self.line = line
    self.escape = escape
    let scalars = Array(line.text.trimmed().unicodeScalars)
    let end = scalars.firstIndex { $0.isSeparator } ?? scalars.count
    keyword = String(scalars[..<end])
    let arguments = scalars[end...].drop { $0.isSeparator }
    var reader = FlagReader(Array(arguments), escape: escape)
    (flags, rest) = reader.read()
  }

  /// Words between blanks, quotes and all.
  var words: [String] { Words.separated(rest) }
}

/// The instructions.
enum Keyword: String, CaseIterable {
  case ADD, ARG, CMD, COPY, ENTRYPOINT, ENV, EXPOSE, FROM, HEALTHCHECK, LABEL, MAINTAINER, ONBUILD, RUN, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR

  /// Documents may follow its line.
  var takesHeredocs: Bool { self == .RUN || self == .COPY || self == .ADD }
}
