// SPDX-License-Identifier: Apache-2.0
import Glibc
import Logging

/// The signals a daemon is ended with.
enum Signals {
  private static let handled = [SIGTERM, SIGINT, SIGHUP]

  private static func set() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in handled { sigaddset(&set, number) }
    return set
  }

  /// In the calling thread and all that it starts.
  static func block() {
    var set = set()
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGPIPE, SIG_IGN)
  }

  /// Returns when SIGTERM or SIGINT comes. SIGHUP changes nothing: there is no configuration that could be read again. Meanwhile the daemon gives
  /// memory back when it has nothing to do.
  static func wait(_ logger: Logger) {
    var set = set()
    var idleness = Idleness()
    while true {
      var patience = timespec(tv_sec: idleness.look(), tv_nsec: 0)
      let number = sigtimedwait(&set, nil, &patience)
      guard number > 0 else { continue }
      if number != SIGHUP { return logger.info("stopping: signal \(number)") }
      logger.info("signal 1: there is nothing to read again")
    }
  }
}
