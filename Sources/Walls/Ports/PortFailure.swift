// SPDX-License-Identifier: Apache-2.0
import Errors
import Glibc
import LinuxSystem
import ShimProtocol

/// Why a port cannot be held, in Docker's words; who holds it already is added.
struct PortFailure {
  let plan: PortPlan
  let number: Int32

  init(_ plan: PortPlan, _ number: Int32) {
    self.plan = plan
    self.number = number
  }

  /// `holder`: who has the port, when that is known already.
  func error(holder: String? = nil) -> HullError {
    let host = "\(plan.hostAddress.withBrackets):\(plan.hostPort)"
    let what = "failed to bind host port for \(host):\(plan.address.withBrackets):\(plan.port)/\(plan.transport)"
    switch number {
    case EADDRINUSE:
      let holder = (holder ?? PortHolder.find(plan)).map { " (held by \($0))" } ?? ""
      return HullError(.internalError, "\(what): \(errorText(number))\(holder)")
    case EADDRNOTAVAIL:
      return HullError(.invalidArgument, "\(what): \(errorText(number)): this host does not have the address \(plan.hostAddress)")
    case EPROTONOSUPPORT where plan.transport == .sctp, ESOCKTNOSUPPORT where plan.transport == .sctp:
      return HullError(.unsupported, "\(what): this kernel has no SCTP")
    case EAFNOSUPPORT:
      return HullError(.unsupported, "\(what): this kernel has no IPv\(plan.hostAddress.family.rawValue)")
    default:
      return HullError(.internalError, "\(what): \(errorText(number))")
    }
  }
}
