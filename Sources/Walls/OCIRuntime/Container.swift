// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import Launch
import LaunchCompiler
import LinuxSystem
import OCISpec
import Seccomp

/// What is kept about a container (`state.json`).
struct Record: Codable, Sendable, Equatable {
  var ociVersion: String
  var id: String
  /// 0 until the first process exists.
  var pid: Int32 = 0
  /// When the process started, in the kernel's ticks: tells it from another one with its number.
  var started: UInt64 = 0
  var bundle: String
  var rootfs: String
  /// RFC 3339.
  var created: String
  var annotations: [String: String]?
  /// As in `CgroupPlan.path`.
  var cgroup: String?
  /// Frozen by `pause`.
  var paused = false
  /// The first process's end does not end the others: there is no pid namespace that dies with it.
  var sharesPids: Bool?
  /// `linux.personality.domain`, also for those that join.
  var personality: String?
}

/// One container's directory in the store: `state.json`, the configuration as it was at `create`, the start gate, the compiled filter.
struct Container: Sendable {
  let id: String
  let directory: String
  var record: Record

  var gate: String { directory + "/exec.fifo" }
  private var statePath: String { directory + "/state.json" }
  private var configPath: String { directory + "/config.json" }
  private var filterPath: String { directory + "/seccomp" }

  init(record: Record, directory: String) {
    id = record.id
    self.directory = directory
    self.record = record
  }

  /// Reads what `save` wrote; `notFound` when there is nothing.
  init(id: String, directory: String) throws(HullError) {
    self.id = id
    self.directory = directory
    let text = try StateFiles.read(directory + "/state.json")
    do throws(HullError) {
      record = try RuntimeJSON.decode(Record.self, from: text)
    } catch {
      throw HullError(.internalError, "container \(id): its state is unreadable; use delete --force", cause: error)
    }
  }

  func save() throws(HullError) { try StateFiles.replace(statePath, with: try RuntimeJSON.encode(record)) }

  /// Reads the state again, under the lock.
  mutating func reload() throws(HullError) { self = try Container(id: id, directory: directory) }

  func save(config: [UInt8]) throws(HullError) { try StateFiles.replace(configPath, with: config) }
  func config() throws(HullError) -> RuntimeSpec { try RuntimeJSON.decode(RuntimeSpec.self, from: try StateFiles.read(configPath)) }

  /// The hooks of the configuration.
  func hooks() throws(HullError) -> HookPlan { LaunchCompiler.hooks(try config(), bundle: record.bundle) }

  /// Runs the hooks of a stage in which a failure is only a warning: poststart and poststop.
  func run(_ list: [HookPlan.Hook], of hooks: HookPlan, pid: Int32, _ status: RuntimeState.Status, log: Log) {
    do throws(HullError) {
      let runner = HookRunner(id: id, bundle: record.bundle, annotations: hooks.annotations)
      try runner.run(list, pid: pid, status: status.rawValue)
    } catch {
      log.warning(error.description)
    }
  }

  func save(filter: Seccomp.Program) throws(HullError) {
    guard !filter.code.isEmpty else { return }
    try StateFiles.replace(filterPath, with: filter.bytes)
  }

  /// The first process's filter, for those that join it.
  func filter() throws(HullError) -> Seccomp.Program {
    guard StateFiles.exists(filterPath) else { return Seccomp.Program() }
    return try Seccomp.Program(bytes: try StateFiles.read(filterPath)[...])
  }

  func makeGate() throws(HullError) {
    try system { () throws(SystemError) in try checked("mkfifo \(gate)") { mkfifo(gate, 0o600) } }
  }

  /// Where the container is in its life.
  var status: RuntimeState.Status {
    if record.pid == 0 { return .creating }
    guard ProcessTable.started(record.pid) == record.started else { return .stopped }
    if StateFiles.exists(gate) { return .created }
    return record.paused ? .paused : .running
  }

  /// Its process, when there is one.
  var livePid: Int32? { status == .stopped || record.pid == 0 ? nil : record.pid }

  /// What `state` and `list` show.
  func description(_ status: RuntimeState.Status) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = [
      .init("ociVersion", .string(record.ociVersion)), .init("id", .string(id)),
      .init("pid", .integer(status == .stopped ? 0 : Int64(record.pid))), .init("status", .string(status.rawValue)),
      .init("bundle", .string(record.bundle)), .init("rootfs", .string(record.rootfs)), .init("created", .string(record.created)),
    ]
    if let annotations = record.annotations, !annotations.isEmpty {
      members.append(.init("annotations", .object(annotations.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })))
    }
    return members + [.init("owner", "")]
  }
}

enum ProcessTable {
  /// When the process started, in ticks since boot; `nil` when there is none, or only its corpse.
  static func started(_ pid: Int32) -> UInt64? {
    guard let text = try? Files.read("/proc/\(pid)/stat") else { return nil }
    // The name may contain anything: what follows begins after its last parenthesis.
    guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let state = fields[0].first, state != UInt8(ascii: "Z"), state != UInt8(ascii: "X") else { return nil }
    return UInt64(String(decoding: fields[19], as: UTF8.self))
  }
}
