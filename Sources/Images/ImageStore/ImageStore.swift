// SPDX-License-Identifier: Apache-2.0
import ContentStore
import Database
import Errors
import Layers
import OCISpec

/// All images of one engine: blobs and unpacked layers on disk, names and descriptions in the database.
///
/// Synchronous, blocking and thread-safe. What is on disk is complete before a row speaks of it; a row goes before its files.
package final class ImageStore: Sendable {
  package let database: HullDatabase
  package let blobs: ContentStore
  package let layers: LayerStore

  /// Opens the store below `root` (`content/`, `layers/`), and removes what an interrupted run left behind.
  package init(root: String, database: HullDatabase) throws(HullError) {
    self.database = database
    blobs = try ContentStore(root: root + "/content")
    layers = try LayerStore(root: root + "/layers")
  }

  /// The tables, for `HullDatabase(path:schemas:)`.
  package static let schema = Schema(name: "images", migrations: [])

  // MARK: Bringing in and taking out

  /// `docker load`: reads an archive (docker-archive or OCI layout; plain, gzip or zstd) to its end.
  /// - Parameters:
  ///   - platform: which image of an index to take; `nil`: the host's.
  ///   - progress: gets a line for each layer while it is unpacked.
  package func load(from fd: Int32, platform: Platform? = nil, progress: (String) -> Void = { _ in }) throws(HullError) -> [LoadedImage] {
    throw HullError(.unsupported, "load")
  }

  /// `docker save`: an OCI layout that is also a docker-archive. Names are references or IDs.
  package func save(_ names: [String], to fd: Int32) throws(HullError) {
    throw HullError(.unsupported, "save")
  }

  /// `docker import`: a root file system's archive becomes an image of one layer.
  package func importRoot(from fd: Int32, _ request: ImportRequest) throws(HullError) -> ImageID {
    throw HullError(.unsupported, "import")
  }

  /// `docker commit`: what a container changed becomes a layer on top of its image.
  package func commit(_ request: CommitRequest) throws(HullError) -> ImageID {
    throw HullError(.unsupported, "commit")
  }

  // MARK: Looking

  /// By reference, whole ID or unambiguous ID prefix. Throws `notFound` with Docker's `No such image: x:latest`.
  package func resolve(_ name: String) throws(HullError) -> ImageRecord {
    throw HullError(.unsupported, "resolve")
  }

  /// Newest first.
  package func list(_ filter: ImageFilter = ImageFilter()) throws(HullError) -> [ImageRecord] {
    throw HullError(.unsupported, "list")
  }

  /// Newest step first.
  package func history(_ name: String) throws(HullError) -> [HistoryLine] {
    throw HullError(.unsupported, "history")
  }

  // MARK: Naming and removing

  /// `docker tag`: moves the name when it is taken.
  /// - Returns: the image's ID.
  @discardableResult
  package func tag(_ source: String, as target: Reference) throws(HullError) -> ImageID {
    throw HullError(.unsupported, "tag")
  }

  /// `docker rmi`, with Docker's conflicts.
  /// - Parameter holders: the containers that use an image.
  package func remove(
    _ name: String, force: Bool, prune: Bool = true, holders: (ImageID) -> [ImageHolder]
  ) throws(HullError) -> [Removal] {
    throw HullError(.unsupported, "remove")
  }

  /// `docker image prune`: dangling images (or, with `dangling: false` in the filter, all) that no container uses.
  /// - Returns: what was removed and the bytes of disk that this freed.
  package func prune(_ filter: ImageFilter, holders: (ImageID) -> [ImageHolder]) throws(HullError) -> (removals: [Removal], reclaimed: Int64) {
    throw HullError(.unsupported, "prune")
  }

  // MARK: Layers for containers

  /// Keeps an image's layers for a container, until `release`, even when the image is removed. Survives restarts.
  /// - Returns: the layers' directories, topmost first.
  package func hold(_ image: ImageID, by container: String) throws(HullError) -> [String] {
    throw HullError(.unsupported, "hold")
  }

  /// The directories of the layers that `container` holds, topmost first.
  package func layersHeld(by container: String) throws(HullError) -> [String] {
    throw HullError(.unsupported, "layersHeld")
  }

  /// Lets go; layers that nothing else uses are removed.
  package func release(_ container: String) throws(HullError) {
    throw HullError(.unsupported, "release")
  }

  /// Containers that hold layers: what start-up compares with the containers it knows.
  package func layerHolders() throws(HullError) -> [String] {
    throw HullError(.unsupported, "layerHolders")
  }

  /// Bytes of all unpacked layers (`docker system df`).
  package func layersSize() throws(HullError) -> Int64 {
    throw HullError(.unsupported, "layersSize")
  }
}
