// SPDX-License-Identifier: Apache-2.0
import DockerAPI
import NIOCore

/// A workload's standard streams as one connected socket.
///
/// What is read is exactly Docker's wire format: raw bytes with a terminal, 8-byte headed frames otherwise. What is written is standard input;
/// `shutdown(SHUT_WR)` ends it. The peer closes when the process has ended and all its output is sent.
package struct AttachStream: Sendable {
  /// A connected, blocking-agnostic stream socket. The receiver of this value owns and closes it. -1: nothing more comes after `prelude`.
  package let descriptor: Int32
  /// Whether the bytes are raw (`application/vnd.docker.raw-stream`) and detach keys apply.
  package let terminal: Bool
  /// To be sent before what comes from the socket (`logs=1`).
  package let prelude: LogStream?
  /// Looks for the detach keys in standard input; `nil` when there is nothing to look for.
  package let detachScanner: DetachScanner?
  /// To be called when the keys were found: the client's connection is then closed.
  package let onDetach: @Sendable () async -> Void
}

/// A wait that is already registered: its result cannot be missed.
package struct WaitHandle: Sendable {
  let outcome: @Sendable () async throws -> ContainerWaitResponse

  /// Waits. Throws `CancellationError` when the task is cancelled.
  package func result() async throws -> ContainerWaitResponse { try await outcome() }
}

/// Log lines, framed as the API sends them (8-byte headers unless the container has a terminal). Pulled: a slow reader costs no memory.
package struct LogStream: AsyncSequence, Sendable {
  package typealias Element = ByteBuffer
  /// Whether the frames have no headers.
  package let terminal: Bool
  let source: @Sendable () -> AsyncIterator

  package struct AsyncIterator: AsyncIteratorProtocol {
    let pull: () async throws -> ByteBuffer?
    /// The next chunk of one or more frames; `nil` at the end.
    package mutating func next() async throws -> ByteBuffer? { try await pull() }
  }

  package func makeAsyncIterator() -> AsyncIterator { source() }
}

/// A path inside a container, about to be sent as an archive.
package struct ArchiveSource: Sendable {
  package let stat: PathStat
  let writer: @Sendable (Int32) async throws -> Void

  /// Writes the tar to a descriptor (which stays open and the caller's) and returns when all is written.
  package func write(to descriptor: Int32) async throws { try await writer(descriptor) }
}

/// Lines of progress for load and import: each is sent as one JSON line.
package typealias ProgressSink = @Sendable (ProgressMessage) -> Void
