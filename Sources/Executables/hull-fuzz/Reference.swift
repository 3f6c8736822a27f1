// SPDX-License-Identifier: Apache-2.0
import Errors
import OCISpec

/// What is read must come out again as it went in, in both of its forms.
func fuzzReference(_ input: [UInt8]) -> Verdict {
  let text = String(decoding: input, as: UTF8.self)
  do throws(HullError) {
    let reference = try Reference(text)
    guard try Reference(reference.description) == reference else { return .failed("the canonical form means something else") }
    guard try Reference(reference.familiar) == reference else { return .failed("the familiar form means something else") }
    guard reference.path.utf8.count <= 255, !reference.description.utf8.contains(0), !reference.path.contains("..") else {
      return .failed("a bad reference was accepted")
    }
    return .accepted
  } catch {
    return error.code == .invalidArgument ? .refused : .failed("the wrong kind of error: \(error)")
  }
}
