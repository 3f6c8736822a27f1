// SPDX-License-Identifier: Apache-2.0
import Layers
import OCISpec

/// A step of a build whose result is in the store: one line of the build cache.
package struct StepRecord: Sendable, Hashable {
  /// What the step does and to what: the same key, the same result.
  package var key: Digest
  /// Which step of which Dockerfile it was, for finding out why it is to run again.
  package var site: String
  /// For people: `RUN make`.
  package var description: String
  /// Chain ID of the layers below; `nil`: none.
  package var base: Digest?
  /// What it added; `nil`: nothing.
  package var layer: LayerInfo?
  package var descriptor: Descriptor?
  /// Nanoseconds since 1970.
  package var created: Int64
  package var used: Int64
  package var uses: Int
  /// What the key was made from, as the builder writes it.
  package var ingredients: [UInt8]

  package init(
    key: Digest, site: String, description: String, base: Digest?, layer: LayerInfo?, descriptor: Descriptor?, created: Int64, ingredients: [UInt8]
  ) {
    self.key = key
    self.site = site
    self.description = description
    self.base = base
    self.layer = layer
    self.descriptor = descriptor
    self.created = created
    self.ingredients = ingredients
    used = created
    uses = 0
  }

  /// Under which name its layers are held.
  var holder: String { StepRecord.holderPrefix + key.hex }
  static let holderPrefix = "step:"
}
