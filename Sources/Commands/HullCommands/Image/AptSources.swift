// SPDX-License-Identifier: Apache-2.0

/// This machine's apt sources, as mmdebstrap takes them.
enum AptSources {
  /// The files as they are when they serve the suite; otherwise the suite on the same mirrors. Empty: mmdebstrap's own choice.
  static func forSuite(_ suite: String, directory: String = "/etc/apt") -> [String] {
    let files = self.files(directory)
    let texts = files.compactMap { path in Files.text(path).map { (path, $0) } }
    let serving = texts.filter { serves($0.1, suite) }
    if !serving.isEmpty { return texts.map(\.0) }
    return mirrors(texts.map(\.1)).map { "deb \($0) \(suite) main" }
  }

  private static func files(_ directory: String) -> [String] {
    let parts = (try? TreeArchive.children("\(directory)/sources.list.d")) ?? []
    let all =
      ["\(directory)/sources.list"] + parts.filter { $0.hasSuffix(".list") || $0.hasSuffix(".sources") }.map { "\(directory)/sources.list.d/\($0)" }
    return all.filter { Files.text($0)?.contains { !$0.isWhitespace } == true }
  }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map { Text.trimmed($0) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  private static func serves(_ text: String, _ suite: String) -> Bool {
    lines(text).contains { line in
      let words = line.split(separator: " ").map(String.init)
      return (line.hasPrefix("deb ") || line.lowercased().hasPrefix("suites:")) && words.contains(suite)
    }
  }

  /// Archives of Debian itself: whose path ends in `/debian`.
  private static func mirrors(_ texts: [String]) -> [String] {
    var found: [String] = []
    for line in texts.flatMap(lines) where line.hasPrefix("deb ") || line.lowercased().hasPrefix("uris:") {
      for word in line.split(separator: " ").map(String.init) where word.contains("://") {
        let bare = word.hasSuffix("/") ? String(word.dropLast()) : word
        if bare.hasSuffix("/debian"), !found.contains(bare) { found.append(bare) }
      }
    }
    return Array(found.prefix(1))
  }
}
