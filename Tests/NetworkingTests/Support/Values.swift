// SPDX-License-Identifier: Apache-2.0
import Errors

/// The code and message of the error that `body` throws; `nil` when it throws none.
func failure(_ body: () throws -> Void) -> (code: HullError.Code, message: String)? {
  do {
    try body()
    return nil
  } catch {
    guard let error = error as? HullError else { return nil }
    return (error.code, error.description)
  }
}
