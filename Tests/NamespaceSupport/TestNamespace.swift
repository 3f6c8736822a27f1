// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Netlink
import Synchronization

/// A network namespace of a test. It lives as long as this value or a socket in it.
package final class TestNamespace: Sendable {
  package let descriptor: Int32

  package init() throws {
    descriptor = try onThread {
      try Namespaces.unshare(NamespaceFlag.network)
      try RouteSocket.loopbackUp()
      return try Files.open("/proc/thread-self/ns/net", O_RDONLY).take()
    }
  }

  deinit { close(descriptor) }

  /// By which other processes name it.
  package var path: String { "/proc/\(getpid())/fd/\(descriptor)" }

  /// Runs `body` on a thread in the namespace.
  package func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
    let descriptor = descriptor
    return try onThread {
      try Namespaces.enter(descriptor, NamespaceFlag.network)
      return try body()
    }
  }

  /// ip(8) with these arguments, split at blanks.
  package func ip(_ arguments: String...) throws {
    for line in arguments { try command(["ip"] + line.split(separator: " ").map(String.init)) }
  }

  package func nft(_ script: String) throws { try command(["nft", script]) }

  package func write(_ text: String, to path: String) throws { try run { try Files.write(text, to: path) } }
  package func read(_ path: String) throws -> String { try run { try Files.readText(path) } }

  private func command(_ arguments: [String]) throws {
    let status = try run {
      try Processes.reap(try Subprocess.start("/usr/sbin/" + arguments[0], arguments, environment: ["PATH=/usr/sbin:/usr/bin"]))
    }
    if status != 0 { throw CommandFailed(arguments: arguments, status: status) }
  }
}

package struct CommandFailed: Error {
  package let arguments: [String]
  package let status: Int32
}

/// Runs `body` on a thread of its own and gives what it gives. What the thread changes about itself ends with it.
package func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
  let work = ThreadWork(body)
  var thread = pthread_t()
  let started = pthread_create(
    &thread, nil,
    { raw in
      Unmanaged<AnyWork>.fromOpaque(raw!).takeRetainedValue().run()
      return nil
    }, Unmanaged<AnyWork>.passRetained(work).toOpaque())
  precondition(started == 0)
  pthread_join(thread, nil)
  return try work.result.withLock { try $0!.get() }
}

private class AnyWork {
  func run() {}
}

private final class ThreadWork<Value: Sendable>: AnyWork {
  let result = Mutex<Result<Value, any Error>?>(nil)
  private let body: @Sendable () throws -> Value

  init(_ body: @escaping @Sendable () throws -> Value) { self.body = body }

  override func run() {
    let value = Result { try body() }
    result.withLock { $0 = value }
  }
}
