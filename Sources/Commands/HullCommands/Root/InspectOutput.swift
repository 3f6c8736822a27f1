// SPDX-License-Identifier: Apache-2.0
import Errors

/// What `inspect` shows: a JSON array of everything that was found, or one line of a template for each.
struct InspectOutput {
  private let format: String
  private let template: Template?

  init(format: String) throws {
    self.format = format
    if format.isEmpty || format == "json" {
      template = nil
    } else {
      do { template = try Template(format) } catch { throw ExitStatus(64, "template parsing error: \(error)") }
    }
  }

  /// Looks every name up and prints what was found; what was not found is told, and the status is 1.
  func show(_ names: [String], on out: Output, _ find: (String) throws -> [UInt8]) throws -> Int32 {
    var found: [[UInt8]] = []
    var lines = ""
    var errors: [String] = []
    for name in names {
      do {
        let bytes = try find(name)
        if let template {
          lines += try template.render(TemplateSubject(value: JSONParser.parse(bytes))) + "\n"
        } else {
          found.append(bytes)
        }
      } catch let error as TemplateError {
        errors.append("template parsing error: \(error)")
      } catch let exit as ExitStatus {
        errors.append(exit.message ?? "")
      } catch {
        errors.append(String(describing: error))
      }
    }
    if template != nil {
      out.write(lines.isEmpty ? "\n" : lines)
    } else {
      let all = [UInt8(ascii: "[")] + found.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
      out.write(format == "json" ? JSONLayout.compact(Array(all)) : JSONLayout.indented(Array(all)))
      out.write("\n")
    }
    for error in errors { out.error(error) }
    return errors.isEmpty ? 0 : 1
  }
}
