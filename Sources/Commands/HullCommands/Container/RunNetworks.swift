// SPDX-License-Identifier: Apache-2.0
import Errors

/// The networks of `run` and `create`: every `--network`, the first one with what the flags beside it say.
enum RunNetworks {
  /// Refuses a `--network` whose fields are wrong.
  @Sendable static func checked(_ text: String) throws -> String {
    _ = try NetworkAttachment(text)
    return text
  }

  /// The first network's name is the container's network mode.
  static func mode(_ call: Invocation) throws -> String { try call.list("network").first.map { try NetworkAttachment($0).name } ?? "default" }

  /// `NetworkingConfig.EndpointsConfig`: names and their settings.
  static func endpoints(_ call: Invocation) throws -> JSONObject {
    let wanted = call.list("network")
    var attachments = try (wanted.isEmpty ? ["default"] : wanted).map { try NetworkAttachment($0) }
    try apply(call, to: &attachments[0])
    var endpoints = JSONObject()
    for attachment in attachments {
      let settings = try attachment.settings()
      guard endpoints[attachment.name] == nil else {
        throw HullError(.invalidArgument, "network \(Text.quoted(attachment.name)) is specified multiple times")
      }
      endpoints[attachment.name] = .object(settings)
    }
    guard Set(attachments.map(\.isUserDefined)).count == 1 else {
      throw HullError(.invalidArgument, "conflicting options: cannot attach both user-defined and non-user-defined network-modes")
    }
    // A single network without settings is what the mode already says.
    return wanted.count == 1 && endpoints.members[0].value.object.isEmpty ? JSONObject() : endpoints
  }

  /// What a flag and a field of `--network` say both, only one of them may say.
  private static func apply(_ call: Invocation, to attachment: inout NetworkAttachment) throws(HullError) {
    func choose(_ flag: String, _ field: String, _ own: inout String) throws(HullError) {
      let value = call.string(flag)
      guard value.isEmpty || own.isEmpty else { throw conflict(flag, field) }
      if !value.isEmpty { own = value }
    }
    func choose(_ flag: String, _ field: String, _ own: inout [String]) throws(HullError) {
      let values = call.list(flag)
      guard values.isEmpty || own.isEmpty else { throw conflict(flag, field) }
      own += values
    }
    try choose("network-alias", "alias", &attachment.aliases)
    try choose("ip", "IPv4 address", &attachment.ipv4)
    try choose("ip6", "IPv6 address", &attachment.ipv6)
    try choose("mac-address", "MAC address", &attachment.mac)
    try choose("link-local-ip", "link-local IP addresses", &attachment.linkLocal)
    if attachment.isUserDefined { attachment.links = call.list("link") }
  }

  private static func conflict(_ flag: String, _ field: String) -> HullError {
    HullError(.invalidArgument, "conflicting options: cannot specify both --\(flag) and per-network \(field)")
  }
}
