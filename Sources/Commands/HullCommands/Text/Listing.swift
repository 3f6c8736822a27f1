// SPDX-License-Identifier: Apache-2.0

/// A list of things with named fields, shown as a table, as JSON lines or through a template of the user.
struct Listing {
  /// Go's name for a row's type, as errors mention it.
  var type: String
  /// Field names with their column headings.
  var headings: [String: String]
  /// The default table: `{{.ID}}\t{{.Names}}`.
  var table: String

  /// One thing: its fields, and what `{{.Label "name"}}` finds.
  struct Row {
    var fields: [String: JSON]
    var labels: JSON = .null
  }

  /// Output for `--format`; the empty format is the table.
  func text(_ rows: [Row], format: String, fitting columns: Int? = nil) throws -> String {
    let (isTable, source) = layout(format)
    let template: Template
    do { template = try Template(source) } catch { throw ExitStatus(1, "failed to parse template: \(error)") }
    var lines: [String] = []
    for row in rows {
      do { lines.append(try template.render(subject(row))) } catch { throw ExitStatus(1, "failed to execute template: \(error)") }
    }
    if rows.isEmpty { try check(template) }
    guard isTable else { return lines.map { $0 + "\n" }.joined() }
    var table = Table()
    table.add(line: (try? template.render(heading)) ?? "")
    for line in lines { table.add(line: line) }
    return table.text(fitting: columns)
  }

  /// A wrong field is an error also when there is nothing to show.
  private func check(_ template: Template) throws {
    do { _ = try template.render(subject(Row(fields: headings.mapValues { _ in "" }))) } catch {
      throw ExitStatus(1, "failed to execute template: \(error)")
    }
  }

  /// Whether a format shows the field.
  func shows(_ field: String, format: String) -> Bool { (try? Template(layout(format).source))?.mentions(field) ?? false }

  private func layout(_ format: String) -> (isTable: Bool, source: String) {
    if format.isEmpty || format == "table" { return (true, unescaped(table)) }
    if format == "json" { return (false, "{{json .}}") }
    if format.hasPrefix("table") { return (true, unescaped(Text.trimmed(format.dropFirst(5)))) }
    return (false, unescaped(format))
  }

  /// `\t` and `\n` as they are typed in a shell.
  private func unescaped(_ text: String) -> String { Text.replacing(Text.replacing(text, "\\t", with: "\t"), "\\n", with: "\n") }

  private func subject(_ row: Row) -> TemplateSubject {
    var object = JSONObject()
    for key in row.fields.keys.sorted() { object.append(key, row.fields[key] ?? .null) }
    return TemplateSubject(
      value: .object(object), missing: .field(type: type), methods: ["Label": { row.labels[$0].text }], escapesObjects: true)
  }

  private var heading: TemplateSubject {
    var object = JSONObject()
    for (key, value) in headings { object.append(key, .string(value)) }
    let label: (String) -> String = { name in
      String((name.split(separator: ".").last ?? "").map { $0 == "-" || $0 == "_" ? " " : $0 })
    }
    return TemplateSubject(value: .object(object), methods: ["Label": label], isHeader: true)
  }
}

/// `--filter name=value`, as the API takes it.
enum Filters {
  static func json(_ filters: [String]) -> JSON {
    var all = JSONObject()
    for filter in filters {
      guard let (name, value) = Text.cut(filter, "=") else { continue }
      let key = Text.trimmed(name).lowercased()
      var values = all[key]?.object ?? JSONObject()
      values[Text.trimmed(value)] = true
      all[key] = .object(values)
    }
    return .object(all)
  }

  /// A query with the filters, empty when there are none.
  static func query(_ filters: [String]) -> EngineClient.Query {
    filters.isEmpty ? [] : [("filters", json(filters).encoded())]
  }
}
