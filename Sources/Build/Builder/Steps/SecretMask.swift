// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Makes secrets unreadable in what a command writes, also those that it writes in pieces.
///
/// What may be the beginning of a secret waits for what follows, but not for longer than `patience`: a command may be asking somebody a question.
final class SecretMask: Sendable {
  private static let shown = Array("*****".utf8)
  /// Shorter ones are no secrets, and would be found everywhere.
  private static let shortest = 4

  private struct State {
    /// What is held back, by stream.
    var held: [Int: [UInt8]] = [:]
    /// Counts what was written: who has waited knows by it whether something came.
    var writes = 0
  }

  /// Longer ones first.
  private let secrets: [[UInt8]]
  /// By value: whether a secret begins with that byte.
  private let begins: [Bool]
  private let patience: Duration
  private let output: StepOutput
  private let state = Mutex(State())

  /// - Parameter output: one call at a time.
  init(_ secrets: [[UInt8]], patience: Duration = .seconds(1), output: @escaping StepOutput) {
    let newline = UInt8(ascii: "\n")
    // A file ends with a new line; who prints what it says may leave that out.
    let all = Set(secrets + secrets.map { $0.last == newline ? Array($0.dropLast()) : $0 })
    let hidden = all.filter { $0.count >= Self.shortest }.sorted { $0.count > $1.count }
    self.secrets = hidden
    let first = Set(hidden.compactMap(\.first))
    begins = (0...UInt8.max).map { first.contains($0) }
    self.patience = patience
    self.output = output
  }

  func write(_ stream: Int, _ bytes: [UInt8]) {
    guard !secrets.isEmpty else { return output(stream, bytes) }
    let waiting = state.withLock { state -> Int? in
      state.writes += 1
      let (ready, rest) = masked((state.held[stream] ?? []) + bytes)
      state.held[stream] = rest
      if !ready.isEmpty { output(stream, ready) }
      return rest.isEmpty ? nil : state.writes
    }
    guard let waiting else { return }
    Task { [patience] in
      try? await Task.sleep(for: patience)
      flush(after: waiting)
    }
  }

  /// Nothing more comes.
  func finish() { flush(after: nil) }

  /// - Parameter writes: only when nothing was written since then.
  private func flush(after writes: Int?) {
    state.withLock { state in
      guard writes == nil || writes == state.writes else { return }
      for (stream, bytes) in state.held.sorted(by: { $0.key < $1.key }) where !bytes.isEmpty { output(stream, bytes) }
      state.held = [:]
    }
  }

  /// Bytes with their secrets replaced, and those at the end that may be the beginning of one.
  private func masked(_ bytes: [UInt8]) -> (ready: [UInt8], rest: [UInt8]) {
    var ready: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard begins[Int(bytes[index])] else {
        ready.append(bytes[index])
        index += 1
        continue
      }
      let rest = bytes[index...]
      if secrets.contains(where: { $0.count > rest.count && $0.starts(with: rest) }) { return (ready, Array(rest)) }
      if let secret = secrets.first(where: { rest.starts(with: $0) }) {
        ready += Self.shown
        index += secret.count
      } else {
        ready.append(bytes[index])
        index += 1
      }
    }
    return (ready, [])
  }
}
