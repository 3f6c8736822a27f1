// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import OCISpec
import Seccomp
import Testing

@testable import OCIRuntime

@Suite struct StoreTests {
  /// A store of its own in a directory that goes with it.
  private final class Place {
    let store: Store
    init() {
      var template = Array("/tmp/hull-store-XXXXXX".utf8CString)
      store = Store(root: String(cString: mkdtemp(&template)) + "/state")
    }
    deinit {
      for id in (try? StateFiles.names(in: store.root)) ?? [] { try? store.removeDirectory(id) }
      rmdir(store.root)
      rmdir(StateFiles.split(store.root).directory)
    }

    func container(_ id: String, pid: Int32 = 0) throws -> Container {
      try store.makeDirectory(id)
      var record = Record(ociVersion: "1.2.0", id: id, bundle: "/b", rootfs: "/b/rootfs", created: Clock.now(precise: true))
      record.pid = pid
      record.started = ProcessTable.started(pid) ?? 0
      let container = Container(record: record, directory: store.directory(id))
      try container.save()
      return container
    }
  }

  @Test func whatIsSavedIsRead() throws {
    let place = Place()
    let container = try place.container("c1", pid: getpid())
    #expect(try place.store.container("c1").record == container.record)
    #expect(try place.store.containers().map(\.id) == ["c1"])
  }

  @Test(arguments: ["", ".", "..", "../x", "a/b", ".hidden", "a b", "a\0b", String(repeating: "x", count: 256)])
  func namesThatCouldLeaveTheRootAreRefused(_ id: String) {
    #expect(throws: HullError.self) { try Store.validate(id: id) }
  }

  @Test func aNameIsTakenOnlyOnce() throws {
    let place = Place()
    _ = try place.container("c1")
    let error = #expect(throws: HullError.self) { try place.store.makeDirectory("c1") }
    #expect(error?.code == .conflict)
    #expect(error?.message.contains("already exists") == true)
  }

  @Test func anUnknownContainerDoesNotExist() {
    let place = Place()
    let error = #expect(throws: HullError.self) { try place.store.container("nope") }
    #expect(error?.message == "container \"nope\" does not exist")
  }

  @Test func theStatusFollowsProcessAndGate() throws {
    let place = Place()
    var container = try place.container("c1")
    #expect(container.status == .creating)
    container.record.pid = getpid()
    container.record.started = try #require(ProcessTable.started(getpid()))
    try container.makeGate()
    #expect(container.status == .created)
    unlink(container.gate)
    #expect(container.status == .running)
    container.record.paused = true
    #expect(container.status == .paused)
    container.record.started += 1  // another process with the same number
    #expect(container.status == .stopped)
    #expect(container.livePid == nil)
  }

  @Test func aZombieCountsAsStopped() throws {
    let pid = try Subprocess.start("/bin/true", ["true"], environment: [])
    let pidfd = try Processes.pidfd(pid)
    #expect(try Descriptors.waitReadable(pidfd.number, milliseconds: 10_000))
    #expect(ProcessTable.started(pid) == nil)
    try Processes.reap(pid)
  }

  @Test func aStateThatIsNotReadableSaysSo() throws {
    let place = Place()
    let container = try place.container("c1")
    try StateFiles.replace(container.directory + "/state.json", with: Array("{".utf8))
    let error = #expect(throws: HullError.self) { try place.store.container("c1") }
    #expect(error?.message.contains("delete --force") == true)
    #expect(try place.store.containers().isEmpty)
  }

  @Test func aFilterIsKeptWithItsFlags() throws {
    let place = Place()
    let container = try place.container("c1")
    #expect(try container.filter() == Seccomp.Program())
    let program = Seccomp.Program(code: [UInt8](0..<16), flags: 0x0102_0304)
    try container.save(filter: program)
    #expect(try container.filter() == program)
  }

  @Test func theCacheAnswersOnlyForTheSameFilter() throws {
    let place = Place()
    let cache = FilterCache(directory: place.store.root)
    let allow = try RuntimeJSON.parse(Array(#"{"defaultAction":"SCMP_ACT_ALLOW"}"#.utf8))
    let first = try cache.program(allow)
    let names = try StateFiles.names(in: place.store.root)
    #expect(names.count == 1)
    #expect(try cache.program(allow) == first)
    // A file under the right name with another filter's key must not be believed.
    let path = place.store.root + "/" + names[0]
    var bytes = try StateFiles.read(path)
    bytes[20] ^= 1
    bytes[bytes.count - 1] ^= 1
    try StateFiles.replace(path, with: bytes)
    #expect(try cache.program(allow) == first)
    unlink(path)
  }

  @Test func aDescriptionIsThatOfRunc() throws {
    let place = Place()
    let container = try place.container("c1", pid: getpid())
    let names = container.description(.running).map(\.name)
    #expect(names == ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"])
    #expect(JSONValue.object(container.description(.stopped))["pid"] == 0)
  }
}
