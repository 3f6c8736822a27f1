// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Errors
import OCISpec
import Synchronization
import Threads

/// Builds that run, and those that have ended: as many as BuildKit keeps, over restarts of the daemon.
final class BuildHistory: Sendable {
  /// Of more than so many the oldest go once they are old enough…
  static let usual = 50
  static let age: Int64 = 48 * 3600
  /// …and of more than so many in any case; pinned ones stay.
  static let most = 500

  private struct State {
    var files: HistoryFiles?
    var ended = EndedBuilds()
  }
  /// Held while files are read and written: who takes it may block.
  private let state = Monitor(State())
  private let running = Mutex<[String: ControlBuildHistoryRecord]>([:])
  /// Builds that have ended and are not written down yet.
  private let unwritten = Mutex<[EndedBuild]>([])
  /// What has ended is written down when its client has the answer.
  private let afterwards = Afterwards(.milliseconds(50))
  private let listeners = HistoryListeners()
  private let directory: String
  private let mostBytes: Int64

  /// - Parameters:
  ///   - directory: where ended builds are kept; not touched before something is asked or told.
  ///   - mostBytes: of logs, traces, attestations and options, those of pinned builds too; the newest build stays in any case.
  init(directory: String, mostBytes: Int64 = 256 << 20) { (self.directory, self.mostBytes) = (directory, mostBytes) }

  /// The state, with the files read in and everything written down that has ended. Blocking.
  private func open<Result>(_ body: (inout State, HistoryFiles) throws(HullError) -> Result) throws(HullError) -> Result {
    try state.with { (state) throws(HullError) in
      let files = try settled(&state)
      return try body(&state, files)
    }
  }

  private func settled(_ state: inout State) throws(HullError) -> HistoryFiles {
    let outcomes = unwritten.withLock { unwritten in
      defer { unwritten = [] }
      return unwritten
    }
    let files = try self.files(&state)
    // A build that cannot be kept in the history is a build nevertheless.
    for outcome in outcomes { try? write(outcome, files, &state) }
    return files
  }

  private func files(_ state: inout State) throws(HullError) -> HistoryFiles {
    if let files = state.files { return files }
    let files = try HistoryFiles(directory)
    for record in try files.load() { files.remove(blobs: state.ended.put(record)) }
    state.files = files
    return files
  }

  // MARK: Builds

  /// A build begins.
  func begin(_ record: ControlBuildHistoryRecord) {
    running.withLock { $0[record.ref] = record }
    tell(.started, record)
  }

  /// A build has ended. It is written down a moment later; whoever asks finds it.
  func end(_ outcome: EndedBuild) {
    unwritten.withLock { $0.append(outcome) }
    running.withLock { $0[outcome.ref] = nil }
    if listeners.isEmpty { afterwards.run { [self] in try? settle() } } else { Task { try? await Blocking.run { [self] in try settle() } } }
  }

  /// Writes down what has ended. Blocking.
  func settle() throws(HullError) {
    try state.with { (state) throws(HullError) in
      if unwritten.withLock({ !$0.isEmpty }) { _ = try settled(&state) }
    }
  }

  private func write(_ outcome: EndedBuild, _ files: HistoryFiles, _ state: inout State) throws(HullError) {
    let record = try outcome.stored(in: files)
    try files.put(record)
    files.remove(blobs: state.ended.put(record))
    tell(.complete, record)
    while let old = state.ended.surplus(mostBytes: mostBytes) { remove(old, files, &state) }
  }

  private func remove(_ ref: String, _ files: HistoryFiles, _ state: inout State) {
    files.remove(record: ref)
    files.remove(blobs: state.ended.remove(ref))
    var gone = ControlBuildHistoryRecord()
    gone.ref = ref
    tell(.deleted, gone)
  }

  // MARK: Clients

  /// Pins a record, or lets go of it. Throws `notFound`. Blocking.
  func pin(_ ref: String, _ pinned: Bool) throws(HullError) {
    try open { (state, files) throws(HullError) in
      guard var record = state.ended[ref] else { throw Self.missing(ref) }
      guard record.pinned != pinned else { return }
      record.pinned = pinned
      record.generation += 1
      try files.put(record)
      files.remove(blobs: state.ended.put(record))
      tell(.complete, record)
    }
  }

  /// Forgets an ended build. Throws `notFound`. Blocking.
  func delete(_ ref: String) throws(HullError) {
    try open { (state, files) throws(HullError) in
      guard state.ended[ref] != nil else { throw Self.missing(ref) }
      remove(ref, files, &state)
    }
  }

  /// Those that run, then those that have ended. Blocking.
  func events(_ request: ControlBuildHistoryRequest) throws(HullError) -> [ControlBuildHistoryEvent] {
    let filter = try HistoryFilter(request.filter)
    let begun = running.withLock { $0 }
    return try open { (state, _) throws(HullError) in
      func events(_ records: some Sequence<ControlBuildHistoryRecord>, _ type: ControlBuildHistoryEventType) -> [ControlBuildHistoryEvent] {
        let fitting = records.filter { (request.ref.isEmpty || $0.ref == request.ref) && filter.matches($0) }
        return fitting.sorted { $0.createdAt.seconds > $1.createdAt.seconds }.map { Self.event(type, $0) }
      }
      let ended = request.activeOnly ? [] : events(state.ended.records.values, .complete)
      // Those that have ended meanwhile are among the ended.
      let still = running.withLock { $0 }
      return events(begun.values.filter { still[$0.ref] != nil }, .started) + (request.limit > 0 ? Array(ended.prefix(Int(request.limit))) : ended)
    }
  }

  /// What happens from now on.
  func listen() -> AsyncStream<ControlBuildHistoryEvent> { listeners.listen() }

  /// The progress of an ended build; `nil`: it is not here, or is built again just now. Blocking.
  func log(_ ref: String) throws(HullError) -> [ControlStatusResponse]? {
    guard running.withLock({ $0[ref] == nil }) else { return nil }
    return try open { (state, files) throws(HullError) in
      guard let record = state.ended[ref] else { return nil }
      guard record.hasLogs, let bytes = files.read(blob: record.logs.digest) else { return [] }
      return try HistoryLog.messages(bytes)
    }
  }

  /// Where a blob of a record lies; `nil`: there is none of that digest. Blocking.
  func path(of digest: Digest) throws(HullError) -> String? { try open { (_, files) throws(HullError) in files.path(of: digest) } }

  private static func missing(_ ref: String) -> HullError { HullError(.notFound, "build \(ref) is not in the history") }

  private func tell(_ type: ControlBuildHistoryEventType, _ record: ControlBuildHistoryRecord) { listeners.tell(Self.event(type, record)) }

  private static func event(_ type: ControlBuildHistoryEventType, _ record: ControlBuildHistoryRecord) -> ControlBuildHistoryEvent {
    var event = ControlBuildHistoryEvent()
    (event.type, event.record) = (type, record)
    return event
  }
}
