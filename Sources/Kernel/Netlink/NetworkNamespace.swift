// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Entering a network namespace for a moment.
package enum NetworkNamespace {
  /// Runs `body` in the namespace, on the calling thread, and comes back. Threads that `body` starts stay there. When there is no way back the
  /// process ends: whatever it did next would happen in the wrong place.
  package static func visit<Result: ~Copyable>(_ namespace: Int32, _ body: () throws(SystemError) -> Result) throws(SystemError) -> Result {
    let own = try Files.open("/proc/thread-self/ns/net", O_RDONLY)
    try Namespaces.enter(namespace, NamespaceFlag.network)
    defer { if (try? Namespaces.enter(own.number, NamespaceFlag.network)) == nil { abort() } }
    return try body()
  }

  /// Runs `body`, which opens a descriptor, in the namespace on a thread that ends then: the calling one is nowhere else for a moment.
  static func onThread(in namespace: Int32, _ body: () throws(SystemError) -> Int32) throws(SystemError) -> Int32 {
    try withoutActuallyEscaping(body) { (body) throws(SystemError) in
      let errand = Errand(namespace: namespace, body: body)
      var thread = pthread_t()
      var (all, before) = (sigset_t(), sigset_t())
      sigfillset(&all)
      // The new thread takes no signals that are for others.
      pthread_sigmask(SIG_SETMASK, &all, &before)
      let error = pthread_create(&thread, nil, Errand.main, Unmanaged.passUnretained(errand).toOpaque())
      pthread_sigmask(SIG_SETMASK, &before, nil)
      if error != 0 { throw SystemError(error, "pthread_create") }
      pthread_join(thread, nil)
      return try errand.result.get()
    }
  }

  private final class Errand {
    let namespace: Int32
    let body: () throws(SystemError) -> Int32
    var result: Result<Int32, SystemError> = .failure(SystemError(ECANCELED, "setns"))

    init(namespace: Int32, body: @escaping () throws(SystemError) -> Int32) {
      self.namespace = namespace
      self.body = body
    }

    static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
      guard let raw else { return nil }
      let errand = Unmanaged<Errand>.fromOpaque(raw).takeUnretainedValue()
      do throws(SystemError) {
        try Namespaces.enter(errand.namespace, NamespaceFlag.network)
        errand.result = .success(try errand.body())
      } catch { errand.result = .failure(error) }
      return nil
    }
  }
}
