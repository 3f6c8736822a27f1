// SPDX-License-Identifier: Apache-2.0

/// First in, first out; what has been taken is given back in large pieces.
struct IndexedQueue<Element> {
  private var elements: [Element] = []
  private var start = 0

  var isEmpty: Bool { start == elements.count }
  var first: Element? { isEmpty ? nil : elements[start] }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func removeFirst() {
    start += 1
    if start == elements.count || start > 4096 && start > elements.count / 2 {
      elements.removeFirst(start)
      start = 0
    }
  }
}
