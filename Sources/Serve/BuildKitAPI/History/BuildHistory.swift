// SPDX-License-Identifier: Apache-2.0
import Archive
import BuildKitProtocol
import Errors
import OCISpec
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
    var ended: [String: ControlBuildHistoryRecord] = [:]
    var running: [String: ControlBuildHistoryRecord] = [:]
  }
  /// Held while files are read and written: who takes it may block.
  private let state = Monitor(State())
  private let listeners = HistoryListeners()
  private let directory: String
  private let mostBytes: Int64

  /// - Parameters:
  ///   - directory: where ended builds are kept; not touched before something is asked or told.
  ///   - mostBytes: of logs, traces, attestations and options, those of pinned builds too; the newest build stays in any case.
  init(directory: String, mostBytes: Int64 = 256 << 20) { (self.directory, self.mostBytes) = (directory, mostBytes) }

  /// The state, with the files read in. Blocking.
  private func open<Result>(_ body: (inout State, HistoryFiles) throws(HullError) -> Result) throws(HullError) -> Result {
    try state.with { (state) throws(HullError) in
      if let files = state.files { return try body(&state, files) }
      let files = try HistoryFiles(directory)
      for record in try files.load() { state.ended[record.ref] = record }
      state.files = files
      return try body(&state, files)
    }
  }

  // MARK: Builds

  /// A build begins. Blocking.
  func begin(_ record: ControlBuildHistoryRecord) throws(HullError) {
    try open { (state, _) throws(HullError) in
      state.running[record.ref] = record
      tell(.started, record)
    }
  }

  /// A build has ended. Blocking.
  func end(_ outcome: EndedBuild) throws(HullError) {
    try open { (state, files) throws(HullError) in
      state.running[outcome.record.ref] = nil
      let record = try outcome.stored(in: files)
      try files.put(record)
      let earlier = state.ended.updateValue(record, forKey: record.ref)
      if let earlier { files.remove(blobsOf: earlier, keeping: Self.blobs(state)) }
      tell(.complete, record)
      for old in surplus(state.ended) { remove(old, files, &state) }
    }
  }

  private func surplus(_ records: [String: ControlBuildHistoryRecord]) -> [ControlBuildHistoryRecord] {
    let newest = records.values.filter { !$0.pinned }.sorted { $0.completedAt.seconds > $1.completedAt.seconds }
    guard let latest = newest.first?.completedAt.seconds else { return [] }
    let old = newest.prefix(Self.most).dropFirst(Self.usual).filter { $0.completedAt.seconds < latest - Self.age }
    return old + Array(newest.dropFirst(Self.most)) + tooLarge(newest.prefix(Self.most), pinned: records.values.filter(\.pinned))
  }

  /// Of the newest first those beyond the limit in bytes.
  private func tooLarge(
    _ newest: ArraySlice<ControlBuildHistoryRecord>, pinned: [ControlBuildHistoryRecord]
  ) -> [ControlBuildHistoryRecord] {
    var total = pinned.reduce(0) { $0 + $1.size }
    return newest.dropFirst().filter { record in
      total += record.size
      return total > mostBytes
    }
  }

  private static func blobs(_ state: State) -> Set<String> { Set(state.ended.values.flatMap(\.blobs)) }

  private func remove(_ record: ControlBuildHistoryRecord, _ files: HistoryFiles, _ state: inout State) {
    state.ended[record.ref] = nil
    files.remove(record, keeping: Self.blobs(state))
    var gone = ControlBuildHistoryRecord()
    gone.ref = record.ref
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
      state.ended[ref] = record
      tell(.complete, record)
    }
  }

  /// Forgets an ended build. Throws `notFound`. Blocking.
  func delete(_ ref: String) throws(HullError) {
    try open { (state, files) throws(HullError) in
      guard let record = state.ended[ref] else { throw Self.missing(ref) }
      remove(record, files, &state)
    }
  }

  /// Those that run, then those that have ended. Blocking.
  func events(_ request: ControlBuildHistoryRequest) throws(HullError) -> [ControlBuildHistoryEvent] {
    let filter = try HistoryFilter(request.filter)
    return try open { (state, _) throws(HullError) in
      func events(_ records: [String: ControlBuildHistoryRecord], _ type: ControlBuildHistoryEventType) -> [ControlBuildHistoryEvent] {
        let fitting = records.values.filter { (request.ref.isEmpty || $0.ref == request.ref) && filter.matches($0) }
        return fitting.sorted { $0.createdAt.seconds > $1.createdAt.seconds }.map { Self.event(type, $0) }
      }
      let ended = request.activeOnly ? [] : events(state.ended, .complete)
      return events(state.running, .started) + (request.limit > 0 ? Array(ended.prefix(Int(request.limit))) : ended)
    }
  }

  /// What happens from now on.
  func listen() -> AsyncStream<ControlBuildHistoryEvent> { listeners.listen() }

  /// The progress of an ended build; `nil`: it is not here, or is built again just now. Blocking.
  func log(_ ref: String) throws(HullError) -> [ControlStatusResponse]? {
    try open { (state, files) throws(HullError) in
      guard state.running[ref] == nil, let record = state.ended[ref] else { return nil }
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
