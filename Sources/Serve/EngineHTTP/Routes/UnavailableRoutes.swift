// SPDX-License-Identifier: Apache-2.0
import Errors

/// Routes of the API behind which there is nothing (yet): each says so, and what to do instead.
extension EngineAPI {
  func addUnavailableRoutes(to router: Router) {
    refuse(
      router, "plugins are not supported",
      [
        "GET /plugins/privileges", "POST /plugins/pull", "POST /plugins/create", "POST /plugins/{name...}/enable",
        "POST /plugins/{name...}/disable", "POST /plugins/{name...}/upgrade", "POST /plugins/{name...}/push", "POST /plugins/{name...}/set",
        "DELETE /plugins/{name...}",
      ])
    refuse(router, "attaching over a web socket is not available: use POST /containers/{id}/attach", ["GET /containers/{id}/attach/ws"])
    refuse(router, "swarm mode is not supported", ["POST /swarm/init", "POST /swarm/join"])
    addSwarmRoutes(to: router)
    // Nothing of the kind exists, so all of it is listed or removed at once.
    router.add("GET", "/plugins") { _ in .json(bytes: Array("[]".utf8)) }
    router.add("GET", "/plugins/{name...}/json") { context in throw HullError(.notFound, "plugin \"\(context["name"])\" not found") }
  }

  private func refuse(_ router: Router, _ message: String, _ routes: [String]) {
    for route in routes {
      let parts = route.split(separator: " ")
      router.add(String(parts[0]), String(parts[1])) { _ in throw HullError(.unsupported, message) }
    }
  }

  private func addSwarmRoutes(to router: Router) {
    let notManager = HullError(
      .unavailable,
      "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.")
    let routes = [
      "GET /swarm", "POST /swarm/update", "GET /swarm/unlockkey", "POST /swarm/unlock", "GET /nodes", "GET /nodes/{id}", "DELETE /nodes/{id}",
      "POST /nodes/{id}/update", "GET /services", "POST /services/create", "GET /services/{id}", "DELETE /services/{id}",
      "POST /services/{id}/update", "GET /services/{id}/logs", "GET /tasks", "GET /tasks/{id}", "GET /tasks/{id}/logs", "GET /secrets",
      "POST /secrets/create", "GET /secrets/{id}", "DELETE /secrets/{id}", "POST /secrets/{id}/update", "GET /configs", "POST /configs/create",
      "GET /configs/{id}", "DELETE /configs/{id}", "POST /configs/{id}/update",
    ]
    for route in routes {
      let parts = route.split(separator: " ")
      router.add(String(parts[0]), String(parts[1])) { _ in throw notManager }
    }
    router.add("POST", "/swarm/leave") { _ in throw HullError(.unavailable, "This node is not part of a swarm") }
  }
}
