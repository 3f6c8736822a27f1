// SPDX-License-Identifier: Apache-2.0
import OCISpec

extension ProcessConfig {
  /// Where commands are looked for when an image does not say it.
  private static let defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// Adds a `PATH` unless there is one: without it commands would not find anything. Windows has its own.
  /// - Parameter system: the image's operating system.
  mutating func addDefaultPath(_ system: String) {
    guard system != "windows", !(environment ?? []).contains(where: { $0.hasPrefix("PATH=") }) else { return }
    environment = (environment ?? []) + [Self.defaultPath]
  }
}
