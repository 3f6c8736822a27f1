// SPDX-License-Identifier: Apache-2.0

/// Findings that need what only a build knows: environments, images, the context.
extension BuildWarning {
  /// UndefinedVar.
  ///
  /// - Parameters:
  ///   - name: a variable that an instruction uses and nothing has set.
  ///   - environment: the names that are set, for a suggestion.
  package static func undefinedVariable(_ name: String, environment: some Sequence<String>, at location: SourceRange?) -> BuildWarning {
    let hint = Suggestion.nearest(to: name, in: Array(environment)).map { " (did you mean $\($0)?)" } ?? ""
    return CheckRule.undefinedVar.warning("Usage of undefined variable '$\(name)'\(hint)", at: location)
  }

  /// UndefinedVar for all that an expansion did not find.
  ///
  /// - Parameters:
  ///   - missing: of `WordExpander.Expansion`.
  ///   - declared: names of the stage's `ARG`s so far: they may be without a value.
  ///   - environment: the names that are set.
  package static func undefinedVariables(
    _ missing: Set<String>, declared: Set<String>, environment: some Sequence<String>, at location: SourceRange?
  ) -> [BuildWarning] {
    // These two are read by the builder and never set.
    let silent: Set = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]
    let names = Array(environment)
    return missing.subtracting(declared).subtracting(silent).sorted().map { undefinedVariable($0, environment: names, at: location) }
  }

  /// InvalidBaseImagePlatform.
  ///
  /// - Parameters:
  ///   - image: as the `FROM` names it.
  ///   - actual: the platform of the image, `os/arch[/variant]`.
  ///   - expected: the platform that is built for.
  package static func baseImagePlatform(of image: String, actual: String, expected: String, at location: SourceRange?) -> BuildWarning {
    CheckRule.invalidBaseImagePlatform.warning(
      "Base image \(image) was pulled with platform \(actual.quoted), expected \(expected.quoted) for current build", at: location)
  }

  /// CopyIgnoredFile: a source that the ignore file leaves out. With exceptions among the patterns nobody can tell, and nothing is said.
  ///
  /// - Parameters:
  ///   - source: expanded, of the build context.
  ///   - isAdd: of an `ADD`.
  package static func ignoredSource(_ source: String, isAdd: Bool, patterns: IgnorePatterns, at location: SourceRange?) -> BuildWarning? {
    guard !patterns.isEmpty, !patterns.hasExceptions else { return nil }
    let path = GoPath.clean(source)
    let isRoot = path == "." || path == "/"
    guard isRoot ? patterns.excludesWholeRoot : patterns.excludes(path) else { return nil }
    return CheckRule.copyIgnoredFile.warning(
      "Attempting to \(isAdd ? "Add" : "Copy") file \(path.quoted) that is excluded by .dockerignore", at: location)
  }

  /// ExposeProtoCasing and ExposeInvalidFormat for one port of an `EXPOSE`.
  ///
  /// - Parameter port: expanded.
  package static func exposedPort(_ port: String, at location: SourceRange?) -> [BuildWarning] {
    var warnings: [BuildWarning] = []
    let container = port.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? port
    if let proto = container.cut(at: "/").tail, proto != proto.lowercased() {
      warnings.append(CheckRule.exposeProtoCasing.warning("Defined protocol '\(port)' in EXPOSE instruction should be lowercase", at: location))
    }
    if port.dropLast(container.count).contains(where: { $0 != ":" }) {
      let message = "EXPOSE instruction should not define an IP address or host-port mapping, found '\(port)'"
      warnings.append(CheckRule.exposeInvalidFormat.warning(message, at: location))
    }
    return warnings
  }
}
