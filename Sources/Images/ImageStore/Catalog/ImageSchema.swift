// SPDX-License-Identifier: Apache-2.0
import Database
import GRDB

/// The tables of the image store. Steps are only ever added.
enum ImageSchema {
  static let schema = Schema(
    name: "images",
    migrations: [("1-images", first), ("2-indexes", second), ("3-use", third), ("4-steps", fourth), ("5-forms", fifth), ("6-rows", sixth)])

  private static let first: @Sendable (GRDB.Database) throws -> Void = { database in
    try database.execute(
      sql: """
        -- An image is its configuration; its manifest is what its first archive or registry had.
        CREATE TABLE image (
          id TEXT PRIMARY KEY, config BLOB NOT NULL, manifest TEXT NOT NULL, created INTEGER NOT NULL, added INTEGER NOT NULL, tagged INTEGER,
          parent TEXT REFERENCES image(id) ON DELETE SET NULL
        ) WITHOUT ROWID;
        CREATE INDEX image_parent ON image(parent);
        -- Several manifests may have the same configuration: the same layers, compressed differently.
        CREATE TABLE manifest (
          digest TEXT PRIMARY KEY, image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE, media_type TEXT NOT NULL, size INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX manifest_image ON manifest(image);
        -- Which blobs an image needs.
        CREATE TABLE image_blob (
          image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE, digest TEXT NOT NULL, PRIMARY KEY (image, digest)
        ) WITHOUT ROWID;
        CREATE INDEX image_blob_digest ON image_blob(digest);
        -- Unpacked layers by chain ID, and who needs them: images, lowest layer at position 0, and containers.
        CREATE TABLE layer (chain TEXT PRIMARY KEY, diff_id TEXT NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE image_layer (
          image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE, position INTEGER NOT NULL, chain TEXT NOT NULL REFERENCES layer(chain),
          PRIMARY KEY (image, position)
        ) WITHOUT ROWID;
        CREATE INDEX image_layer_chain ON image_layer(chain);
        CREATE TABLE layer_hold (
          holder TEXT NOT NULL, position INTEGER NOT NULL, chain TEXT NOT NULL REFERENCES layer(chain), PRIMARY KEY (holder, position)
        ) WITHOUT ROWID;
        CREATE INDEX layer_hold_chain ON layer_hold(chain);
        -- Names: canonical reference, by tag or by digest.
        CREATE TABLE image_name (
          name TEXT PRIMARY KEY, repository TEXT NOT NULL, image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,
          manifest TEXT NOT NULL REFERENCES manifest(digest)
        ) WITHOUT ROWID;
        CREATE INDEX image_name_image ON image_name(image);
        CREATE INDEX image_name_repository ON image_name(repository);
        """)
  }

  private static let second: @Sendable (GRDB.Database) throws -> Void = { database in
    try database.execute(
      sql: """
        -- An artifact is kept as an image that cannot run: its ID is its manifest's digest. Bytes: all its blobs together.
        ALTER TABLE image ADD COLUMN artifact TEXT;
        ALTER TABLE image ADD COLUMN artifact_size INTEGER NOT NULL DEFAULT 0;
        -- What comes beside manifests: an index, at which names point, or a referrer (a signature, an attestation), which lives with its subject.
        CREATE TABLE document (
          digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL, subject TEXT, artifact_type TEXT
        ) WITHOUT ROWID;
        CREATE INDEX document_subject ON document(subject);
        -- The blobs that it alone needs, itself among them.
        CREATE TABLE document_blob (
          document TEXT NOT NULL REFERENCES document(digest) ON DELETE CASCADE, digest TEXT NOT NULL, PRIMARY KEY (document, digest)
        ) WITHOUT ROWID;
        CREATE INDEX document_blob_digest ON document_blob(digest);
        -- Those images of an index that are here, by platform.
        CREATE TABLE document_image (
          document TEXT NOT NULL REFERENCES document(digest) ON DELETE CASCADE,
          manifest TEXT NOT NULL REFERENCES manifest(digest) ON DELETE CASCADE, platform TEXT NOT NULL, PRIMARY KEY (document, manifest)
        ) WITHOUT ROWID;
        CREATE INDEX document_image_manifest ON document_image(manifest);
        -- The index that a name stands for; image and manifest are then those that suit this machine best.
        ALTER TABLE image_name ADD COLUMN target TEXT REFERENCES document(digest);
        CREATE INDEX image_name_target ON image_name(target);
        """)
  }

  private static let third: @Sendable (GRDB.Database) throws -> Void = { database in
    // Nanoseconds since 1970: when a container was last made from it or started, or it was asked for once more; 0: not since it came in.
    try database.execute(sql: "ALTER TABLE image ADD COLUMN used INTEGER NOT NULL DEFAULT 0")
  }

  private static let fourth: @Sendable (GRDB.Database) throws -> Void = { database in
    try database.execute(
      sql: """
        -- The build cache: what a step gave. Its layers are held as `step:` and the key's digits; its blob is held by its row.
        CREATE TABLE build_step (
          key TEXT PRIMARY KEY, site TEXT NOT NULL, description TEXT NOT NULL, base TEXT, chain TEXT, diff_id TEXT, size INTEGER NOT NULL,
          blob TEXT, media_type TEXT, blob_size INTEGER, created INTEGER NOT NULL, used INTEGER NOT NULL, uses INTEGER NOT NULL, ingredients BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX build_step_site ON build_step(site, created);
        CREATE INDEX build_step_blob ON build_step(blob);
        """)
  }
  private static let fifth: @Sendable (GRDB.Database) throws -> Void = { database in
    try database.execute(
      sql: """
        -- Which blob is another one, compressed: only of use while it is here.
        CREATE TABLE blob_form (
          source TEXT NOT NULL, compression TEXT NOT NULL, level INTEGER NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (source, compression, level)
        ) WITHOUT ROWID;
        """)
  }

  private static let sixth: @Sendable (GRDB.Database) throws -> Void = { database in
    try database.execute(
      sql: """
        -- Rows that may be long have an index of their own, and what is long in them comes last: a search by key must not read the rows it passes.
        CREATE TABLE new_image (
          id TEXT NOT NULL PRIMARY KEY, manifest TEXT NOT NULL, created INTEGER NOT NULL, added INTEGER NOT NULL, tagged INTEGER,
          used INTEGER NOT NULL DEFAULT 0, parent TEXT REFERENCES image(id) ON DELETE SET NULL, artifact TEXT,
          artifact_size INTEGER NOT NULL DEFAULT 0, config BLOB NOT NULL
        );
        INSERT INTO new_image SELECT id, manifest, created, added, tagged, used, parent, artifact, artifact_size, config FROM image;
        DROP TABLE image;
        ALTER TABLE new_image RENAME TO image;
        CREATE INDEX image_parent ON image(parent);
        CREATE TABLE new_build_step (
          key TEXT NOT NULL PRIMARY KEY, site TEXT NOT NULL, base TEXT, chain TEXT, diff_id TEXT, size INTEGER NOT NULL, blob TEXT, media_type TEXT,
          blob_size INTEGER, created INTEGER NOT NULL, used INTEGER NOT NULL, uses INTEGER NOT NULL, description TEXT NOT NULL, ingredients BLOB NOT NULL
        );
        INSERT INTO new_build_step
          SELECT key, site, base, chain, diff_id, size, blob, media_type, blob_size, created, used, uses, description, ingredients FROM build_step;
        DROP TABLE build_step;
        ALTER TABLE new_build_step RENAME TO build_step;
        CREATE INDEX build_step_site ON build_step(site, created);
        CREATE INDEX build_step_blob ON build_step(blob);
        """)
  }
}
