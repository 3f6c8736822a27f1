// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import Errors
import ImageStore
import Testing

@testable import Engine

@Suite struct EventTests {
  private func options(since: Int64? = nil, until: Int64? = nil, _ filters: [String: [String]] = [:]) -> EventOptions {
    var options = EventOptions()
    options.since = since
    options.until = until
    options.filters = Filters(filters)
    return options
  }

  private func collect(_ stream: AsyncStream<EventMessage>) async -> [String] {
    var actions: [String] = []
    for await event in stream { actions.append(event.action) }
    return actions
  }

  @Test func pastEventsAreKeptAndFiltered() async throws {
    let bus = EventBus()
    bus.publish("container", "create", id: "abc", attributes: ["name": "web", "image": "busybox:latest", "tier": "1"])
    bus.publish("container", "start", id: "abc", attributes: ["name": "web", "image": "busybox:latest"])
    bus.publish("image", "tag", id: "sha256:1", attributes: ["name": "busybox:1"])
    let now = Timestamp.now() + 1_000_000
    #expect(await collect(try bus.subscribe(options(since: 0, until: Timestamp.now()))).count == 3)
    _ = now
    #expect(await collect(try bus.subscribe(options(since: 0, until: Timestamp.now(), ["type": ["image"]]))) == ["tag"])
    #expect(await collect(try bus.subscribe(options(since: 0, until: Timestamp.now(), ["container": ["web"], "event": ["start"]]))) == ["start"])
    #expect(await collect(try bus.subscribe(options(since: 0, until: Timestamp.now(), ["image": ["busybox"]]))) == ["create", "start", "tag"])
    #expect(await collect(try bus.subscribe(options(since: 0, until: Timestamp.now(), ["label": ["tier=1"]]))) == ["create"])
    #expect(throws: HullError.self) { try bus.subscribe(options(["nonsense": ["x"]])) }
  }

  @Test func subscribersGetWhatComes() async throws {
    let bus = EventBus()
    let stream = try bus.subscribe(options(["event": ["die"]]))
    bus.publish("container", "start", id: "abc", attributes: [:])
    bus.publish("container", "die", id: "abc", attributes: ["exitCode": "3"])
    var iterator = stream.makeAsyncIterator()
    let event = await iterator.next()
    #expect(event?.action == "die")
    #expect(event?.status == "die")
    #expect(event?.actor.attributes["exitCode"] == "3")
    bus.finish()
    #expect(await iterator.next() == nil)
    #expect(bus.subscriberCount == 0)
  }

  @Test func onlyTheLastEventsAreKept() async throws {
    let bus = EventBus()
    for number in 0..<300 { bus.publish("container", "exec_die", id: String(number), attributes: [:]) }
    #expect(await collect(try bus.subscribe(options(since: 0, until: Timestamp.now() + 0))).count == EventBus.kept)
  }

  @Test func aRemovalIsToldWithItsReason() async throws {
    let bus = EventBus()
    let id = try ImageID("sha256:" + String(repeating: "a", count: 64))
    bus.publish([.untagged("app:1"), .deletedImage(id), .deletedLayer(id)], of: id, reason: "disk budget")
    var events: [EventMessage] = []
    for await event in try bus.subscribe(options(since: 0, until: Timestamp.now())) { events.append(event) }
    #expect(events.map(\.action) == ["untag", "delete"] && events.allSatisfy { $0.actor.id == id.description })
    #expect(events.map { $0.actor.attributes } == [["name": "app:1", "reason": "disk budget"], ["name": id.description, "reason": "disk budget"]])
    bus.publish([.untagged("app:2")], of: id)
    var filters = options(since: 0, until: Timestamp.now(), ["event": ["untag"]])
    filters.since = events[1].timeNano + 1
    for await event in try bus.subscribe(filters) { #expect(event.actor.attributes == ["name": "app:2"]) }
  }
}
