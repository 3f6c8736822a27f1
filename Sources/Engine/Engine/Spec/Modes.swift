// SPDX-License-Identifier: Apache-2.0
import DockerAPI

/// A namespace as the API writes it: `""`, `private`, `host`, `container:NAME`, …
struct NamespaceMode: Equatable {
  let text: String

  init(_ text: String) { self.text = text }

  var isHost: Bool { text == "host" }
  var isNone: Bool { text == "none" }
  /// The name or ID in `container:…`.
  var container: String? {
    guard text.hasPrefix("container:") else { return nil }
    let name = String(text.dropFirst("container:".count))
    return name.isEmpty ? nil : name
  }
  /// Neither the host's nor another container's.
  var isOwn: Bool { !isHost && container == nil }
}

extension HostConfig {
  var network: NamespaceMode { NamespaceMode(networkMode) }
  var pid: NamespaceMode { NamespaceMode(pidMode) }
  var ipc: NamespaceMode { NamespaceMode(ipcMode) }
  var uts: NamespaceMode { NamespaceMode(utsMode) }

  /// The default network and its synonyms.
  var isBridge: Bool { ["", "default", "bridge"].contains(networkMode) }
}
