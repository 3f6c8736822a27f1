// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors

/// Which events a subscriber wants (`docker events --filter`): for each key one value must fit.
struct EventFilter: Sendable {
  private let filters: Filters

  init(_ filters: Filters) throws(HullError) {
    try filters.validate(accepted: [
      "config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type", "volume",
    ])
    self.filters = filters
  }

  func matches(_ event: EventMessage) -> Bool {
    if filters.isEmpty { return true }
    return fits("event") { event.action == $0 || event.action.hasPrefix($0 + ":") } && fits("type") { event.type == $0 }
      && fits("scope") { event.scope == $0 } && actor("container", event) && actor("volume", event) && actor("network", event)
      && actor("daemon", event) && image(event) && filters.matchLabels(event.actor.attributes)
      && ["config", "node", "plugin", "secret", "service"].allSatisfy { actor($0, event) }
  }

  private func fits(_ key: String, _ test: (String) -> Bool) -> Bool {
    let values = filters[key]
    return values.isEmpty || values.contains(where: test)
  }

  /// By ID, ID prefix or name.
  private func actor(_ type: String, _ event: EventMessage) -> Bool {
    fits(type) { wanted in
      event.type == type && (event.actor.id.hasPrefix(wanted) || event.actor.attributes["name"] == wanted)
    }
  }

  /// Events of an image and of the containers made from it; a name without tag fits every tag.
  private func image(_ event: EventMessage) -> Bool {
    fits("image") { wanted in
      let name = event.actor.attributes[event.type == "image" ? "name" : "image"] ?? ""
      return [event.actor.id, name, EventFilter.withoutTag(name)].contains(wanted)
    }
  }

  private static func withoutTag(_ name: String) -> String {
    let base = name.split(separator: "@", maxSplits: 1).first.map(String.init) ?? name
    guard let colon = base.lastIndex(of: ":"), !base[colon...].contains("/") else { return base }
    return String(base[..<colon])
  }
}
