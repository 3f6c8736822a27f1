// SPDX-License-Identifier: Apache-2.0

/// A line for each part of a transfer, redrawn as it moves: what docker's messages look like on a terminal.
///
/// A block that is higher than the terminal shows what is not finished; all of it stays when the block ends.
final class ProgressBars {
  private static let widestBar = 50
  private static let finished = ["Pull complete", "Already exists", "Pushed", "Layer already exists", "Skipped"]

  private let size: () -> (rows: Int, columns: Int)
  private let write: (String) -> Void
  private let now: () -> Int
  private var order: [String] = []
  private var states: [String: JSON] = [:]
  private var drawn = 0
  private var drawnAt = Int.min

  /// `size`: the terminal's; `write` puts text on it; `now`: milliseconds.
  init(size: @escaping () -> (rows: Int, columns: Int), write: @escaping (String) -> Void, now: @escaping () -> Int) {
    self.size = size
    self.write = write
    self.now = now
  }

  /// Takes a message of a part; `id` says of which. Not every one of them is drawn: ten times a second is enough.
  func update(_ id: String, _ message: JSON) {
    if states[id] == nil { order.append(id) }
    let isNews = states[id]?["status"] != message["status"]
    states[id] = message
    if isNews || now() - drawnAt >= 100 { draw(visible()) }
  }

  /// The block stays as it is now; what comes next stands below it.
  func end() {
    guard !order.isEmpty else { return }
    draw(order)
    (order, states, drawn, drawnAt) = ([], [:], 0, Int.min)
  }

  private func visible() -> [String] {
    let room = max(1, size().rows - 1)
    guard order.count > room else { return order }
    let open = order.filter { id in !Self.finished.contains { states[id]?["status"].text.hasPrefix($0) == true } }
    return Array((open.isEmpty ? order : open).suffix(room))
  }

  private func draw(_ ids: [String]) {
    drawnAt = now()
    let columns = size().columns
    var text = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
    for id in ids { text += "\r\u{1B}[2K\(line(id, columns))\n" }
    if ids.count < drawn { text += "\u{1B}[0J" }
    drawn = ids.count
    write(text)
  }

  private func line(_ id: String, _ columns: Int) -> String {
    let message = states[id] ?? .null
    let title = "\(id): \(message["status"].text) "
    let (current, total) = (message["progressDetail"]["current"].double ?? 0, message["progressDetail"]["total"].double ?? 0)
    guard current > 0 || total > 0 else { return Text.ellipsis(title, columns - 1) }
    let numbers = total > 0 && current <= total ? "\(Units.size(current))/\(Units.size(total))" : Units.size(current)
    let bar = total > 0 ? Self.bar(current / total, room: columns - Text.width(title) - Text.width(numbers) - 5) : ""
    return Text.ellipsis(title + bar + numbers, columns - 1)
  }

  /// `[====>     ] ` in at most so many cells between the brackets; nothing where that is too little to see.
  static func bar(_ share: Double, room: Int) -> String {
    let cells = min(widestBar, room)
    guard cells >= 5 else { return "" }
    let done = Int(min(1, max(0, share)) * Double(cells - 1))
    return "[\(String(repeating: "=", count: done))>\(String(repeating: " ", count: cells - 1 - done))] "
  }
}
