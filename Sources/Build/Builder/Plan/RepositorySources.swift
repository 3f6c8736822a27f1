// SPDX-License-Identifier: Apache-2.0
import Dockerfile
import Errors
import OCISpec

extension RepositoryStep {
  /// A repository as a source of `ADD`: its flags and the address say the same, or one of them says nothing.
  init(_ text: String, _ address: GitAddress, keepsGitDirectory: Bool?, checksum: String?) throws(HullError) {
    if let flag = keepsGitDirectory, let asked = address.keepsGitDirectory, flag != asked {
      throw HullError(.invalidArgument, "inconsistent keep-git-dir configuration: --keep-git-dir=\(flag) and \(quoted(text))")
    }
    if let flag = checksum, let asked = address.checksum, flag != asked {
      throw HullError(.invalidArgument, "checksum mismatch \(quoted(flag)) != \(quoted(asked))")
    }
    self.init(
      url: text, keepsGitDirectory: address.keepsGitDirectory ?? keepsGitDirectory ?? false, checksum: address.checksum ?? checksum, waits: true)
  }

  /// The same, with its files at once.
  var brought: RepositoryStep {
    var step = self
    step.waits = false
    return step
  }

  /// A context, which is needed whole.
  /// - Parameter keepsGitDirectory: `BUILDKIT_CONTEXT_KEEP_GIT_DIR` asks for it.
  init(context text: String, keepsGitDirectory: Bool = false) throws(HullError) {
    let address = try GitAddress(text)
    self.init(url: text, keepsGitDirectory: keepsGitDirectory || address?.keepsGitDirectory == true, checksum: address?.checksum)
  }
}

extension BuildRequest {
  /// The main context, when it is not the session's.
  func remoteSource() throws(HullError) -> RepositoryStep? {
    let keeps = arguments["BUILDKIT_CONTEXT_KEEP_GIT_DIR"].flatMap(GoText.boolean) == true
    return try remoteContext.map { (address) throws(HullError) in try RepositoryStep(context: address, keepsGitDirectory: keeps) }
  }
}
