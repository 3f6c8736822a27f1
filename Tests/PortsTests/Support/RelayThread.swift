// SPDX-License-Identifier: Apache-2.0
import Errors
import Foundation
import Glibc
import LinuxSystem
import ShimLoop
import ShimProtocol

@testable import Ports

/// Published ports on a loop that runs in a thread of its own, as in a shim. Work is handed to that thread through a pipe.
final class RelayThread: ReadinessHandler, @unchecked Sendable {
  private let wakeUp: DescriptorPair
  private let loop: EventLoop
  private let ports: PublishedPorts
  private let lock = NSLock()
  private var work: [() -> Void] = []
  private let ended = DispatchSemaphore(value: 0)

  init(transparent: Bool = false, datagramTimeout: Int64 = 90_000, flowLimit: Int = 1024) throws {
    wakeUp = try Descriptors.pipe(flags: O_CLOEXEC | O_NONBLOCK)
    loop = try EventLoop()
    ports = PublishedPorts(loop: loop, datagramTimeout: datagramTimeout, flowLimit: flowLimit)
    ports.transparent = transparent
    loop.watch(wakeUp.first, .readable, self)
    let ended = ended
    let loop = UncheckedBox(loop)
    Thread.detachNewThread {
      var signals = sigset_t()
      sigfillset(&signals)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      loop.value.run()
      ended.signal()
    }
  }

  func hold(_ plans: PortPlan...) throws { try onLoop { ports in try ports.hold(plans) } }

  /// Closes everything and waits until the thread has ended.
  func end() {
    try? onLoop { [loop] ports in
      ports.close()
      loop.stop()
    }
    ended.wait()
    loop.remove(wakeUp.first)
    close(wakeUp.first)
    close(wakeUp.second)
  }

  func onLoop<Result>(_ body: @escaping (PublishedPorts) throws -> Result) throws -> Result {
    let done = DispatchSemaphore(value: 0)
    let box = UncheckedBox<Swift.Result<Result, any Error>?>(nil)
    lock.withLock {
      work.append { [ports] in
        box.value = .init { try body(ports) }
        done.signal()
      }
    }
    var byte: UInt8 = 0
    write(wakeUp.second, &byte, 1)
    done.wait()
    return try box.value!.get()
  }

  func ready(_ events: Readiness) {
    var bytes = [UInt8](repeating: 0, count: 64)
    read(wakeUp.first, &bytes, bytes.count)
    let work = lock.withLock {
      defer { self.work = [] }
      return self.work
    }
    for item in work { item() }
  }
}

/// What is handed from one thread to another while the first waits.
final class UncheckedBox<Value>: @unchecked Sendable {
  var value: Value
  init(_ value: Value) { self.value = value }
}

/// How many descriptors this process has open.
func openDescriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }

struct TimedOut: Error, CustomStringConvertible {
  let description: String
}

/// Waits until `condition` holds, for at most 20 seconds.
func eventually(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = Date().addingTimeInterval(20)
  while !(try condition()) {
    guard Date() < deadline else { throw TimedOut(description: "in vain waited until \(what)") }
    usleep(1000)
  }
}
