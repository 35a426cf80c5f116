"""The tables. ``PRAGMA user_version`` counts the migrations that a database has seen; they are only ever appended to.

Digests and ids are SHA-256 as 64 hex digits, times ISO 8601 in UTC, documents JSON.
"""

from typing import Final

from rfhydra.store.later_tables import MISSIONS, RESULTS

_FIRST: Final = """
CREATE TABLE samples (
    position INTEGER PRIMARY KEY,  -- order of creation, whatever the clock did
    sample_id TEXT NOT NULL UNIQUE CHECK (length(sample_id) = 64),
    signal_name TEXT NOT NULL,
    spec_id TEXT NOT NULL,
    image_digest TEXT NOT NULL CHECK (length(image_digest) = 64),
    iq_digest TEXT CHECK (length(iq_digest) = 64),
    cols INTEGER NOT NULL CHECK (cols > 0),
    sample_rate_hz REAL CHECK (sample_rate_hz > 0),
    center_freq_hz REAL,
    boxes TEXT NOT NULL CHECK (json_array_length(boxes) > 0),
    negatives TEXT NOT NULL CHECK (json_type(negatives) = 'array'),
    recording TEXT,
    start_sample INTEGER CHECK (start_sample >= 0),
    metadata TEXT NOT NULL CHECK (json_type(metadata) = 'object'),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX samples_of_signal ON samples (signal_name, position);

CREATE TABLE splits (
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    created_at TEXT NOT NULL,
    PRIMARY KEY (signal_name, version)
) STRICT, WITHOUT ROWID;

-- No foreign key to samples: a split tells what was trained on, also after a sample has been deleted.
CREATE TABLE split_members (
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    part TEXT NOT NULL CHECK (part IN ('train', 'val')),
    position INTEGER NOT NULL CHECK (position >= 0),
    sample_id TEXT NOT NULL CHECK (length(sample_id) = 64),
    PRIMARY KEY (signal_name, version, part, position),
    UNIQUE (signal_name, version, sample_id),
    FOREIGN KEY (signal_name, version) REFERENCES splits (signal_name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE head_versions (
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL,
    artifact_digest TEXT NOT NULL CHECK (length(artifact_digest) = 64),
    spec_id TEXT NOT NULL,
    backbone_id TEXT NOT NULL,
    metrics TEXT NOT NULL CHECK (json_type(metrics) = 'object'),
    sample_count INTEGER NOT NULL CHECK (sample_count >= 0),
    split_version INTEGER,
    epochs_trained INTEGER NOT NULL CHECK (epochs_trained >= 0),
    early_stopped INTEGER NOT NULL CHECK (early_stopped IN (0, 1)),
    training_time_sec REAL NOT NULL CHECK (training_time_sec >= 0),
    notes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    retired_at TEXT,  -- retired rows stay, so that no number is used twice
    PRIMARY KEY (signal_name, version),
    FOREIGN KEY (signal_name, split_version) REFERENCES splits (signal_name, version)
) STRICT;

-- A stack per signal; its top is the active version.
CREATE TABLE activations (
    position INTEGER PRIMARY KEY,
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    FOREIGN KEY (signal_name, version) REFERENCES head_versions (signal_name, version)
) STRICT;
CREATE INDEX activations_of_signal ON activations (signal_name, position);

CREATE TABLE audit (
    entry_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    signal_name TEXT,
    detail TEXT NOT NULL CHECK (json_type(detail) = 'object')
) STRICT;
CREATE INDEX audit_of_signal ON audit (signal_name, entry_id);
"""

_JOBS: Final = """
CREATE TABLE jobs (
    position INTEGER PRIMARY KEY,  -- order of creation, whatever the clock did
    job_id TEXT NOT NULL UNIQUE CHECK (length(job_id) = 32),
    signal_name TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('train', 'extend')),
    kind TEXT NOT NULL,
    epochs INTEGER NOT NULL CHECK (epochs > 0),
    notes TEXT,
    request_id TEXT UNIQUE,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    last_seq INTEGER NOT NULL DEFAULT 0,
    version INTEGER,
    error TEXT,
    code TEXT,
    FOREIGN KEY (signal_name, version) REFERENCES head_versions (signal_name, version)
) STRICT;
CREATE UNIQUE INDEX unfinished_job_of_signal ON jobs (signal_name) WHERE finished_at IS NULL;

CREATE TABLE job_events (
    job_id TEXT NOT NULL REFERENCES jobs (job_id),
    seq INTEGER NOT NULL CHECK (seq > 0),
    ts TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_type(body) = 'object'),
    PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
"""

_LOADED: Final = """
-- What the server detects with: exact versions, so that the next server goes on with the same heads.
CREATE TABLE loaded_heads (
    signal_name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    FOREIGN KEY (signal_name, version) REFERENCES head_versions (signal_name, version)
) STRICT, WITHOUT ROWID;
"""

_BACKBONE: Final = """
CREATE TABLE active_backbone (
    row INTEGER PRIMARY KEY CHECK (row = 1),
    backbone_id TEXT NOT NULL
) STRICT;
INSERT INTO active_backbone
    SELECT 1, backbone_id FROM activations JOIN head_versions USING (signal_name, version)
    ORDER BY position DESC LIMIT 1;
"""

_LABEL_SETS: Final = """
-- The labelled boxes of an image, once for all its samples; a set without a sample is removed by the triggers below.
CREATE TABLE label_sets (
    label_set_id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
    labels TEXT NOT NULL CHECK (json_array_length(labels) > 0)  -- of [label, box], sorted; see store/labels.py
) STRICT;

CREATE TEMP TABLE joined AS SELECT position, (
    SELECT json_group_array(json_array(label, json(box))) FROM (
        SELECT label, box FROM (
            SELECT signal_name AS label, value AS box FROM json_each(boxes)
            UNION SELECT value ->> 0, value -> 1 FROM json_each(negatives)
        ) ORDER BY label, box ->> 0, box ->> 1, box ->> 2, box ->> 3
    )
) AS labels FROM samples;
INSERT OR IGNORE INTO label_sets (digest, labels) SELECT sha256(labels), labels FROM joined ORDER BY position;

CREATE TABLE labelled_samples (
    position INTEGER PRIMARY KEY,  -- order of creation, whatever the clock did
    sample_id TEXT NOT NULL UNIQUE CHECK (length(sample_id) = 64),
    signal_name TEXT NOT NULL,
    spec_id TEXT NOT NULL,
    image_digest TEXT NOT NULL CHECK (length(image_digest) = 64),
    iq_digest TEXT CHECK (length(iq_digest) = 64),
    cols INTEGER NOT NULL CHECK (cols > 0),
    sample_rate_hz REAL CHECK (sample_rate_hz > 0),
    center_freq_hz REAL,
    label_set_id INTEGER NOT NULL REFERENCES label_sets (label_set_id),  -- boxes labelled signal_name are its own
    recording TEXT,
    start_sample INTEGER CHECK (start_sample >= 0),
    metadata TEXT NOT NULL CHECK (json_type(metadata) = 'object'),
    created_at TEXT NOT NULL
) STRICT;
INSERT INTO labelled_samples
    SELECT position, sample_id, signal_name, spec_id, image_digest, iq_digest, cols, sample_rate_hz, center_freq_hz,
        label_set_id, recording, start_sample, metadata, created_at
    FROM samples JOIN joined USING (position) JOIN label_sets ON digest = sha256(joined.labels)
    ORDER BY position;
DROP TABLE joined;
DROP TABLE samples;
ALTER TABLE labelled_samples RENAME TO samples;
CREATE INDEX samples_of_signal ON samples (signal_name, position);
CREATE INDEX samples_of_label_set ON samples (label_set_id);
CREATE INDEX samples_of_image ON samples (image_digest);
CREATE INDEX samples_of_iq ON samples (iq_digest) WHERE iq_digest IS NOT NULL;
CREATE INDEX versions_of_artifact ON head_versions (artifact_digest) WHERE retired_at IS NULL;

CREATE TRIGGER label_set_of_deleted AFTER DELETE ON samples BEGIN
    DELETE FROM label_sets WHERE label_set_id = OLD.label_set_id
        AND NOT EXISTS (SELECT 1 FROM samples WHERE label_set_id = OLD.label_set_id);
END;
CREATE TRIGGER label_set_of_changed AFTER UPDATE OF label_set_id ON samples WHEN NEW.label_set_id <> OLD.label_set_id
BEGIN
    DELETE FROM label_sets WHERE label_set_id = OLD.label_set_id
        AND NOT EXISTS (SELECT 1 FROM samples WHERE label_set_id = OLD.label_set_id);
END;
"""

_CARDS: Final = """
CREATE TABLE cards (
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    card TEXT NOT NULL CHECK (json_type(card) = 'object'),
    PRIMARY KEY (signal_name, version),
    FOREIGN KEY (signal_name, version) REFERENCES head_versions (signal_name, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER card_of_retired AFTER UPDATE OF retired_at ON head_versions WHEN NEW.retired_at IS NOT NULL BEGIN
    DELETE FROM cards WHERE signal_name = NEW.signal_name AND version = NEW.version;
END;
"""

_UPGRADES: Final = """
-- Upgrades to another backbone, and for each head the version that it made active and the one that was active before.
CREATE TABLE upgrades (
    upgrade_id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    backbone_id TEXT NOT NULL,
    former_backbone_id TEXT NOT NULL,
    undone_at TEXT
) STRICT;

CREATE TABLE upgraded_heads (
    upgrade_id INTEGER NOT NULL REFERENCES upgrades (upgrade_id),
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    former_version INTEGER NOT NULL,
    PRIMARY KEY (upgrade_id, signal_name),
    FOREIGN KEY (signal_name, version) REFERENCES head_versions (signal_name, version),
    FOREIGN KEY (signal_name, former_version) REFERENCES head_versions (signal_name, version)
) STRICT, WITHOUT ROWID;
"""

_UPGRADE_JOBS: Final = """
CREATE TABLE upgrade_jobs (
    position INTEGER PRIMARY KEY,  -- order of creation, whatever the clock did
    job_id TEXT NOT NULL UNIQUE CHECK (length(job_id) = 32),
    backbone_id TEXT NOT NULL,
    force INTEGER NOT NULL CHECK (force IN (0, 1)),
    state TEXT NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 1 CHECK (attempts >= 0),
    created_at TEXT NOT NULL,
    finished_at TEXT,
    report TEXT CHECK (json_type(report) = 'object'),
    error TEXT,
    code TEXT
) STRICT;
CREATE UNIQUE INDEX unfinished_upgrade ON upgrade_jobs (state) WHERE state = 'running';
"""

_PROVISIONAL: Final = """
ALTER TABLE jobs ADD COLUMN provisional INTEGER NOT NULL DEFAULT 0 CHECK (provisional IN (0, 1));
"""

_DETECTIONS: Final = """
-- One row for each track of a live stream. Of two tracks with one number only the later one can be open.
CREATE TABLE detections (
    position INTEGER PRIMARY KEY,
    stream_id TEXT NOT NULL,
    track_id INTEGER NOT NULL CHECK (track_id > 0),
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'ended', 'interrupted')),
    score REAL NOT NULL,
    start_time TEXT NOT NULL,
    end_time TEXT NOT NULL,
    time_start_sec REAL NOT NULL,
    time_end_sec REAL NOT NULL,
    freq_low_hz REAL NOT NULL,
    freq_high_hz REAL NOT NULL,
    snr_db REAL,
    occupied_bandwidth_hz REAL,
    peak_dbfs REAL,
    mean_dbfs REAL,
    duty_cycle REAL,
    repetition_sec REAL
) STRICT;
CREATE INDEX detections_by_time ON detections (end_time, position);
CREATE INDEX detections_of_signal ON detections (signal_name, end_time, position);
CREATE UNIQUE INDEX open_detection ON detections (stream_id, track_id) WHERE state = 'open';

-- Clusters of emissions that no head detects, and a few windows of each, from which samples can be made.
CREATE TABLE unknown_clusters (
    cluster_id INTEGER PRIMARY KEY AUTOINCREMENT,  -- no number is used twice
    backbone_id TEXT NOT NULL,
    centroid BLOB NOT NULL,  -- float32, little-endian
    emissions INTEGER NOT NULL CHECK (emissions > 0),
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    center_freq_hz REAL NOT NULL,
    duration_sec REAL NOT NULL CHECK (duration_sec > 0),
    bandwidth_hz REAL NOT NULL CHECK (bandwidth_hz > 0),
    signal_name TEXT  -- what it was labelled as
) STRICT;

CREATE TABLE unknown_exemplars (
    exemplar_id INTEGER PRIMARY KEY,
    cluster_id INTEGER NOT NULL REFERENCES unknown_clusters (cluster_id) ON DELETE CASCADE,
    image_digest TEXT NOT NULL CHECK (length(image_digest) = 64),
    cols INTEGER NOT NULL CHECK (cols > 0),
    sample_rate_hz REAL NOT NULL CHECK (sample_rate_hz > 0),
    center_freq_hz REAL NOT NULL,
    start_sample INTEGER NOT NULL CHECK (start_sample >= 0),
    boxes TEXT NOT NULL CHECK (json_array_length(boxes) > 0),  -- all of the cluster's in the window
    stream_id TEXT NOT NULL,
    seen_at TEXT NOT NULL
) STRICT;
CREATE INDEX exemplars_of_cluster ON unknown_exemplars (cluster_id, exemplar_id);
CREATE INDEX exemplars_of_image ON unknown_exemplars (image_digest);
"""

_STREAMS: Final = """
-- Live streams that run: the next server starts them again.
CREATE TABLE streams (
    position INTEGER PRIMARY KEY,  -- order of their start
    stream_id TEXT NOT NULL UNIQUE,
    source_name TEXT,
    address TEXT,
    heads TEXT CHECK (json_type(heads) = 'array'),
    sample_rate_hz REAL CHECK (sample_rate_hz > 0),
    center_freq_hz REAL,
    gain_db REAL,
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    CHECK ((source_name IS NULL) <> (address IS NULL)),
    CHECK ((sample_rate_hz IS NULL) = (center_freq_hz IS NULL))
) STRICT;
"""

_TRASH: Final = """
-- Deleted signals. The rows of each have the name '~' and its number, which no signal can have.
CREATE TABLE trash (
    trash_id INTEGER PRIMARY KEY AUTOINCREMENT,  -- no number is used twice
    signal_name TEXT NOT NULL,
    deleted_at TEXT NOT NULL,
    who TEXT NOT NULL
) STRICT;

-- Boxes of the sample's own signal, and those of other labels: what its label set holds.
ALTER TABLE samples ADD COLUMN box_count INTEGER NOT NULL DEFAULT 0 CHECK (box_count >= 0);
ALTER TABLE samples ADD COLUMN negative_count INTEGER NOT NULL DEFAULT 0 CHECK (negative_count >= 0);
UPDATE samples SET (box_count, negative_count) = (
    SELECT sum(value ->> 0 = signal_name), sum(value ->> 0 <> signal_name)
    FROM label_sets, json_each(labels) WHERE label_sets.label_set_id = samples.label_set_id
);
-- Renames of signals whose logged tracks, up to a position, do not all have the latest name yet.
CREATE TABLE track_renames (
    rename_id INTEGER PRIMARY KEY,  -- they are carried out in this order
    former_name TEXT NOT NULL,
    latest_name TEXT NOT NULL,
    last_position INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sample_of_image ON samples (signal_name, spec_id, image_digest);
"""

MIGRATIONS: Final = (
    _FIRST,
    _JOBS,
    _LOADED,
    _BACKBONE,
    _LABEL_SETS,
    _CARDS,
    _UPGRADES,
    _UPGRADE_JOBS,
    _PROVISIONAL,
    _DETECTIONS,
    _STREAMS,
    _TRASH,
    RESULTS,
    MISSIONS,
)
"""SQL scripts that may call ``sha256(text)``; see :class:`rfhydra.store.database.Database`."""
