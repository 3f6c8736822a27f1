// SPDX-License-Identifier: Apache-2.0

extension Dockerfile {
  /// The values of the arguments before the first `FROM`.
  /// - Parameter arguments: of `--build-arg`.
  package func globalValues(_ arguments: [String: String]) -> [String: String] { GlobalArguments(self, overrides: arguments).values }
}

/// The arguments before the first `FROM`, with those that every build has.
struct GlobalArguments {
  private(set) var values: [String: String] = GlobalArguments.predefined
  /// All names that a `FROM` may use, those without a value among them.
  private(set) var declared = Set(GlobalArguments.predefined.keys)
  private let escape: Character
  /// Arguments that double each other must not fill the memory: beyond this many characters together, values stay unknown.
  private var budget = 4 << 10

  init(_ dockerfile: Dockerfile, overrides: [String: String]) {
    escape = dockerfile.directives.escape
    for name in values.keys { if let value = overrides[name] { values[name] = value } }
    for case .argument(let assignments) in dockerfile.metaArguments.map(\.command) {
      for assignment in assignments { declare(assignment, override: overrides[assignment.key]) }
    }
  }

  private mutating func declare(_ assignment: Assignment, override: String?) {
    declared.insert(assignment.key)
    guard override == nil else {
      values[assignment.key] = override
      return
    }
    guard budget > 0, let word = assignment.value else { return }
    let value = try? expander.expand(word)
    budget -= value?.utf8.count ?? budget
    if let value { values[assignment.key] = value }
  }

  var expander: WordExpander {
    var expander = WordExpander(escape: escape) { values[$0] }
    expander.maximum = 4 << 10
    return expander
  }

  /// This machine's platform, built for itself.
  private static let predefined: [String: String] = [
    "BUILDPLATFORM": "linux/\(PlatformName.architecture)", "BUILDOS": "linux", "BUILDOSVERSION": "", "BUILDARCH": PlatformName.architecture,
    "BUILDVARIANT": "", "TARGETPLATFORM": "linux/\(PlatformName.architecture)", "TARGETOS": "linux", "TARGETOSVERSION": "",
    "TARGETARCH": PlatformName.architecture, "TARGETVARIANT": "", "TARGETSTAGE": "default",
  ]
}

/// Platforms as containerd writes them: `os/arch[/variant]`, or one of the first two alone.
enum PlatformName {
  #if arch(arm64)
    static let architecture = "arm64"
  #else
    static let architecture = "amd64"
  #endif

  private static let systems: Set = ["linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "android", "solaris", "plan9", "js", "wasip1"]
  private static let aliases = ["x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm", "armel": "arm"]
  private static let architectures: Set = [
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le", "riscv64", "s390x", "wasm",
  ]

  /// - Returns: `nil` when it is no platform.
  static func parts(_ text: String) -> (os: String, architecture: String)? {
    let parts = text.lowercased().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard (1...3).contains(parts.count), !parts.contains("") else { return nil }
    if parts.count > 1 { return (parts[0], aliases[parts[1]] ?? parts[1]) }
    if systems.contains(parts[0]) { return (parts[0], architecture) }
    let name = aliases[parts[0]] ?? parts[0]
    return architectures.contains(name) ? ("linux", name) : nil
  }
}

/// Image names as far as a check can tell (distribution/reference): whether a registry could have it.
enum ImageName {
  static func isPossible(_ text: String) -> Bool {
    let (name, digest) = text.cut(at: "@")
    if let digest, digest.cut(at: ":").tail == nil || digest.contains(where: \.isWhitespace) { return false }
    var parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard var last = parts.popLast() else { return false }
    if let (path, tag) = Optional(last.cut(at: ":")), let tag {
      guard isTag(tag) else { return false }
      last = path
    }
    if let first = parts.first, first == "localhost" || first.contains(".") || first.contains(":") || first != first.lowercased() {
      parts.removeFirst()
    }
    return (parts + [last]).allSatisfy(isComponent)
  }

  private static func isTag(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128, isWord(first) || first == UInt8(ascii: "_") else { return false }
    return text.utf8.allSatisfy { isWord($0) || "_.-".utf8.contains($0) }
  }

  /// Lower-case letters and digits, with single separators between them.
  private static func isComponent(_ text: String) -> Bool {
    let isPlain: (UInt8) -> Bool = { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
    guard let first = text.utf8.first, let last = text.utf8.last, isPlain(first), isPlain(last) else { return false }
    return text.utf8.allSatisfy { isPlain($0) || "._-".utf8.contains($0) } && !text.contains("..") && !text.contains("___")
  }

  private static func isWord(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) }
}
