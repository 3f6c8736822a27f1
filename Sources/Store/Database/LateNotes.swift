// SPDX-License-Identifier: Apache-2.0
import GRDB
import Synchronization
import Threads

/// What nobody waits for, such as the time of the last use: collected for a moment and written together, when those who asked have their answers.
final class LateNotes: Sendable {
  typealias Note = @Sendable (GRDB.Database) throws -> Void

  /// Long enough for an answer to be sent, and for what follows at once to be written with it.
  private let afterwards = Afterwards(.milliseconds(50))
  private let pool: DatabasePool
  private let pending = Mutex<[Note]>([])

  init(_ pool: DatabasePool) { self.pool = pool }

  func add(_ note: @escaping Note) {
    pending.withLock { $0.append(note) }
    afterwards.run { [self] in write() }
  }

  /// Writes what was noted until now. Blocking.
  func write() { pool.writeWithoutTransaction { write($0) } }

  /// Takes them only here, where one is at a time: who wants to read them waits for who writes them.
  private func write(_ database: GRDB.Database) {
    let notes = pending.withLock { pending in
      defer { pending = [] }
      return pending
    }
    guard !notes.isEmpty else { return }
    try? database.withoutFlush {
      for note in notes {
        // One that fails leaves nothing, and keeps none of the others back.
        try? database.inSavepoint {
          try note(database)
          return .commit
        }
      }
    }
  }
}

extension GRDB.Database {
  /// One transaction whose commit the kernel writes to the disk when it likes.
  func withoutFlush(_ body: () throws -> Void) throws {
    try flushesCommits(false)
    defer { try? flushesCommits(true) }
    try inTransaction {
      try body()
      return .commit
    }
  }

  /// Whether the connection's commits are on disk when they return: in WAL mode `synchronous = FULL`, otherwise `NORMAL`.
  func flushesCommits(_ flushes: Bool) throws { try execute(sql: "PRAGMA synchronous = \(flushes ? "FULL" : "NORMAL")") }
}
