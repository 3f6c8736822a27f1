// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import Testing

@testable import Launch

@Suite struct MountTests {
  @Test func aBindMountShowsTheSource() throws {
    let box = try Fixture()
    try Files.makeDirectories(box.directory + "/data")
    try box.write("data/a", "one")
    try box.write("single", "two")
    let result = try box.run("cat /mnt/data/a /mnt/single; echo three > /mnt/data/b") {
      $0.mounts.append(box.bind(box.directory + "/data", "/mnt/data"))
      $0.mounts.append(box.bind(box.directory + "/single", "/mnt/single"))
    }
    #expect(result.exit == 0 && result.output == "onetwo", "\(result)")
    #expect(try Files.readText(box.directory + "/data/b") == "three")
    try box.expectNothingLeft()
  }

  @Test func aReadOnlyBindMountRefusesWrites() throws {
    let box = try Fixture()
    try Files.makeDirectories(box.directory + "/data")
    let result = try box.run("touch /data/x; grep ' /data ' /proc/mounts") {
      $0.mounts.append(box.bind(box.directory + "/data", "/data", flags: MountFlag.readOnly | MountFlag.noSuid | MountFlag.noExec))
    }
    #expect(result.output.contains("/data/x: Read-only file system"))
    #expect(result.output.contains("ro,nosuid,noexec,relatime"), "\(result)")
  }

  @Test func recursiveAttributesReachMountsBelow() throws {
    let box = try Fixture()
    let script = "touch /copy/shm/x; touch /copy/y; echo done"
    let result = try box.run(script) {
      var bind = box.bind("/dev", "/copy")
      bind.recursiveSet = MountAttribute.readOnly
      $0.mounts.append(bind)
    }
    #expect(result.output.contains("/copy/shm/x: Read-only file system") && result.output.contains("/copy/y: Read-only"), "\(result)")
  }

  @Test func propagationIsSetOnTheMount() throws {
    let box = try Fixture()
    let result = try box.run("grep -E ' /(shared|private) ' /proc/self/mountinfo") {
      var shared = box.mount("tmpfs", "t", "/shared")
      shared.propagation = MountFlag.shared
      var hidden = box.bind("/tmp", "/private")
      hidden.propagation = MountFlag.private | MountFlag.recursive
      $0.mounts += [shared, hidden]
    }
    let lines = result.outputLines
    #expect(lines.count == 2 && lines.contains { $0.contains(" /shared ") && $0.contains("shared:") }, "\(result)")
    #expect(lines.contains { $0.contains(" /private ") && !$0.contains("shared:") && !$0.contains("master:") })
  }

  @Test func aLinkInTheImageLeadsNoMountOutside() throws {
    let box = try Fixture()
    try Files.makeDirectories(box.directory + "/outside")
    symlink(box.directory + "/outside", box.directory + "/rootfs/absolute")
    symlink("../../../../../../../.." + box.directory + "/outside", box.directory + "/rootfs/relative")
    symlink("/tmp/not/there", box.directory + "/rootfs/dangling")
    let result = try box.run("ls -d /absolute/a /relative/b /dangling/c /tmp/not/there/c && cat /proc/mounts") {
      for path in ["/absolute/a", "/relative/b", "/dangling/c", "/../../climbed"] { $0.mounts.append(box.mount("tmpfs", "t", path)) }
    }
    #expect(result.exit == 0, "\(result)")
    #expect(result.output.contains(" /tmp/not/there/c ") && result.output.contains(" /climbed "))
    #expect(access(box.directory + "/outside/a", F_OK) != 0 && access(box.directory + "/outside/b", F_OK) != 0)
    try box.expectNothingLeft()
  }

  @Test func procMayNotBeALinkNorBeCovered() throws {
    let box = try Fixture()
    let covered = try box.run("true") { $0.mounts.append(box.mount("tmpfs", "t", "/proc/self")) }
    #expect(covered.error?.contains("mount inside proc") == true, "\(covered)")
    symlink("/proc", box.directory + "/rootfs/alias")
    let aliased = try box.run("true") { $0.mounts.append(box.bind("/tmp", "/alias/sys")) }
    #expect(aliased.error?.contains("mount inside proc") == true, "\(aliased)")
    try box.write("version", "7")
    let allowed = try box.run("cat /proc/uptime") { $0.mounts.append(box.bind(box.directory + "/version", "/proc/uptime")) }
    #expect(allowed.output == "7", "\(allowed)")
    rmdir(box.directory + "/rootfs/proc")
    symlink("/tmp", box.directory + "/rootfs/proc")
    let linked = try box.run("true")
    #expect(linked.error?.contains("proc must be mounted on an ordinary directory") == true, "\(linked)")
    try box.expectNothingLeft()
  }

  @Test func aMissingSourceIsNamed() throws {
    let box = try Fixture()
    let result = try box.run("true") { $0.mounts.append(box.bind("/not/there", "/data")) }
    #expect(result.error == "internal error: mount /not/there on /data: open_tree /not/there: no such file or directory")
    try box.expectNothingLeft()
  }

  @Test func aTmpfsLooksLikeTheDirectoryItHides() throws {
    let box = try Fixture()
    try Files.makeDirectories(box.directory + "/rootfs/cache/deep")
    chmod(box.directory + "/rootfs/cache", 0o2750)
    let result = try box.run("stat -c %a /cache /fresh /given; ls /cache; touch /locked/x") {
      $0.mounts.append(box.mount("tmpfs", "t", "/cache"))
      $0.mounts.append(box.mount("tmpfs", "t", "/fresh"))
      $0.mounts.append(box.mount("tmpfs", "t", "/given", data: "mode=0700"))
      $0.mounts.append(box.mount("tmpfs", "t", "/locked", flags: MountFlag.readOnly))
      $0.mounts.append(box.mount("tmpfs", "t", "/locked/inside"))
    }
    #expect(result.outputLines == ["2750", "1777", "700", "touch: /locked/x: Read-only file system"], "\(result)")
  }

  @Test func aTmpfsCanBeginWithWhatTheImageHas() throws {
    let box = try Fixture()
    try Files.makeDirectories(box.directory + "/rootfs/srv/deep/er")
    try box.write("rootfs/srv/deep/file", "text", mode: 0o640)
    chown(box.directory + "/rootfs/srv/deep/file", 7, 8)
    symlink("deep/file", box.directory + "/rootfs/srv/link")
    mknod(box.directory + "/rootfs/srv/fifo", S_IFIFO | 0o600, 0)
    let result = try box.run("cd /srv; cat link; stat -c '%n %a %u %g %F' deep/file fifo deep/er; touch new") {
      var mount = box.mount("tmpfs", "t", "/srv", data: "size=1m")
      mount.copyUp = true
      $0.mounts.append(mount)
    }
    #expect(result.output == "textdeep/file 640 7 8 regular file\nfifo 600 0 0 fifo\ndeep/er 755 0 0 directory", "\(result)")
    #expect(access(box.directory + "/upper/srv/new", F_OK) != 0)
  }

  @Test func inRootPathsStayInside() throws {
    let box = try Fixture()
    let root = try Files.open(box.directory + "/rootfs", O_RDONLY | O_DIRECTORY)
    symlink("/etc", box.directory + "/rootfs/elsewhere")
    let made = try InRoot.makeDirectories(root.number, "/elsewhere/../../../made/here")
    #expect(try Files.status(of: made.number).isDirectory)
    #expect(access(box.directory + "/rootfs/made/here", F_OK) == 0)
    _ = try InRoot.makeFile(root.number, "elsewhere/new")
    #expect(access(box.directory + "/rootfs/etc/new", F_OK) == 0)
    symlink("loop", box.directory + "/rootfs/loop")
    #expect(throws: SystemError.self) { _ = try InRoot.makeDirectories(root.number, "loop/x") }
    #expect(throws: SystemError.self) { _ = try InRoot.open(root.number, "/proc/self/root", O_RDONLY) }
  }

  @Test func aDetachedUnionCanBeReadWithoutAnyMountOnTheHost() throws {
    let box = try Fixture()
    let union = try UnionMount.detached(lower: [box.directory + "/rootfs"], upper: box.directory + "/upper", work: box.directory + "/work")
    #expect(try Files.readText("etc/group", at: union.number).hasPrefix("root:x:0:"))
    close(try Files.open("made", O_CREAT | O_WRONLY, mode: 0o600, at: union.number).take())
    #expect(access(box.directory + "/upper/made", F_OK) == 0)
    let readable = try UnionMount.detached(lower: [box.directory + "/rootfs"])
    #expect(throws: SystemError.self) { _ = try Files.open("made", O_CREAT | O_WRONLY, mode: 0o600, at: readable.number) }
    try box.expectNothingLeft()
  }
}
