// SPDX-License-Identifier: Apache-2.0
import CLinux
import Errors
import Glibc
import LinuxSystem

/// The last part of the way, the same for a container's first process and for one that joins it: from root behind the wall to the
/// program, with its user, its rights, and nothing else open.
struct ProcessStart {
  let process: ProcessPlan
  let stdio: StdioDescriptors
  private var channel: LaunchChannel
  var gate: Int32 = -1
  var terminal: Int32 = -1
  /// The launching process has set limits and OOM score, because this one may not.
  var limitsAreSet = false
  var newSessionKeyring = true
  var hooks: (runner: HookRunner, list: [HookPlan.Hook])?
  private var labels: [SecurityLabel] = []
  private var null: Int32 = -1

  init(_ process: ProcessPlan, stdio: StdioDescriptors, channel: LaunchChannel) {
    self.process = process
    self.stdio = stdio
    self.channel = channel
  }

  /// The host's null device, for the case that the container has none.
  mutating func openNull() throws(HullError) {
    if process.terminal || (stdio.stdin >= 0 && stdio.stdout >= 0 && stdio.stderr >= 0) { return }
    null = try step("set up the standard streams") { () throws(SystemError) in try Files.open("/dev/null", O_RDWR).take() }
  }

  /// Be killed when the launching process dies, and see whether it just has.
  func followParent() throws(HullError) {
    try step("follow the launching process") { () throws(SystemError) in
      try Processes.control(ProcessOption.parentDeathSignal, UInt(SIGKILL))
    }
    if channel.isAbandoned { _exit(125) }
  }

  /// What goes through the host's `/proc`.
  mutating func prepareWhileProcIsReachable() throws(HullError) {
    if !limitsAreSet, let score = process.oomScoreAdj { warn(try OOMScore.set(score, process: "self")) }
    labels = try SecurityLabel.open(for: process)
  }

  mutating func setLimits() throws(HullError) {
    if !limitsAreSet { warn(try RlimitSetter.apply(process.rlimits, pid: 0)) }
    limitsAreSet = true
  }

  mutating func run() throws(HullError) -> Never {
    try setLimits()
    try connectStreams()
    // Descriptors of the host must be gone before anything is looked up by a name that the container controls.
    closeEverythingElse()
    let user = try UserLookup.find(process.user)
    try giveStreams(to: user.uid)
    if newSessionKeyring { try? Confinement.newSessionKeyring() }
    if process.noNewPrivileges {
      try step("set no-new-privileges") { () throws(SystemError) in try Processes.control(ProcessOption.noNewPrivileges, 1) }
    }
    // Without no-new-privileges a filter can only be installed by root; with it, as late as possible.
    if !process.noNewPrivileges { try installFilter() }
    try become(user)
    umask(process.umask ?? 0o022)
    let environment = completed(process.environment, home: user.home)
    let command = try CommandLookup.find(process.arguments[0], environment: environment)
    try waitAtGate()
    if let hooks { try hooks.runner.run(hooks.list, pid: getpid(), status: "created") }
    hull_reset_signals()
    for label in labels { try label.set() }
    try execute(command, environment)
  }

  /// Tells the launching process, or whoever reads the standard error after the gate, and ends.
  func fail(_ error: HullError) -> Never {
    if channel.descriptor >= 0 {
      channel.send(.failed(code: error.code.rawValue, message: error.description))
    } else {
      let text = Array("\(error)\n".utf8)
      _ = text.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
    _exit(error.code == .commandNotFound ? 127 : error.code == .commandNotExecutable ? 126 : 125)
  }

  private func warn(_ warnings: [String]) { for warning in warnings { channel.send(.warning(warning)) } }

  // MARK: streams

  private func connectStreams() throws(HullError) {
    try step("set up the standard streams") { () throws(SystemError) in
      if terminal >= 0 { try Pty.takeControl(terminal) }
      let sources = terminal >= 0 ? [terminal, terminal, terminal] : [stdio.stdin, stdio.stdout, stdio.stderr]
      var copies: [Int32] = []
      // Out of the way of 0, 1 and 2, which they may be themselves.
      for source in sources { copies.append(try Descriptors.duplicate(source < 0 ? null : source).take()) }
      for (target, copy) in copies.enumerated() { try checked("dup2") { dup2(copy, Int32(target)) } }
    }
  }

  /// A program that is not root must be able to open /dev/stdout again. Where that cannot be, it is as it is. And the null device becomes
  /// the container's: through the host's the container could change that node's mode.
  private func giveStreams(to owner: UInt32) throws(HullError) {
    try step("set up the standard streams") { () throws(SystemError) in
      for fd in Int32(0)...2 {
        let status = try Files.status(of: fd)
        if status.isCharacterDevice(1, 3) {
          if null >= 0 { try useOwnNull(fd) }
        } else if status.st_uid != owner, fchown(fd, owner, UInt32.max) != 0, ![EINVAL, EPERM, EROFS, ENOSYS].contains(errno) {
          throw SystemError(errno, "fchown")
        }
      }
    }
  }

  private func useOwnNull(_ fd: Int32) throws(SystemError) {
    guard let own = try? Files.open("/dev/null", O_RDWR | O_NOFOLLOW | O_NONBLOCK), try Files.status(of: own.number).isCharacterDevice(1, 3) else {
      return
    }
    try checked("dup2") { dup2(own.number, fd) }
  }

  private func closeEverythingElse() {
    var first = 3 + process.preservedDescriptors
    let kept = ([channel.descriptor, gate] + labels.map(\.descriptor)).filter { $0 >= 0 }.map { UInt32($0) }.sorted()
    for fd in kept {
      if fd > first { _ = hull_close_range(first, fd - 1, 0) }
      first = max(first, fd + 1)
    }
    _ = hull_close_range(first, UInt32.max, 0)
  }

  // MARK: rights

  private func installFilter() throws(HullError) {
    if process.seccompProgram.isEmpty { return }
    channel.send(.committed)
    try step("install the seccomp filter") { () throws(SystemError) in
      try Confinement.installFilter(process.seccompProgram, flags: process.seccompFlags)
    }
  }

  private func become(_ user: UserIdentity) throws(HullError) {
    let available = try step("read the capabilities") { () throws(SystemError) in try Capabilities.permitted() }
    var sets = process.capabilities
    let missing = sets.permitted & ~available
    if missing != 0 { channel.send(.warning("this system does not allow capabilities \(CapabilityNames.list(missing)): left out")) }
    sets.permitted &= available
    sets.effective &= sets.permitted
    sets.inheritable &= available
    sets.ambient &= sets.permitted & sets.inheritable
    try step("limit the capabilities") { () throws(SystemError) in
      try Capabilities.limitBounding(to: sets.bounding)
      try Processes.control(ProcessOption.keepCapabilities, 1)
    }
    let isThere = try enterDirectory(mayRetry: true)
    try step("become user \(user.uid)") { () throws(SystemError) in
      try Identity.setGroups(user.groups)
      try Identity.set(uid: user.uid, gid: user.gid)
    }
    if !isThere { _ = try enterDirectory(mayRetry: false) }
    try step("set the capabilities") { () throws(SystemError) in
      try Processes.control(ProcessOption.keepCapabilities, 0)
      try Capabilities.set(effective: sets.effective, permitted: sets.permitted, inheritable: sets.inheritable)
      try Capabilities.setAmbient(sets.ambient)
    }
  }

  /// `false`: root may not go there, the user perhaps may.
  private func enterDirectory(mayRetry: Bool) throws(HullError) -> Bool {
    let path = process.cwd.isEmpty ? "/" : process.cwd
    if chdir(path) != 0 {
      if mayRetry && (errno == EACCES || errno == EPERM) { return false }
      let code: HullError.Code = errno == ENOENT ? .commandNotFound : .commandNotExecutable
      throw HullError(code, "chdir to cwd (\"\(path)\") set in config.json failed: \(errorText(errno))")
    }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    guard hull_getcwd(&buffer, buffer.count) > 0, buffer[0] == 0x2f else {
      throw HullError(.commandNotExecutable, "current working directory is outside of container mount namespace root")
    }
    return true
  }

  // MARK: the end

  private func completed(_ environment: [String], home: String) -> [String] {
    environment.contains { $0.hasPrefix("HOME=") && $0 != "HOME=" } ? environment : environment.filter { $0 != "HOME=" } + ["HOME=\(home)"]
  }

  private mutating func waitAtGate() throws(HullError) {
    guard gate >= 0 else { return }
    channel.send(.atGate)
    close(channel.descriptor)
    channel = LaunchChannel(descriptor: -1)
    try step("wait at the start gate") { () throws(SystemError) in
      while try !Descriptors.waitReadable(gate, milliseconds: -1) {}
    }
    close(gate)
  }

  private func execute(_ command: String, _ environment: [String]) throws(HullError) -> Never {
    let arguments = CStringList(process.arguments)
    let variables = CStringList(environment)
    // A change of user has cleared it.
    if process.dieWithParent { try followParent() }
    channel.send(.committed)
    if process.noNewPrivileges { try installFilter() }
    execve(command, arguments.pointer, variables.pointer)
    throw CommandLookup.failure(command, errno)
  }
}
