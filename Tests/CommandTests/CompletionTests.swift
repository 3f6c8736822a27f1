// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import HullCommands

@Suite struct CompletionTests {
  private func values(_ words: String...) -> [String] {
    Completer(words: words, host: "unix:///nonexistent").candidates().map { Text.cut($0, "\t")?.0 ?? $0 }
  }

  @Test func verbsAndNounsAreOffered() {
    #expect(values("ru") == ["run"])
    #expect(values("-H", "unix:///x", "vers") == ["version"])
    #expect(values("container", "l") == ["logs", "ls"])
    #expect(values("image", "boot") == ["bootstrap"])
    #expect(values("network", "dis") == ["disconnect"])
    #expect(values("container", "port", "a") == ["add"])
    #expect(values("container", "mount", "") == ["add", "rm"])
    #expect(values("volume", "sn") == ["snapshot"] && values("volume", "snapshot", "") == ["create", "ls", "restore", "rm"])
    #expect(values("container", "recreate", "web", "--image", "x", "--with", "--memory-s") == ["--memory-swap", "--memory-swappiness"])
  }

  @Test func flagsAndTheirValuesAreOffered() {
    #expect(values("run", "--cid") == ["--cidfile"])
    #expect(values("run", "--network", "h") == ["host"])
    #expect(values("run", "--pull=al") == ["--pull=always"])
    #expect(values("run", "--env-file", "") == [":files"])
    #expect(values("run", "-e", "A=1", "busybox", "") == [":files"])
    #expect(values("image", "bootstrap", "d") == ["debian"])
    #expect(values("--h").contains("--host"))
  }

  @Test func doctorTellsWhatItFoundAndTheFix() {
    let text = Doctor.text([.ok("kernel", "6.1"), .warn("kvm", "not there", "slow", fix: "modprobe kvm")], colored: false)
    #expect(
      text
        == "ok    kernel  6.1\nwarn  kvm     not there\n              slow\n              fix: modprobe kvm\n\nHull runs on this machine, with gaps: 1 ok, 1 warn, 0 fail\n"
    )
    #expect(Capabilities.missing(from: "000001fffeffffff", known: 41) == ["CAP_SYS_RESOURCE"])
  }
}
