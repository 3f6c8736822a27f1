// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Devices and the network.
enum ResourceChecks {
  static func all() -> [Finding] { [nftables(), forwarding(), kvm(), tun()] }

  private static func nftables() -> Finding {
    let program = ChildProcess.find("nft")
    if getuid() == 0, let program, let child = try? ChildProcess([program, "list", "tables"], output: .null, errors: .null), child.wait() == 0 {
      return .ok("nftables", "available")
    }
    if Files.exists("/sys/module/nf_tables") || Files.exists("/proc/sys/net/netfilter") {
      return .ok("nftables", "kernel support found" + (getuid() == 0 ? "" : " (not tried: not root)"))
    }
    return .warn(
      "nftables", "no kernel support", "published ports and masquerading do not work", fix: "modprobe nf_tables && apt-get install nftables")
  }

  private static func forwarding() -> Finding {
    if Text.trimmed(Files.text("/proc/sys/net/ipv4/ip_forward") ?? "") == "1" { return .ok("ip forwarding", "on") }
    return .ok("ip forwarding", "off: hulld turns it on with the first network")
  }

  private static func kvm() -> Finding {
    let descriptor = open("/dev/kvm", O_RDWR | O_CLOEXEC)
    if descriptor >= 0 {
      close(descriptor)
      return .ok("/dev/kvm", "usable")
    }
    let found = errno == ENOENT ? "not there" : errorText()
    return .warn(
      "/dev/kvm", found, "the vm wall emulates the processor: it works, slowly",
      fix: errno == EACCES ? "usermod -aG kvm $USER" : "modprobe kvm_intel || modprobe kvm_amd; turn virtualization on in the firmware")
  }

  private static func tun() -> Finding {
    if Files.exists("/dev/net/tun") { return .ok("/dev/net/tun", "there") }
    return .warn(
      "/dev/net/tun", "not there", "virtual machines get no network of their own",
      fix: "modprobe tun || (mkdir -p /dev/net && mknod /dev/net/tun c 10 200)")
  }
}
