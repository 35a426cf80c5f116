"""Tables of results and missions: the later migrations of :mod:`rfhydra.store.schema`."""

from typing import Final

RESULTS: Final = """
-- What a version makes of its validation samples, down to a low score.
CREATE TABLE evaluations (
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    evaluated_at TEXT NOT NULL,
    PRIMARY KEY (signal_name, version),
    FOREIGN KEY (signal_name, version) REFERENCES head_versions (signal_name, version)
) STRICT, WITHOUT ROWID;

-- No foreign key to samples: a result stays when its sample is deleted.
CREATE TABLE evaluated_samples (
    signal_name TEXT NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL CHECK (position >= 0),
    sample_id TEXT NOT NULL CHECK (length(sample_id) = 64),
    result TEXT NOT NULL CHECK (json_type(result) = 'object'),
    PRIMARY KEY (signal_name, version, position),
    FOREIGN KEY (signal_name, version) REFERENCES evaluations (signal_name, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER evaluation_of_retired AFTER UPDATE OF retired_at ON head_versions WHEN NEW.retired_at IS NOT NULL BEGIN
    DELETE FROM evaluated_samples WHERE signal_name = NEW.signal_name AND version = NEW.version;
    DELETE FROM evaluations WHERE signal_name = NEW.signal_name AND version = NEW.version;
END;
"""

MISSIONS: Final = """
-- Thresholds that were set in the place of the head's own.
ALTER TABLE loaded_heads ADD COLUMN threshold REAL CHECK (threshold BETWEEN 0 AND 1);

CREATE TABLE missions (
    mission_name TEXT PRIMARY KEY,
    saved_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mission_heads (
    mission_name TEXT NOT NULL REFERENCES missions (mission_name) ON UPDATE CASCADE ON DELETE CASCADE,
    signal_name TEXT NOT NULL,
    threshold REAL CHECK (threshold BETWEEN 0 AND 1),
    PRIMARY KEY (mission_name, signal_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX missions_of_signal ON mission_heads (signal_name);
"""
