// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc

/// A directory of this process's own under TMPDIR.
enum TemporaryDirectory {
  static func make(_ name: String) throws -> String {
    var template = Array("\(Environment.value("TMPDIR") ?? "/tmp")/\(name).XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw HullError(.internalError, "cannot make a temporary directory: \(errorText())") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes the tree; symbolic links are not followed.
  static func remove(_ path: String) {
    var info = stat()
    guard lstat(path, &info) == 0 else { return }
    guard info.st_mode & S_IFMT == S_IFDIR else {
      unlink(path)
      return
    }
    for name in (try? TreeArchive.children(path)) ?? [] { remove("\(path)/\(name)") }
    rmdir(path)
  }
}

/// Debian packages, through apt.
enum Packages {
  /// Installs a program's package when the program is missing, and says so.
  static func need(_ program: String, package: String, _ progress: Progress?) throws {
    if ChildProcess.find(program) != nil { return }
    guard getuid() == 0 else { throw HullError(.forbidden, "\(program) is missing: run 'apt-get install \(package)' as root") }
    guard ChildProcess.find("apt-get") != nil else { throw HullError(.notFound, "\(program) is missing, and there is no apt-get to install it with") }
    progress?.begin("installing the package \(package), which provides \(program)")
    if apt(["install", "-y", "--no-install-recommends", package]) != nil {
      progress?.begin("refreshing apt's package lists")
      _ = apt(["update"])
      progress?.begin("installing the package \(package), which provides \(program)")
      if let failure = apt(["install", "-y", "--no-install-recommends", package]) {
        throw HullError(.unavailable, "apt-get could not install \(package): \(failure)")
      }
    }
  }

  /// Downloads a package's file into a directory.
  static func download(_ package: String, into directory: String, _ progress: Progress?) throws {
    guard ChildProcess.find("apt-get") != nil else {
      throw HullError(.notFound, "\(package) is not installed, and there is no apt-get to download it with")
    }
    if apt(["download", package], in: directory) == nil { return }
    progress?.begin("refreshing apt's package lists")
    _ = apt(["update"])
    if let failure = apt(["download", package], in: directory) { throw HullError(.unavailable, "apt-get could not download \(package): \(failure)") }
  }

  /// `nil` when apt succeeded, otherwise its last words.
  private static func apt(_ words: [String], in directory: String? = nil) -> String? {
    let command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "DPkg::Lock::Timeout=120"] + words
    let whole = ["env"] + (directory.map { ["--chdir=\($0)"] } ?? []) + ["DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"] + command
    do {
      let child = try ChildProcess(whole, output: .null, errors: .pipe)
      let text = String(decoding: try Files.readAll(child.errors, path: "apt-get"), as: UTF8.self)
      let status = child.wait()
      let last = text.split(separator: "\n").last(where: { $0.hasPrefix("E:") }) ?? text.split(separator: "\n").last
      return status == 0 ? nil : last.map(String.init) ?? "status \(status)"
    } catch {
      return String(describing: error)
    }
  }
}
