// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

extension RepositoryStep {
  /// A repository of a client's graph: its attributes and its address say the same, or one of them says nothing. Throws `invalidArgument` otherwise.
  init(graph url: String, keepsGitDirectory: Bool, checksum: String?) throws(HullError) {
    guard let address = try GitAddress(url, isGit: true) else {
      throw HullError(.invalidArgument, "build graph: \(quoted(url)) is no address of a Git repository")
    }
    self = try RepositoryStep(url, address, keepsGitDirectory: keepsGitDirectory ? true : nil, checksum: checksum).brought
    isGit = true
  }
}
