// SPDX-License-Identifier: Apache-2.0

extension CopyStep {
  /// What counts for its key beside the files and their destination, by names that a person understands.
  var settings: [String: String] {
    var settings = ["chown": owner ?? "", "chmod": mode ?? "", "link": link ? "yes" : "", "parents": parents ? "yes" : ""]
    settings = settings.filter { !$0.value.isEmpty }
    settings["time"] = time.map(String.init)
    if details != Details() { settings["details"] = "\(details)" }
    // Files that are here have been left out where they are.
    if hasRepositories, !excludes.isEmpty { settings["exclude"] = excludes.joined(separator: "\u{0}") }
    return settings
  }

  /// The repositories that are known without their files, by their places among the sources: a policy may have put files in the place of others.
  func identified(among trees: [Int: any FileTree]) -> [(place: Int, tree: IdentifiedTree)] {
    repositories.compactMap { place, input in (trees[input] as? IdentifiedTree).map { (place, $0) } }
  }

  /// The same of its other sources.
  /// - Parameter places: of the sources that are left out.
  func without(_ places: Set<Int>) -> CopyStep {
    var step = self
    step.sources = sources.enumerated().filter { !places.contains($0.offset) }.map { $0.element }
    return step
  }
}
