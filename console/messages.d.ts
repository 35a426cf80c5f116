// Made from the protocol by `npm run types`, see console/types.mjs.

/**
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "JsonValue".
 */
export type JsonValue = unknown;

export interface Protocol {}
/**
 * Add a labelled spectrogram.
 *
 * The same image for the same signal is one sample: new boxes replace the old ones.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "AddTrainingSample".
 */
export interface AddTrainingSample {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  command?: "add_training_sample";
  /**
   * Base64 of a PNG (8-bit grey) or a NumPy ``.npy`` (uint8, or float32 in 0..1), shape (frequency rows, time
   * columns), row 0 the highest frequency, computed with the workspace's contract.
   */
  spectrogram_b64: string;
  /**
   * Boxes of the signal; at least one, unless a negative is labelled ``!`` and the signal.
   *
   * @maxItems 1000
   */
  boxes: (PixelBox | PhysicalBox)[];
  /**
   * Stored unchanged. ``sample_rate_hz``, ``center_freq_hz``, ``recording``, ``start_sample`` and
   * ``spectrogram_params`` are checked and used.
   */
  metadata?: {
    [k: string]: JsonValue;
  };
  /**
   * Verified emissions of other signals in the same window.
   *
   * @maxItems 1000
   */
  negatives?: NegativeBox[];
}
/**
 * A box in pixels of its spectrogram. Row 0 is the highest frequency.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "PixelBox".
 */
export interface PixelBox {
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
}
/**
 * A box in seconds and Hz.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "PhysicalBox".
 */
export interface PhysicalBox {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
}
/**
 * A verified emission of another signal.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "NegativeBox".
 */
export interface NegativeBox {
  /**
   * Label of the emission; ``!`` and a name says only that it is not that signal.
   */
  label: string;
  /**
   * The box.
   */
  box: PixelBox | PhysicalBox;
}
/**
 * A detection in an archive.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ArchiveHit".
 */
export interface ArchiveHit {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * The recording.
   */
  recording: string;
  /**
   * Time of its left edge, UTC, ISO 8601; null where the recording does not state it.
   */
  start_time: string | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Version of the head.
   */
  version: number;
  /**
   * Score.
   */
  score: number;
  /**
   * Place of its left edge on the axis of ``archive_timeline``.
   */
  position_sec: number;
}
/**
 * A page of the hits of an archive.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ArchiveHits".
 */
export interface ArchiveHits {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  type?: "archive_hits";
  /**
   * By their place on the axis.
   */
  hits: ArchiveHit[];
  /**
   * Number of hits on all pages.
   */
  found: number;
  /**
   * ``cursor`` of the next page; null on the last one.
   */
  next_cursor: string | null;
}
/**
 * An archive.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ArchiveInfo".
 */
export interface ArchiveInfo {
  /**
   * Its name.
   */
  archive: string;
  /**
   * Result of its last scan that ended; null where there is none.
   */
  result: ScanResult | null;
}
/**
 * What the scans of an archive have found so far.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ScanResult".
 */
export interface ScanResult {
  /**
   * Time of the end of the last scan, UTC, ISO 8601.
   */
  scanned_at: string;
  /**
   * Recordings that were scanned.
   */
  recordings: number;
  /**
   * Their length.
   */
  duration_sec: number;
  /**
   * Files that could not be scanned.
   */
  failed: number;
  /**
   * Path and reason of some of them.
   */
  failures: string[];
  /**
   * Version of each head that was looked for, by signal name.
   */
  versions: {
    [k: string]: number;
  };
  /**
   * Detections by signal name.
   */
  hits: {
    [k: string]: number;
  };
  /**
   * Candidate emissions, which a search compares.
   */
  emissions: number;
  /**
   * Whether the scan had the contract and the backbone that the server has now; a search needs that.
   */
  is_searchable: boolean;
}
/**
 * The hits of an archive along one time axis.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ArchiveTimeline".
 */
export interface ArchiveTimeline {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  type?: "archive_timeline";
  /**
   * Time of position 0, UTC, ISO 8601; null where a recording does not state its time: then the recordings lie on
   * the axis one behind the other, in the order of their names.
   */
  start_time: string | null;
  /**
   * Length of the axis.
   */
  duration_sec: number;
  /**
   * Seconds of recording in each column; more than its length where recordings were made at the same time.
   */
  recorded_sec: number[];
  /**
   * By signal name.
   */
  rows: TimelineRow[];
}
/**
 * The hits of one signal along a timeline.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TimelineRow".
 */
export interface TimelineRow {
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Number of hits that begin in each column.
   */
  hits: number[];
}
/**
 * A copy of a stretch of a recording of an archive.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ArchivedCopy".
 */
export interface ArchivedCopy {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "archived_copy";
  recording: RecordingInfo;
  /**
   * Where its first sample lies in the recording of the archive.
   */
  time_start_sec: number;
}
/**
 * The copy, which the server holds.
 */
export interface RecordingInfo {
  /**
   * Its id.
   */
  recording_id: string;
  /**
   * What people call it: the name of its file without the extension, or the stream and the time of the capture.
   */
  name: string;
  /**
   * The files that were sent; of a capture those that were written.
   */
  files: RecordingFile[];
  /**
   * The stream that it was captured from; null for a file.
   */
  stream_id: string | null;
  /**
   * What the file is, for people.
   */
  container: string;
  /**
   * Datatype of the samples, as in SigMF.
   */
  datatype: string;
  /**
   * Samples per second.
   */
  sample_rate_hz: number;
  /**
   * Number of samples.
   */
  samples: number;
  /**
   * Length.
   */
  duration_sec: number;
  /**
   * Time of the first sample, UTC, ISO 8601; null where the file does not state it.
   */
  start_time: string | null;
  /**
   * Centre frequency of the first sample; 0 where the file does not state it.
   */
  center_freq_hz: number;
  /**
   * The different centre frequencies, ascending, at most 16 of them.
   */
  center_freqs_hz: number[];
  /**
   * Number of captures: stretches of one centre frequency or time base.
   */
  captures: number;
  /**
   * Number of annotations that the file states.
   */
  annotations: number;
  /**
   * Bytes on the disk.
   */
  size_bytes: number;
  /**
   * What is wrong with the file, though it can be read.
   */
  warnings: string[];
  /**
   * Time when it was opened, UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Time of its last use, which decides which one is removed when there is no room.
   */
  used_at: string;
}
/**
 * A file of a recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingFile".
 */
export interface RecordingFile {
  /**
   * Its name, without a folder: it tells the format, and by some conventions rate, frequency and time.
   */
  name: string;
  /**
   * Its size.
   */
  size_bytes: number;
}
/**
 * A part of a recording of an archive as an image, as ``recording_view``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ArchivedView".
 */
export interface ArchivedView {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  /**
   * Rows of the image; at most as many as asked for.
   */
  rows: number;
  /**
   * Columns of the image; likewise.
   */
  cols: number;
  /**
   * Left edge of the first column, in seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Right edge of the last column.
   */
  time_end_sec: number;
  /**
   * Lower edge of the last row.
   */
  freq_low_hz: number;
  /**
   * Upper edge of the first row.
   */
  freq_high_hz: number;
  /**
   * The centre frequency of the shown tuning.
   */
  center_freq_hz: number;
  /**
   * Level of the grey value 0. A sine of full scale has 0 dB.
   */
  min_db: number;
  /**
   * Level of the grey value 255.
   */
  max_db: number;
  /**
   * The noise floor of the image, its median.
   */
  floor_db: number;
  /**
   * Samples of a spectrum; spectra overlap by half.
   */
  fft_size: number;
  /**
   * What a pixel of several values shows.
   */
  pooling: "max" | "mean";
  /**
   * Base64 of ``rows`` × ``cols`` bytes in row order, row 0 the highest frequency, column 0 the earliest time. Bytes
   * are 0 where the receiver was tuned elsewhere.
   */
  image_b64: string;
  type?: "archived_view";
  /**
   * The recording.
   */
  recording: string;
}
/**
 * The archives of the server.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Archives".
 */
export interface Archives {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "archives";
  /**
   * By name.
   */
  archives: ArchiveInfo[];
  /**
   * The scan that runs; null where none does.
   */
  progress: ScanProgress | null;
}
/**
 * A scan goes on. Recordings that an earlier scan has finished are not counted.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ScanProgress".
 */
export interface ScanProgress {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  /**
   * The scan.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "scan_progress";
  /**
   * Seconds of recording that were scanned.
   */
  seconds_done: number;
  /**
   * Seconds of recording to scan; null while the folder is looked through.
   */
  seconds_total: number | null;
  /**
   * Recordings that are done, failed ones included.
   */
  recordings_done: number;
  /**
   * Recordings to scan; null likewise.
   */
  recordings_total: number | null;
  /**
   * Recordings that could not be scanned.
   */
  failed: number;
  /**
   * Estimate of the time that is left; null where there is none yet.
   */
  remaining_sec: number | null;
}
/**
 * One change of the workspace.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "AuditRecord".
 */
export interface AuditRecord {
  /**
   * Its number, from 1.
   */
  entry_id: number;
  /**
   * UTC, ISO 8601.
   */
  at: string;
  /**
   * Who made it: a user, or the address of a client.
   */
  who: string;
  /**
   * What was changed, such as ``version.activate``.
   */
  action: string;
  /**
   * The signal by its name at that time; null for changes of no signal.
   */
  signal_name: string | null;
  /**
   * Details, which depend on ``action``.
   */
  detail: {
    [k: string]: JsonValue;
  };
}
/**
 * A page of the audit log, newest first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "AuditTrail".
 */
export interface AuditTrail {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "audit";
  /**
   * The page; shorter than requested where the answer would be too large.
   */
  entries: AuditRecord[];
  /**
   * Cursor of the next page; null on the last.
   */
  next_cursor: string | null;
}
/**
 * Send the token. Needed only if the server has one and the connection was opened without.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Auth".
 */
export interface Auth {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "auth";
  /**
   * The token.
   */
  token: string;
}
/**
 * The shared backbone.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "BackboneInfo".
 */
export interface BackboneInfo {
  /**
   * Version of its design.
   */
  version: number;
  /**
   * Id of its weights; heads of other backbones are refused.
   */
  id: string;
}
/**
 * Stop the measurement of a card. It ends with ``card_failed``, code ``cancelled``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CancelCard".
 */
export interface CancelCard {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "cancel_card";
}
/**
 * Stop the scan. It ends with ``scan_failed``, code ``cancelled``; what is finished stays so.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CancelScan".
 */
export interface CancelScan {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "cancel_scan";
}
/**
 * Stop the running training within one epoch, or a queued one at once.
 *
 * It ends with ``training_failed``, code ``cancelled``; the active version is untouched.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CancelTraining".
 */
export interface CancelTraining {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "cancel_training";
  /**
   * The job; default the running one.
   */
  job_id?: string | null;
}
/**
 * Stop the upgrade within one epoch. It ends with ``upgrade_failed``, code ``cancelled``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CancelUpgrade".
 */
export interface CancelUpgrade {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "cancel_upgrade";
}
/**
 * A box that may be worth a label.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Candidate".
 */
export interface Candidate {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Calibrated score of the head, 0 to 1; without a signal the objectness that the backbone gives it.
   */
  score: number;
  /**
   * The signal whose head detects it; null for a proposal that no head claims.
   */
  signal_name: string | null;
  /**
   * Version of that head; null likewise.
   */
  version: number | null;
  /**
   * Threshold of that head; null likewise. A score below it is no detection.
   */
  threshold: number | null;
}
/**
 * Boxes that may be worth a label, the most useful first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Candidates".
 */
export interface Candidates {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  type?: "candidates";
  /**
   * First what heads are unsure of, scores within 0.2 of their threshold, the nearest first; then proposals that no
   * head claims, the likeliest first; then sure detections, the least sure first. Equal ones are in the order of
   * time.
   */
  candidates: Candidate[];
  /**
   * Number of all that were found, those over ``max_candidates`` included.
   */
  found: number;
}
/**
 * Make a recording of what was received from a running stream: the last seconds, or a stretch of the stream's time.
 *
 * The server keeps the last ``limits.stream_history_bytes`` of each stream, at 8 bytes a sample. A recording never
 * spans a gap or a retuning: of a stretch that does, it is the longest part; of the last seconds, the newest.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CaptureStream".
 */
export interface CaptureStream {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "capture_stream";
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * The last seconds; fewer if the server has fewer.
   */
  duration_sec?: number | null;
  /**
   * Start in seconds of the stream, as in ``tracks`` and ``detections``.
   */
  time_start_sec?: number | null;
  /**
   * End, likewise.
   */
  time_end_sec?: number | null;
}
/**
 * The detectability card of a version.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Card".
 */
export interface Card {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  type?: "card";
  /**
   * The fields of ``rfhydra card --json``; null where none is stored.
   */
  card: {
    [k: string]: JsonValue;
  } | null;
  /**
   * Base64 of a PNG of the card; absent without one, and unless asked for.
   */
  picture_b64?: string | null;
  /**
   * The measurement of this card, null where none is under way.
   */
  progress: CardProgress | null;
}
/**
 * The measurement of a card goes on.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CardProgress".
 */
export interface CardProgress {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  /**
   * The measurement.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "card_progress";
  /**
   * What is measured, in words; ``waiting`` while a training runs, and ``loading`` before the first trial.
   */
  stage: string;
  /**
   * Number of trials that are done in this stage.
   */
  done: number;
  /**
   * Number of its trials; null where it has none.
   */
  total: number | null;
}
/**
 * A card was measured and stored.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CardComplete".
 */
export interface CardComplete {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  /**
   * The measurement.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "card_complete";
  /**
   * The card, as in ``card``.
   */
  card: {
    [k: string]: JsonValue;
  };
}
/**
 * The measurement of a card has failed or was cancelled; a card that was stored before is as it was.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CardFailed".
 */
export interface CardFailed {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  /**
   * The measurement.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "card_failed";
  /**
   * Reason.
   */
  error: string;
  /**
   * Error code.
   */
  code:
    | "invalid_json"
    | "invalid_message"
    | "unknown_command"
    | "invalid_name"
    | "not_found"
    | "conflict"
    | "busy"
    | "too_large"
    | "not_enough_samples"
    | "incompatible"
    | "unauthorized"
    | "cancelled"
    | "internal";
}
/**
 * Remove a recording from the server, or give up an upload. Samples that were labelled in it stay.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CloseRecording".
 */
export interface CloseRecording {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "close_recording";
  /**
   * The recording, or the ``upload_id`` of an upload.
   */
  recording_id: string;
}
/**
 * Compare two versions on the validation boxes that are new to both, as they are labelled now.
 *
 * ``conflict`` where there is none, ``incompatible`` where a version runs on another backbone than the server's, and
 * ``busy`` while many versions are evaluated for others.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CompareVersions".
 */
export interface CompareVersions {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "compare_versions";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The two versions.
   *
   * @minItems 2
   * @maxItems 2
   */
  versions: number[];
  /**
   * Maximum number of boxes, at most ``limits.max_page``, which is also the default.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
}
/**
 * One validation box, and which of two versions find it.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ComparedBox".
 */
export interface ComparedBox {
  /**
   * Its sample.
   */
  sample_id: string;
  box: SampleBox;
  /**
   * Whether the first version finds it.
   */
  found_by_a: boolean;
  /**
   * Whether the second version finds it.
   */
  found_by_b: boolean;
  /**
   * Score of the first version's detection, or of one below the threshold; null where there is none.
   */
  score_a: number | null;
  /**
   * The same of the second version.
   */
  score_b: number | null;
}
/**
 * The box.
 */
export interface SampleBox {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
}
/**
 * One of two versions, on the boxes that they are compared on, at its threshold.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ComparedVersion".
 */
export interface ComparedVersion {
  /**
   * Its number.
   */
  version: number;
  /**
   * Score threshold of the head.
   */
  threshold: number;
  /**
   * F1.
   */
  f1_score: number;
  /**
   * Precision; null where nothing is detected.
   */
  precision: number | null;
  /**
   * Recall.
   */
  recall: number;
  /**
   * Number of false detections.
   */
  false_count: number;
  intervals: RateIntervals;
  /**
   * By rising threshold.
   */
  curve: CurvePoint[];
}
/**
 * Of the rates.
 */
export interface RateIntervals {
  f1_score: Interval;
  precision: Interval1;
  recall: Interval2;
}
/**
 * Of F1.
 */
export interface Interval {
  /**
   * Lower end.
   */
  low: number;
  /**
   * Upper end.
   */
  high: number;
}
/**
 * Of the precision.
 */
export interface Interval1 {
  /**
   * Lower end.
   */
  low: number;
  /**
   * Upper end.
   */
  high: number;
}
/**
 * Of the recall.
 */
export interface Interval2 {
  /**
   * Lower end.
   */
  low: number;
  /**
   * Upper end.
   */
  high: number;
}
/**
 * The rates at one threshold.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CurvePoint".
 */
export interface CurvePoint {
  /**
   * Minimum score.
   */
  threshold: number;
  /**
   * F1.
   */
  f1_score: number;
  /**
   * Precision; null where nothing is detected.
   */
  precision: number | null;
  /**
   * Recall.
   */
  recall: number;
  /**
   * Number of detections.
   */
  detected: number;
  /**
   * Number of boxes that are found.
   */
  found: number;
}
/**
 * The contract that suits the emissions of a recording, beside the one of the workspace.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ContractSuggestion".
 */
export interface ContractSuggestion {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  type?: "contract_suggestion";
  /**
   * What it was chosen by: the boxes of the command, the labelled boxes of the recording, or what the backbone
   * proposes.
   */
  source: "boxes" | "annotations" | "proposals";
  suggested: SuggestedContract;
  present: SuggestedContract1;
  /**
   * Whether the suggested contract is another one than that of the workspace.
   */
  differs: boolean;
  /**
   * What an operator runs, while no server does, so that the workspace has it; null where it has.
   */
  command_line: string | null;
}
/**
 * The suggested contract.
 */
export interface SuggestedContract {
  /**
   * The contract, as in ``hello``, with its ``spec_id``.
   */
  contract: {
    [k: string]: unknown;
  };
  /**
   * The signals.
   */
  signals: SuggestedSignal[];
  /**
   * Seconds of a column.
   */
  sec_per_col: number;
  /**
   * Hz of a row.
   */
  hz_per_row: number;
  /**
   * Seconds of a window.
   */
  window_sec: number;
  /**
   * Pixels that a second of signal becomes: what detection costs.
   */
  pixels_per_sec: number;
  /**
   * What the contract cannot do, and what would help.
   */
  remarks: string[];
}
/**
 * What a contract makes of the typical emission of a signal.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SuggestedSignal".
 */
export interface SuggestedSignal {
  /**
   * The signal; null for boxes without a label.
   */
  signal_name: string | null;
  /**
   * Number of boxes.
   */
  boxes: number;
  /**
   * Median duration.
   */
  duration_sec: number;
  /**
   * Median bandwidth.
   */
  bandwidth_hz: number;
  /**
   * The 95 % quantile of the durations.
   */
  longest_sec: number;
  /**
   * Columns that the typical emission spans.
   */
  cols: number;
  /**
   * Rows that it spans.
   */
  rows: number;
}
/**
 * The contract of the workspace, with what it makes of the same signals.
 */
export interface SuggestedContract1 {
  /**
   * The contract, as in ``hello``, with its ``spec_id``.
   */
  contract: {
    [k: string]: unknown;
  };
  /**
   * The signals.
   */
  signals: SuggestedSignal[];
  /**
   * Seconds of a column.
   */
  sec_per_col: number;
  /**
   * Hz of a row.
   */
  hz_per_row: number;
  /**
   * Seconds of a window.
   */
  window_sec: number;
  /**
   * Pixels that a second of signal becomes: what detection costs.
   */
  pixels_per_sec: number;
  /**
   * What the contract cannot do, and what would help.
   */
  remarks: string[];
}
/**
 * Copy a stretch of a recording of an archive into a recording that the server holds, to be labelled.
 *
 * The copy never spans a retuning: of a stretch that does, it is the part in which the middle lies.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "CopyArchived".
 */
export interface CopyArchived {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The archive, by the name that ``rfhydra serve --archive`` gives it.
   */
  archive: string;
  command?: "copy_archived";
  /**
   * The recording.
   */
  recording: string;
  /**
   * Start of the stretch.
   */
  time_start_sec: number;
  /**
   * End of the stretch; what is behind the end of the recording is left out. At 8 bytes a sample it takes at most
   * ``limits.max_excerpt_bytes``.
   */
  time_end_sec: number;
}
/**
 * Delete a mission. What is loaded stays loaded.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "DeleteMission".
 */
export interface DeleteMission {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "delete_mission";
  /**
   * The mission.
   */
  mission_name: string;
}
/**
 * Move a signal to the trash, with its samples and versions, and unload its head. ``conflict`` as for renaming.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "DeleteSignal".
 */
export interface DeleteSignal {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "delete_signal";
  /**
   * The signal.
   */
  signal_name: string;
}
/**
 * Delete a sample.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "DeleteTrainingSample".
 */
export interface DeleteTrainingSample {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "delete_training_sample";
  /**
   * The sample; the first 4 digits of its id, or more, where no other id begins so.
   */
  sample_id: string;
}
/**
 * A signal in the trash.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "DeletedSignal".
 */
export interface DeletedSignal {
  /**
   * Its name.
   */
  signal_name: string;
  /**
   * UTC, ISO 8601.
   */
  deleted_at: string;
  /**
   * Who deleted it.
   */
  who: string;
  /**
   * Number of its samples.
   */
  sample_count: number;
  /**
   * Number of kept versions of its head.
   */
  version_count: number;
}
/**
 * Detect signals in one window with the loaded heads.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Detect".
 */
export interface Detect {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "detect";
  /**
   * The window as a spectrogram, as in ``add_training_sample``.
   */
  spectrogram_b64?: string | null;
  /**
   * The window as base64 of interleaved I and Q, from one column of the contract to a full window.
   */
  iq_b64?: string | null;
  /**
   * SigMF datatype of ``iq_b64``.
   */
  iq_datatype?: "cf32_le" | "ci16_le" | "ci8" | "cu8";
  /**
   * Needed with ``iq_b64``. A spectrogram without one has boxes in samples and cycles per sample.
   */
  sample_rate_hz?: number | null;
  /**
   * Needed with ``iq_b64``.
   */
  center_freq_hz?: number | null;
  /**
   * Subset of the loaded heads.
   */
  signal_names?: string[] | null;
  /**
   * Score threshold; default that of each head.
   */
  threshold?: number | null;
}
/**
 * One detection.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "DetectedBox".
 */
export interface DetectedBox {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Calibrated score, 0 to 1.
   */
  score: number;
  /**
   * Id of its track in a live stream, else null.
   */
  track_id: number | null;
}
/**
 * Detections of the loaded heads in one window, highest score first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Detections".
 */
export interface Detections {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "detections";
  /**
   * The live stream, null for a window that a client sent.
   */
  stream_id: string | null;
  /**
   * First sample of the window in its stream, 0 where unknown.
   */
  start_sample: number;
  /**
   * Version of each head that was applied.
   */
  heads: {
    [k: string]: number;
  };
  /**
   * Stored score threshold of each of these heads; absent in pushes of streams.
   */
  thresholds?: {
    [k: string]: number;
  } | null;
  /**
   * The detections.
   */
  detections: DetectedBox[];
  /**
   * In a push: number of pushes dropped before it because this client was too slow.
   */
  dropped?: number;
}
/**
 * Remove all deleted signals for good.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "EmptyTrash".
 */
export interface EmptyTrash {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "empty_trash";
}
/**
 * Result of one epoch. Rates and ``val_loss`` are those on the validation split.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "EpochProgress".
 */
export interface EpochProgress {
  /**
   * F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split.
   */
  f1_score: number | null;
  /**
   * Share of the detections that are correct; null likewise.
   */
  precision: number | null;
  /**
   * Share of the boxes that were found; null likewise.
   */
  recall: number | null;
  /**
   * Number of the epoch, from 1.
   */
  epoch: number;
  /**
   * Maximum number of epochs.
   */
  total_epochs: number;
  /**
   * Mean loss on the training split.
   */
  train_loss: number;
  /**
   * Loss on the validation split; null for a provisional head.
   */
  val_loss: number | null;
  /**
   * Whether it is the best epoch so far.
   */
  is_best: boolean;
  /**
   * Seconds since the start of the training.
   */
  elapsed_sec: number;
}
/**
 * A command failed. Nothing was changed.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Error".
 */
export interface Error {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "error";
  /**
   * The command.
   */
  command?: string | null;
  /**
   * Error code.
   */
  code:
    | "invalid_json"
    | "invalid_message"
    | "unknown_command"
    | "invalid_name"
    | "not_found"
    | "conflict"
    | "busy"
    | "too_large"
    | "not_enough_samples"
    | "incompatible"
    | "unauthorized"
    | "cancelled"
    | "internal";
  /**
   * Reason, with the field and the limit, and what to do next.
   */
  message: string;
  /**
   * Further details.
   */
  details?: {
    [k: string]: JsonValue;
  } | null;
}
/**
 * Ask for the labelled boxes of a recording as SigMF annotations, to be kept beside its samples.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ExportRecordingSigmf".
 */
export interface ExportRecordingSigmf {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  command?: "export_recording_sigmf";
}
/**
 * Ask for a page of the samples of a signal as annotated SigMF recordings. Samples without IQ are skipped.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ExportSigmf".
 */
export interface ExportSigmf {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Maximum number of items, at most ``limits.max_page``; absent: as many as fit an answer.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
  command?: "export_sigmf";
}
/**
 * Train a better version with the samples added since; the validation split stays.
 *
 * Followed by the same messages as ``train_signal``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ExtendSignal".
 */
export interface ExtendSignal {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Notes, stored with the version.
   */
  notes?: string | null;
  /**
   * Kind of the head. There is one; ``rcnn`` of earlier releases is refused.
   */
  kind?: "embedding";
  /**
   * Maximum number of epochs.
   */
  epochs?: number;
  /**
   * Whether fewer than 5 samples may make a provisional head; with 5 or more it makes no difference.
   */
  provisional?: boolean;
  /**
   * Makes the command idempotent: the same request with the same id is the same job, another one is a `conflict`.
   */
  request_id?: string | null;
  command?: "extend_signal";
}
/**
 * A detection that is on no validation box.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "FalseDetection".
 */
export interface FalseDetection {
  /**
   * Its sample.
   */
  sample_id: string;
  box: SampleBox1;
  /**
   * Its score.
   */
  score: number;
}
/**
 * The box.
 */
export interface SampleBox1 {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
}
/**
 * Ask for the emissions of an archive that are most similar to one box, in a recording that the server holds
 * (``recording_id``) or in one of the archive (``recording``).
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "FindSimilar".
 */
export interface FindSimilar {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The archive, by the name that ``rfhydra serve --archive`` gives it.
   */
  archive: string;
  command?: "find_similar";
  /**
   * A recording that the server holds.
   */
  recording_id?: string | null;
  /**
   * A recording of the archive.
   */
  recording?: string | null;
  box: RecordingBox;
  /**
   * Maximum number of emissions.
   */
  limit?: number;
}
/**
 * The example.
 */
export interface RecordingBox {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
}
/**
 * Evidence for a difference in F1: of the second version less that of the first, as a fraction.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Gain".
 */
export interface Gain {
  /**
   * The difference.
   */
  f1_gain: number;
  interval: Interval3;
  /**
   * Probability that the second version is better.
   */
  p_better: number;
  /**
   * Probability that it is better by at least 2 points.
   */
  p_gain: number;
  /**
   * Probability that it is worse by more than 2 points.
   */
  p_worse: number;
}
/**
 * Its 90 % interval.
 */
export interface Interval3 {
  /**
   * Lower end.
   */
  low: number;
  /**
   * Upper end.
   */
  high: number;
}
/**
 * Ask for a page of the hits of an archive.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetArchiveHits".
 */
export interface GetArchiveHits {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The archive, by the name that ``rfhydra serve --archive`` gives it.
   */
  archive: string;
  command?: "get_archive_hits";
  /**
   * Only hits of this signal.
   */
  signal_name?: string | null;
  /**
   * Only hits that begin at or behind this place on the axis of ``archive_timeline``.
   */
  from_sec?: number | null;
  /**
   * Only hits that begin before this place.
   */
  to_sec?: number | null;
  /**
   * Maximum number of hits, at most ``limits.max_page``; absent: as many as fit an answer.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
}
/**
 * Ask for the hits of an archive along one time axis.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetArchiveTimeline".
 */
export interface GetArchiveTimeline {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The archive, by the name that ``rfhydra serve --archive`` gives it.
   */
  archive: string;
  command?: "get_archive_timeline";
  /**
   * Columns of the axis.
   */
  columns?: number;
}
/**
 * Ask for a part of a recording of an archive as an image. Absent edges are those of the recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetArchivedView".
 */
export interface GetArchivedView {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The archive, by the name that ``rfhydra serve --archive`` gives it.
   */
  archive: string;
  /**
   * Start of the part.
   */
  time_start_sec?: number | null;
  /**
   * End of the part.
   */
  time_end_sec?: number | null;
  /**
   * Lower edge of the part.
   */
  freq_low_hz?: number | null;
  /**
   * Upper edge of the part.
   */
  freq_high_hz?: number | null;
  /**
   * Most columns of the image.
   */
  columns?: number;
  /**
   * Most rows of the image; with ``columns`` at most 2,097,152 pixels.
   */
  rows?: number;
  /**
   * Level of the grey value 0; default by the noise floor of the image.
   */
  min_db?: number | null;
  /**
   * Level of the grey value 255; default by the strongest pixels of the image.
   */
  max_db?: number | null;
  /**
   * Centre frequency of the tuning to show, where the part has several; default the one with the most samples.
   */
  center_freq_hz?: number | null;
  /**
   * Samples of a spectrum, a power of two; default shows about as many rows as columns.
   */
  fft_size?: number | null;
  /**
   * What a pixel of several values shows: the peak, which shows bursts shorter than a column, or the mean.
   */
  pooling?: "max" | "mean";
  command?: "get_archived_view";
  /**
   * The recording.
   */
  recording: string;
}
/**
 * Ask for the archives of the server.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetArchives".
 */
export interface GetArchives {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_archives";
}
/**
 * Ask for a page of the audit log: who changed what, when and why.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetAudit".
 */
export interface GetAudit {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_audit";
  /**
   * Only changes of this signal, under this name.
   */
  signal_name?: string | null;
  /**
   * Maximum number of entries, at most ``limits.max_page``, which is also the default.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
}
/**
 * Ask for what the loaded heads detect in a part of a recording, and what the backbone proposes beside it.
 *
 * The part has at most ``limits.max_candidate_windows`` windows of the contract.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetCandidates".
 */
export interface GetCandidates {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  command?: "get_candidates";
  /**
   * Start of the part.
   */
  time_start_sec: number;
  /**
   * End of the part. Boxes whose middle lies in it count.
   */
  time_end_sec: number;
  /**
   * Only boxes that reach above this frequency.
   */
  freq_low_hz?: number | null;
  /**
   * Only boxes that reach below this frequency.
   */
  freq_high_hz?: number | null;
  /**
   * Subset of the loaded heads; default all.
   */
  signal_names?: string[] | null;
  /**
   * Least objectness of a proposal.
   */
  min_objectness?: number;
  /**
   * Most boxes of the answer.
   */
  max_candidates?: number;
}
/**
 * Ask for the detectability card that is stored with a version.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetCard".
 */
export interface GetCard {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_card";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version; absent: the active one.
   */
  version?: number | null;
  /**
   * Whether to include a picture of it.
   */
  include_picture?: boolean;
}
/**
 * Ask for a training with its messages so far.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetJob".
 */
export interface GetJob {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_job";
  /**
   * The job.
   */
  job_id: string;
}
/**
 * Ask for the loaded heads.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetLoadedHeads".
 */
export interface GetLoadedHeads {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_loaded_heads";
}
/**
 * Ask for all missions.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetMissions".
 */
export interface GetMissions {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_missions";
}
/**
 * Ask for a page of the labelled boxes of a recording: those that its file states, and those of samples of it.
 *
 * Samples belong to a recording by its samples, whatever its file is called.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetRecordingAnnotations".
 */
export interface GetRecordingAnnotations {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  command?: "get_recording_annotations";
  /**
   * Maximum number of boxes, at most ``limits.max_page``; absent: as many as fit an answer.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
}
/**
 * Ask for a part of a recording as an image. Absent edges are those of the recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetRecordingView".
 */
export interface GetRecordingView {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  /**
   * Start of the part.
   */
  time_start_sec?: number | null;
  /**
   * End of the part.
   */
  time_end_sec?: number | null;
  /**
   * Lower edge of the part.
   */
  freq_low_hz?: number | null;
  /**
   * Upper edge of the part.
   */
  freq_high_hz?: number | null;
  /**
   * Most columns of the image.
   */
  columns?: number;
  /**
   * Most rows of the image; with ``columns`` at most 2,097,152 pixels.
   */
  rows?: number;
  /**
   * Level of the grey value 0; default by the noise floor of the image.
   */
  min_db?: number | null;
  /**
   * Level of the grey value 255; default by the strongest pixels of the image.
   */
  max_db?: number | null;
  /**
   * Centre frequency of the tuning to show, where the part has several; default the one with the most samples.
   */
  center_freq_hz?: number | null;
  /**
   * Samples of a spectrum, a power of two; default shows about as many rows as columns.
   */
  fft_size?: number | null;
  /**
   * What a pixel of several values shows: the peak, which shows bursts shorter than a column, or the mean.
   */
  pooling?: "max" | "mean";
  command?: "get_recording_view";
}
/**
 * Ask for all signals with their active versions.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetRegistry".
 */
export interface GetRegistry {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_registry";
}
/**
 * Ask for all signals, also those without a head.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetSignals".
 */
export interface GetSignals {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_signals";
}
/**
 * Ask for the live streams.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetStreams".
 */
export interface GetStreams {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_streams";
}
/**
 * Ask for one sample.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetTrainingSample".
 */
export interface GetTrainingSample {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_training_sample";
  /**
   * The sample; the first 4 digits of its id, or more, where no other id begins so.
   */
  sample_id: string;
  /**
   * Whether to include its image.
   */
  include_spectrogram?: boolean;
}
/**
 * Ask for a page of the samples of a signal, oldest first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetTrainingSamples".
 */
export interface GetTrainingSamples {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Maximum number of items, at most ``limits.max_page``; absent: as many as fit an answer.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
  command?: "get_training_samples";
  /**
   * Whether to include the images.
   */
  include_spectrogram?: boolean;
}
/**
 * Ask for the deleted signals.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetTrash".
 */
export interface GetTrash {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_trash";
}
/**
 * Ask for a page of the clusters of emissions that no head detects.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetUnknown".
 */
export interface GetUnknown {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_unknown";
  /**
   * Only clusters that were seen so often.
   */
  least?: number;
  /**
   * Whether to include the newest window of each.
   */
  include_example?: boolean;
  /**
   * Maximum number of clusters, at most ``limits.max_page``; absent: as many as fit an answer.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
}
/**
 * Ask for the backbones of the server and its newest upgrade.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetUpgrade".
 */
export interface GetUpgrade {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_upgrade";
}
/**
 * Ask for one version with its results. A version that has none yet, of an older rfhydra, is evaluated now.
 *
 * ``busy`` while many versions are evaluated for others.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetVersion".
 */
export interface GetVersion {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "get_version";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  /**
   * Maximum number of missed boxes, and of false detections; at most ``limits.max_page`` are sent.
   */
  examples?: number;
}
/**
 * Ask for the versions of a signal's head.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "GetVersionHistory".
 */
export interface GetVersionHistory {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  command?: "get_version_history";
}
/**
 * The score threshold of a loaded head.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "HeadThreshold".
 */
export interface HeadThreshold {
  /**
   * The threshold that is used.
   */
  threshold: number;
  /**
   * The one that the head was calibrated to.
   */
  own_threshold: number;
  /**
   * Whether ``set_threshold`` or a mission has set it.
   */
  is_overridden: boolean;
}
/**
 * Ask for the features, limits, spectrogram contract and backbone of the server. Optional.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Hello".
 */
export interface Hello {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "hello";
  /**
   * Whether this connection uses binary frames; absent: unchanged, initially false.
   */
  binary?: boolean | null;
}
/**
 * Import samples from an annotated SigMF recording: windows around its labelled annotations.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ImportSigmf".
 */
export interface ImportSigmf {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "import_sigmf";
  /**
   * Contents of its ``.sigmf-meta``.
   */
  meta: {
    [k: string]: JsonValue;
  };
  /**
   * Base64 of its ``.sigmf-data``.
   */
  data_b64: string;
  /**
   * Only annotations with this label; default every label, each as a signal.
   */
  signal_name?: string | null;
  /**
   * Maximum number of samples per signal.
   */
  max_samples?: number | null;
}
/**
 * A 90 % interval. Recordings, not boxes, are resampled for it; of a single recording its windows.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Interval".
 */
export interface Interval4 {
  /**
   * Lower end.
   */
  low: number;
  /**
   * Upper end.
   */
  high: number;
}
/**
 * One training in the queue of the server, from its request to its end.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Job".
 */
export interface Job {
  /**
   * Its id.
   */
  job_id: string;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Whether it trains from scratch or extends the active version.
   */
  action: "train" | "extend";
  /**
   * Kind of the head: ``embedding``, or in jobs of earlier releases ``rcnn``.
   */
  kind: string;
  /**
   * Maximum number of epochs.
   */
  epochs: number;
  /**
   * Notes, stored with the version.
   */
  notes: string | null;
  /**
   * Whether fewer than 5 samples may make a provisional head.
   */
  provisional?: boolean;
  /**
   * Id of the request; a request that is sent again gives the same job.
   */
  request_id: string | null;
  /**
   * Its state.
   */
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  /**
   * Number of starts; more than one if the server or the training process died.
   */
  attempts: number;
  /**
   * Time of the request, UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Time of the last start.
   */
  started_at: string | null;
  /**
   * Time of the end.
   */
  finished_at: string | null;
  /**
   * ``seq`` of its newest message, 0 before the first.
   */
  last_seq: number;
  /**
   * The version that it made.
   */
  version: number | null;
  /**
   * Reason of its failure.
   */
  error: string | null;
  /**
   * Error code of its failure.
   */
  code:
    | (
        | "invalid_json"
        | "invalid_message"
        | "unknown_command"
        | "invalid_name"
        | "not_found"
        | "conflict"
        | "busy"
        | "too_large"
        | "not_enough_samples"
        | "incompatible"
        | "unauthorized"
        | "cancelled"
        | "internal"
      )
    | null;
}
/**
 * A training with its messages so far. Pushed to the subscribers of ``jobs`` when one is queued.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "JobSnapshot".
 */
export interface JobSnapshot {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "job";
  job: Job1;
  /**
   * Its messages, by ``seq``; those of old trainings are dropped.
   */
  events: (TrainingProgress | TrainingComplete | TrainingFailed)[];
  /**
   * What it does now; null unless it is running.
   */
  stage?: JobStage | null;
}
/**
 * The training.
 */
export interface Job1 {
  /**
   * Its id.
   */
  job_id: string;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Whether it trains from scratch or extends the active version.
   */
  action: "train" | "extend";
  /**
   * Kind of the head: ``embedding``, or in jobs of earlier releases ``rcnn``.
   */
  kind: string;
  /**
   * Maximum number of epochs.
   */
  epochs: number;
  /**
   * Notes, stored with the version.
   */
  notes: string | null;
  /**
   * Whether fewer than 5 samples may make a provisional head.
   */
  provisional?: boolean;
  /**
   * Id of the request; a request that is sent again gives the same job.
   */
  request_id: string | null;
  /**
   * Its state.
   */
  state: "queued" | "running" | "completed" | "failed" | "cancelled";
  /**
   * Number of starts; more than one if the server or the training process died.
   */
  attempts: number;
  /**
   * Time of the request, UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Time of the last start.
   */
  started_at: string | null;
  /**
   * Time of the end.
   */
  finished_at: string | null;
  /**
   * ``seq`` of its newest message, 0 before the first.
   */
  last_seq: number;
  /**
   * The version that it made.
   */
  version: number | null;
  /**
   * Reason of its failure.
   */
  error: string | null;
  /**
   * Error code of its failure.
   */
  code:
    | (
        | "invalid_json"
        | "invalid_message"
        | "unknown_command"
        | "invalid_name"
        | "not_found"
        | "conflict"
        | "busy"
        | "too_large"
        | "not_enough_samples"
        | "incompatible"
        | "unauthorized"
        | "cancelled"
        | "internal"
      )
    | null;
}
/**
 * An epoch of a training has ended.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingProgress".
 */
export interface TrainingProgress {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The job.
   */
  job_id: string;
  /**
   * Number of the message within the job, without gaps.
   */
  seq: number;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  /**
   * F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split.
   */
  f1_score: number | null;
  /**
   * Share of the detections that are correct; null likewise.
   */
  precision: number | null;
  /**
   * Share of the boxes that were found; null likewise.
   */
  recall: number | null;
  /**
   * Number of the epoch, from 1.
   */
  epoch: number;
  /**
   * Maximum number of epochs.
   */
  total_epochs: number;
  /**
   * Mean loss on the training split.
   */
  train_loss: number;
  /**
   * Loss on the validation split; null for a provisional head.
   */
  val_loss: number | null;
  /**
   * Whether it is the best epoch so far.
   */
  is_best: boolean;
  /**
   * Seconds since the start of the training.
   */
  elapsed_sec: number;
  type?: "training_progress";
}
/**
 * A training has made a new version.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingComplete".
 */
export interface TrainingComplete {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The job.
   */
  job_id: string;
  /**
   * Number of the message within the job, without gaps.
   */
  seq: number;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  /**
   * Number of the new version.
   */
  version: number;
  /**
   * Number of samples, training and validation.
   */
  sample_count: number;
  /**
   * Number of epochs that ran.
   */
  epochs_trained: number;
  /**
   * Whether it stopped early because no epoch was better.
   */
  early_stopped: boolean;
  metrics: Metrics;
  /**
   * The version that was active before.
   */
  previous_version: number | null;
  /**
   * Metrics of the previous version on the same validation boxes, null where it cannot run or is provisional.
   */
  previous_metrics: Metrics1 | null;
  /**
   * Whether the new version was promoted.
   */
  auto_promoted: boolean;
  /**
   * Reason for the promotion, or against it.
   */
  promotion_reason: string | null;
  /**
   * Duration of the training in seconds.
   */
  training_time_sec: number;
  type?: "training_complete";
}
/**
 * Metrics of the new version.
 */
export interface Metrics {
  /**
   * F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split.
   */
  f1_score: number | null;
  /**
   * Share of the detections that are correct; null likewise.
   */
  precision: number | null;
  /**
   * Share of the boxes that were found; null likewise.
   */
  recall: number | null;
  [k: string]: unknown;
}
/**
 * Metrics of a head on its validation split. More fields may follow; ``metrics[name]`` reads any of them.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Metrics".
 */
export interface Metrics1 {
  /**
   * F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split.
   */
  f1_score: number | null;
  /**
   * Share of the detections that are correct; null likewise.
   */
  precision: number | null;
  /**
   * Share of the boxes that were found; null likewise.
   */
  recall: number | null;
  [k: string]: unknown;
}
/**
 * A training has failed or was cancelled; nothing was changed.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingFailed".
 */
export interface TrainingFailed {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The job.
   */
  job_id: string;
  /**
   * Number of the message within the job, without gaps.
   */
  seq: number;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "training_failed";
  /**
   * Reason.
   */
  error: string;
  /**
   * Error code.
   */
  code:
    | "invalid_json"
    | "invalid_message"
    | "unknown_command"
    | "invalid_name"
    | "not_found"
    | "conflict"
    | "busy"
    | "too_large"
    | "not_enough_samples"
    | "incompatible"
    | "unauthorized"
    | "cancelled"
    | "internal";
}
/**
 * A training has begun a stage, or goes on in it. Pushed to subscribers of ``jobs``; not stored, and not counted.
 *
 * The newest replaces the one before it. In ``fitting`` the epochs tell how far it is (``training_progress``).
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "JobStage".
 */
export interface JobStage {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "job_stage";
  /**
   * The job.
   */
  job_id: string;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  /**
   * ``starting``: its process is started; ``looking``: the backbone looks at the samples; ``fitting``: the head is
   * fitted; ``calibrating``: its scores are calibrated on samples that it was not trained on; ``comparing``: it is
   * compared with the active version.
   */
  stage: "starting" | "looking" | "fitting" | "calibrating" | "comparing";
  /**
   * Number of samples that were looked at; null in other stages.
   */
  done: number | null;
  /**
   * Number of samples in all; likewise.
   */
  total: number | null;
}
/**
 * Trainings, newest first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Jobs".
 */
export interface Jobs {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "jobs";
  /**
   * The page.
   */
  jobs: Job[];
  /**
   * Cursor of the next page; null on the last.
   */
  next_cursor?: string | null;
}
/**
 * Label boxes in a recording: windows around them become samples, all or, on an error, none.
 *
 * A new box replaces an older one of its label of which it covers half or more; the same boxes again change nothing.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LabelRecording".
 */
export interface LabelRecording {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  command?: "label_recording";
  /**
   * The boxes.
   *
   * @minItems 1
   * @maxItems 1000
   */
  annotations: NewAnnotation[];
  /**
   * Whether a signal may have samples of several sample rates; without it that is a ``conflict``.
   */
  any_rate?: boolean;
}
/**
 * A box to label in a recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "NewAnnotation".
 */
export interface NewAnnotation {
  /**
   * The signal.
   */
  signal_name: string;
  box: RecordingBox1;
  /**
   * Whether it is verified not to be the signal, whatever else it is.
   */
  negative?: boolean;
}
/**
 * The box. More than half of its time lies in the recording, some of its frequencies in the recorded band.
 */
export interface RecordingBox1 {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
}
/**
 * Make samples of a signal of the windows that are kept of a cluster.
 *
 * The cluster goes on counting, without windows, until there is a head. A second label is a ``conflict``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LabelUnknown".
 */
export interface LabelUnknown {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "label_unknown";
  /**
   * The cluster.
   */
  cluster_id: number;
  /**
   * The signal.
   */
  signal_name: string;
}
/**
 * A verified emission of another signal.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LabelledBox".
 */
export interface LabelledBox {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
  /**
   * Label of the emission; ``!`` and a name says only that it is not that signal.
   */
  label: string;
}
/**
 * What a signal has after boxes were labelled.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LabelledSignal".
 */
export interface LabelledSignal {
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Number of samples that are new.
   */
  new_samples: number;
  /**
   * Number of its samples.
   */
  sample_count: number;
  /**
   * Number of its boxes, over all samples.
   */
  box_count: number;
  /**
   * Number of verified boxes of other signals in its samples.
   */
  negative_count: number;
}
/**
 * A head that cannot be trained again. It stays active, on its backbone.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LeftHead".
 */
export interface LeftHead {
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Its version.
   */
  version: number;
  /**
   * Reason.
   */
  reason: string;
}
/**
 * Ask for a page of the trainings, newest first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ListJobs".
 */
export interface ListJobs {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * Maximum number of items, at most ``limits.max_page``; absent: as many as fit an answer.
   */
  limit?: number | null;
  /**
   * ``next_cursor`` of the previous page.
   */
  cursor?: string | null;
  command?: "list_jobs";
}
/**
 * Ask for the recordings that the server holds.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ListRecordings".
 */
export interface ListRecordings {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "list_recordings";
}
/**
 * Ask for the sources that the operator configured.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ListSources".
 */
export interface ListSources {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "list_sources";
}
/**
 * Load the active heads of signals in addition to the loaded ones; all or, on an error, none.
 *
 * A loaded head keeps its version until it is loaded again, whatever is promoted. A restarted server loads the same
 * versions.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LoadHeads".
 */
export interface LoadHeads {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "load_heads";
  /**
   * The signals. One that is loaded already is replaced by its active version.
   *
   * @maxItems 4096
   */
  signal_names: string[];
}
/**
 * Load the active heads of a mission with its thresholds, and unload all others, at once; on an error, nothing.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LoadMission".
 */
export interface LoadMission {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "load_mission";
  /**
   * The mission.
   */
  mission_name: string;
}
/**
 * The loaded heads. Pushed to subscribers of ``heads`` when they change.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "LoadedHeads".
 */
export interface LoadedHeads {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "loaded_heads";
  /**
   * Names of the signals, sorted.
   */
  heads: string[];
  /**
   * Loaded version by signal name.
   */
  versions: {
    [k: string]: number;
  };
  /**
   * Threshold by signal name.
   */
  thresholds?: {
    [k: string]: HeadThreshold;
  };
}
/**
 * Measure the detectability card of a version, and store it with the version in the place of a former one.
 *
 * It takes turns with trainings. Followed by ``card_progress`` and by exactly one of ``card_complete`` and
 * ``card_failed``, to those who subscribed to ``cards`` and to the connection that asked. While it is under way, the
 * same command joins it, and one for another version is refused with ``busy``. A server that stops or dies forgets it.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "MakeCard".
 */
export interface MakeCard {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "make_card";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version; absent: the active one.
   */
  version?: number | null;
}
/**
 * A validation box that is not found.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "MissedBox".
 */
export interface MissedBox {
  /**
   * Its sample.
   */
  sample_id: string;
  box: SampleBox2;
  /**
   * Score of the strongest detection below the threshold that would find it; null where there is none.
   */
  score: number | null;
}
/**
 * The box.
 */
export interface SampleBox2 {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
}
/**
 * A named set of heads with their thresholds.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Mission".
 */
export interface Mission {
  /**
   * Its name.
   */
  mission_name: string;
  /**
   * When it was saved last, UTC, ISO 8601.
   */
  saved_at: string;
  /**
   * Sorted by signal. Signals that were deleted are left out, and come back when they are restored.
   */
  heads: MissionHead[];
}
/**
 * One head of a mission.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "MissionHead".
 */
export interface MissionHead {
  /**
   * The signal. Its active version is loaded.
   */
  signal_name: string;
  /**
   * Score threshold; null for the head's own.
   */
  threshold?: number | null;
}
/**
 * All missions. Pushed to subscribers of ``missions`` when they change.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Missions".
 */
export interface Missions {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "missions";
  /**
   * Sorted by name.
   */
  missions: Mission[];
}
/**
 * A source that the operator configured at the start of the server, see ``list_sources``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "NamedSource".
 */
export interface NamedSource {
  /**
   * Its name.
   */
  name: string;
}
/**
 * Begin to send a recording, in ``upload_frame`` messages; needs a connection that uses binary frames.
 *
 * The server answers each frame with ``recording_upload``, whose ``id`` is the tag, and the last one with the
 * recording, too. If the files cannot be opened, the last answer is an ``error``, which says what to give;
 * ``resume_upload`` gives it, without the bytes. A connection sends one recording at a time.
 *
 * Where there is no room for it, the recordings that were not used for longest are removed.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "OpenRecording".
 */
export interface OpenRecording {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * For a file that does not state it, neither by its name.
   */
  sample_rate_hz?: number | null;
  /**
   * Likewise; default 0.
   */
  center_freq_hz?: number | null;
  /**
   * Likewise, for raw samples: as in SigMF, such as ``cu8`` or ``cf32_le``.
   */
  datatype?: string | null;
  command?: "open_recording";
  /**
   * Its files, in the order of their bytes: one, or metadata and data of SigMF.
   *
   * @minItems 1
   * @maxItems 2
   */
  files: RecordingFile[];
  /**
   * Tag of the frames, chosen by the client.
   */
  tag: number;
}
/**
 * Make a version of a signal's head the active one; a provisional one replaces no validated one (``conflict``).
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "PromoteVersion".
 */
export interface PromoteVersion {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  command?: "promote_version";
  /**
   * Its version.
   */
  version: number;
}
/**
 * IQ that this connection sends in binary frames.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "PushedSource".
 */
export interface PushedSource {
  /**
   * Always ``push``.
   */
  kind?: "push";
  /**
   * Sample rate of the frames.
   */
  sample_rate_hz: number;
  /**
   * Centre frequency of the frames.
   */
  center_freq_hz: number;
  /**
   * Tag of the frames, chosen by the client: one for each stream that this connection pushes.
   */
  tag: number;
}
/**
 * The 90 % interval of each rate.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RateIntervals".
 */
export interface RateIntervals1 {
  f1_score: Interval;
  precision: Interval1;
  recall: Interval2;
}
/**
 * A labelled box of a recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingAnnotation".
 */
export interface RecordingAnnotation {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * What it is labelled as; ``!`` and a name says only that it is not that signal. Null where the file states no
   * label.
   */
  label: string | null;
  /**
   * ``file``: the file states it. ``sample``: samples of the workspace have it.
   */
  origin: "file" | "sample";
  /**
   * The samples that show it, at most 16; none for one of the file.
   */
  sample_ids: string[];
}
/**
 * A page of the labelled boxes of a recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingAnnotations".
 */
export interface RecordingAnnotations {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  type?: "recording_annotations";
  /**
   * By time.
   */
  annotations: RecordingAnnotation[];
  /**
   * ``cursor`` of the next page; null on the last one.
   */
  next_cursor: string | null;
}
/**
 * A box in a recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingBox".
 */
export interface RecordingBox2 {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
}
/**
 * A recording that the server holds.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingInfo".
 */
export interface RecordingInfo1 {
  /**
   * Its id.
   */
  recording_id: string;
  /**
   * What people call it: the name of its file without the extension, or the stream and the time of the capture.
   */
  name: string;
  /**
   * The files that were sent; of a capture those that were written.
   */
  files: RecordingFile[];
  /**
   * The stream that it was captured from; null for a file.
   */
  stream_id: string | null;
  /**
   * What the file is, for people.
   */
  container: string;
  /**
   * Datatype of the samples, as in SigMF.
   */
  datatype: string;
  /**
   * Samples per second.
   */
  sample_rate_hz: number;
  /**
   * Number of samples.
   */
  samples: number;
  /**
   * Length.
   */
  duration_sec: number;
  /**
   * Time of the first sample, UTC, ISO 8601; null where the file does not state it.
   */
  start_time: string | null;
  /**
   * Centre frequency of the first sample; 0 where the file does not state it.
   */
  center_freq_hz: number;
  /**
   * The different centre frequencies, ascending, at most 16 of them.
   */
  center_freqs_hz: number[];
  /**
   * Number of captures: stretches of one centre frequency or time base.
   */
  captures: number;
  /**
   * Number of annotations that the file states.
   */
  annotations: number;
  /**
   * Bytes on the disk.
   */
  size_bytes: number;
  /**
   * What is wrong with the file, though it can be read.
   */
  warnings: string[];
  /**
   * Time when it was opened, UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Time of its last use, which decides which one is removed when there is no room.
   */
  used_at: string;
}
/**
 * Boxes were labelled: windows around them are samples now.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingLabelled".
 */
export interface RecordingLabelled {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  type?: "recording_labelled";
  /**
   * The signals of the boxes, by name.
   */
  signals: LabelledSignal[];
  /**
   * What of the boxes does not fit the contract, each with its remedy.
   */
  warnings: string[];
}
/**
 * The labelled boxes of a recording as SigMF.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingSigmf".
 */
export interface RecordingSigmf {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  type?: "recording_sigmf";
  /**
   * A name for the file.
   */
  file_name: string;
  /**
   * Contents of a ``.sigmf-meta``, which goes beside the samples.
   */
  meta: {
    [k: string]: JsonValue;
  };
}
/**
 * One recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingState".
 */
export interface RecordingState {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "recording";
  recording: RecordingInfo2;
}
/**
 * The recording.
 */
export interface RecordingInfo2 {
  /**
   * Its id.
   */
  recording_id: string;
  /**
   * What people call it: the name of its file without the extension, or the stream and the time of the capture.
   */
  name: string;
  /**
   * The files that were sent; of a capture those that were written.
   */
  files: RecordingFile[];
  /**
   * The stream that it was captured from; null for a file.
   */
  stream_id: string | null;
  /**
   * What the file is, for people.
   */
  container: string;
  /**
   * Datatype of the samples, as in SigMF.
   */
  datatype: string;
  /**
   * Samples per second.
   */
  sample_rate_hz: number;
  /**
   * Number of samples.
   */
  samples: number;
  /**
   * Length.
   */
  duration_sec: number;
  /**
   * Time of the first sample, UTC, ISO 8601; null where the file does not state it.
   */
  start_time: string | null;
  /**
   * Centre frequency of the first sample; 0 where the file does not state it.
   */
  center_freq_hz: number;
  /**
   * The different centre frequencies, ascending, at most 16 of them.
   */
  center_freqs_hz: number[];
  /**
   * Number of captures: stretches of one centre frequency or time base.
   */
  captures: number;
  /**
   * Number of annotations that the file states.
   */
  annotations: number;
  /**
   * Bytes on the disk.
   */
  size_bytes: number;
  /**
   * What is wrong with the file, though it can be read.
   */
  warnings: string[];
  /**
   * Time when it was opened, UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Time of its last use, which decides which one is removed when there is no room.
   */
  used_at: string;
}
/**
 * How much of a recording the server has, and the recording itself once it has all.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingUpload".
 */
export interface RecordingUpload {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "recording_upload";
  /**
   * Id of the upload, and ``recording_id`` of the recording that it becomes.
   */
  upload_id: string;
  /**
   * Tag of its frames on this connection.
   */
  tag: number;
  /**
   * Bytes that the server has, over all files: the next frame begins there.
   */
  received_bytes: number;
  /**
   * Bytes of all files.
   */
  size_bytes: number;
  /**
   * Most bytes of one frame.
   */
  max_chunk_bytes: number;
  /**
   * The recording; null until the last byte is there.
   */
  recording: RecordingInfo1 | null;
}
/**
 * A part of a recording as an image, each pixel the peak, or the mean, of the spectra and bins in it.
 *
 * Every sample of the part counts, however long it is. The edges are those of the image, which may reach a little
 * beyond the asked part, or be less than it at the edges of the recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RecordingView".
 */
export interface RecordingView {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  /**
   * Rows of the image; at most as many as asked for.
   */
  rows: number;
  /**
   * Columns of the image; likewise.
   */
  cols: number;
  /**
   * Left edge of the first column, in seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Right edge of the last column.
   */
  time_end_sec: number;
  /**
   * Lower edge of the last row.
   */
  freq_low_hz: number;
  /**
   * Upper edge of the first row.
   */
  freq_high_hz: number;
  /**
   * The centre frequency of the shown tuning.
   */
  center_freq_hz: number;
  /**
   * Level of the grey value 0. A sine of full scale has 0 dB.
   */
  min_db: number;
  /**
   * Level of the grey value 255.
   */
  max_db: number;
  /**
   * The noise floor of the image, its median.
   */
  floor_db: number;
  /**
   * Samples of a spectrum; spectra overlap by half.
   */
  fft_size: number;
  /**
   * What a pixel of several values shows.
   */
  pooling: "max" | "mean";
  /**
   * Base64 of ``rows`` × ``cols`` bytes in row order, row 0 the highest frequency, column 0 the earliest time. Bytes
   * are 0 where the receiver was tuned elsewhere.
   */
  image_b64: string;
  type?: "recording_view";
}
/**
 * The recordings that the server holds.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Recordings".
 */
export interface Recordings {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "recordings";
  /**
   * The newest first; at most ``limits.max_recordings``.
   */
  recordings: RecordingInfo1[];
  /**
   * What they take on the disk, unfinished uploads included; at most ``limits.max_recordings_bytes``.
   */
  used_bytes: number;
}
/**
 * Every signal that has versions.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Registry".
 */
export interface Registry {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "registry";
  /**
   * Version of the shared backbone's design.
   */
  backbone_version: number;
  /**
   * By name.
   */
  signals: {
    [k: string]: RegistryEntry;
  };
}
/**
 * A signal in the registry. The metrics are those of the active version, null where it is provisional.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RegistryEntry".
 */
export interface RegistryEntry {
  /**
   * The active version, null before the first promotion.
   */
  active_version: number | null;
  /**
   * The same number.
   */
  active_head_version: number | null;
  /**
   * F1 on the validation split, at IoU 0.5.
   */
  f1_score: number | null;
  /**
   * Precision on the validation split.
   */
  precision: number | null;
  /**
   * Recall on the validation split.
   */
  recall: number | null;
  /**
   * Number of samples of the active version, or of the newest one where none is active.
   */
  sample_count: number;
  /**
   * Time of the newest version, UTC, ISO 8601.
   */
  last_trained: string | null;
  /**
   * Whether a head of this signal is loaded, of any version.
   */
  is_loaded?: boolean;
  /**
   * Whether the active version is provisional.
   */
  provisional?: boolean;
}
/**
 * Make a sample one of another signal: its boxes get that label in every sample of the image.
 *
 * The boxes of a sample that shows only what is not the signal get it, too. If the other signal has a sample of the
 * image already, that gets the boxes.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RelabelSample".
 */
export interface RelabelSample {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "relabel_sample";
  /**
   * The sample; the first 4 digits of its id, or more, where no other id begins so.
   */
  sample_id: string;
  /**
   * The other signal.
   */
  signal_name: string;
}
/**
 * Give a mission another name; ``conflict`` where that is in use.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RenameMission".
 */
export interface RenameMission {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "rename_mission";
  /**
   * The mission.
   */
  mission_name: string;
  /**
   * Its new name.
   */
  new_name: string;
}
/**
 * Give a signal another name: its samples, versions, jobs, loaded head and logged tracks.
 *
 * Ids of samples and numbers of versions stay. ``conflict`` where the name is in use, as a label of boxes, too, while
 * a training of the signal or an upgrade is unfinished, and while a live stream detects it.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RenameSignal".
 */
export interface RenameSignal {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "rename_signal";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Its new name.
   */
  new_name: string;
}
/**
 * Take the last deleted signal of a name out of the trash. ``conflict`` where there is one of this name again.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RestoreSignal".
 */
export interface RestoreSignal {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "restore_signal";
  /**
   * Its name.
   */
  signal_name: string;
}
/**
 * Success of a command that has no other answer.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Result".
 */
export interface Result {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "result";
  /**
   * Always true: a failure is an ``error``.
   */
  success?: true;
  /**
   * The training.
   */
  job_id?: string | null;
}
/**
 * Go on with an upload, from any connection, or open its files again with other fields.
 *
 * An upload that gets no byte for ``limits.upload_linger_sec`` is removed, and so is an unfinished one when the server
 * stops. Once the recording is open, the answer has it.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ResumeUpload".
 */
export interface ResumeUpload {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * For a file that does not state it, neither by its name.
   */
  sample_rate_hz?: number | null;
  /**
   * Likewise; default 0.
   */
  center_freq_hz?: number | null;
  /**
   * Likewise, for raw samples: as in SigMF, such as ``cu8`` or ``cf32_le``.
   */
  datatype?: string | null;
  command?: "resume_upload";
  /**
   * The upload.
   */
  upload_id: string;
  /**
   * Tag of the frames on this connection.
   */
  tag: number;
}
/**
 * Return to the version that was active before the current one, in the order of promotion, not of numbers.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "RollbackSignal".
 */
export interface RollbackSignal {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  command?: "rollback_signal";
}
/**
 * A box in seconds and Hz and in pixels.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SampleBox".
 */
export interface SampleBox3 {
  /**
   * Seconds from the start of the window.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the window.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * Left edge, in columns.
   */
  x_min: number;
  /**
   * Upper edge, in rows.
   */
  y_min: number;
  /**
   * Right edge, in columns.
   */
  x_max: number;
  /**
   * Lower edge, in rows.
   */
  y_max: number;
}
/**
 * Number of samples of each signal. Pushed when it changes.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SampleCounts".
 */
export interface SampleCounts {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "samples";
  /**
   * By name.
   */
  signals: {
    [k: string]: number;
  };
}
/**
 * One labelled window.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SampleInfo".
 */
export interface SampleInfo {
  /**
   * Its id.
   */
  sample_id: string;
  /**
   * Height of its spectrogram.
   */
  rows: number;
  /**
   * Width of its spectrogram.
   */
  cols: number;
  /**
   * Boxes of the signal.
   */
  boxes: SampleBox3[];
  /**
   * Verified emissions of other signals.
   */
  negatives: LabelledBox[];
  /**
   * Null where it is unknown: the boxes are then in samples and cycles per sample.
   */
  sample_rate_hz: number | null;
  /**
   * Centre frequency of the window.
   */
  center_freq_hz: number | null;
  /**
   * Recording that the window is from.
   */
  recording: string | null;
  /**
   * First sample of the window in its recording.
   */
  start_sample: number | null;
  /**
   * Whether its IQ is stored.
   */
  has_iq: boolean;
  /**
   * Metadata, unchanged.
   */
  metadata: {
    [k: string]: JsonValue;
  };
  /**
   * UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Base64 of a NumPy ``.npy``, uint8, shape (rows, cols); absent unless asked for.
   */
  spectrogram_b64?: string | null;
}
/**
 * A sample is one of another signal, under another id.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SampleRelabelled".
 */
export interface SampleRelabelled {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "sample_relabelled";
  /**
   * The signal that it is one of now.
   */
  signal_name: string;
  /**
   * Its id now.
   */
  sample_id: string;
  /**
   * The signal that it was one of.
   */
  former_signal_name: string;
  /**
   * Its id before.
   */
  former_sample_id: string;
  /**
   * Number of samples of the signal that it is one of now.
   */
  total_samples: number;
}
/**
 * Save a set of heads under a name. A mission of that name is replaced.
 *
 * ``not_found`` where a signal has no active head, ``too_large`` over ``max_missions`` or ``max_mission_heads``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SaveMission".
 */
export interface SaveMission {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "save_mission";
  /**
   * Its name, of the same form as that of a signal.
   */
  mission_name: string;
  /**
   * The heads, each signal once; absent: those that are loaded, with their thresholds.
   */
  heads?: MissionHead[] | null;
}
/**
 * A scan has ended.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ScanComplete".
 */
export interface ScanComplete {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  /**
   * The scan.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "scan_complete";
  result: ScanResult1;
}
/**
 * What the scans of an archive have found so far.
 */
export interface ScanResult1 {
  /**
   * Time of the end of the last scan, UTC, ISO 8601.
   */
  scanned_at: string;
  /**
   * Recordings that were scanned.
   */
  recordings: number;
  /**
   * Their length.
   */
  duration_sec: number;
  /**
   * Files that could not be scanned.
   */
  failed: number;
  /**
   * Path and reason of some of them.
   */
  failures: string[];
  /**
   * Version of each head that was looked for, by signal name.
   */
  versions: {
    [k: string]: number;
  };
  /**
   * Detections by signal name.
   */
  hits: {
    [k: string]: number;
  };
  /**
   * Candidate emissions, which a search compares.
   */
  emissions: number;
  /**
   * Whether the scan had the contract and the backbone that the server has now; a search needs that.
   */
  is_searchable: boolean;
}
/**
 * A scan has failed or was cancelled. Recordings that it finished need no other scan.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ScanFailed".
 */
export interface ScanFailed {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  /**
   * The scan.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "scan_failed";
  /**
   * Reason.
   */
  error: string;
  /**
   * Error code.
   */
  code:
    | "invalid_json"
    | "invalid_message"
    | "unknown_command"
    | "invalid_name"
    | "not_found"
    | "conflict"
    | "busy"
    | "too_large"
    | "not_enough_samples"
    | "incompatible"
    | "unauthorized"
    | "cancelled"
    | "internal";
}
/**
 * Version, features, limits and contract of the server.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ServerHello".
 */
export interface ServerHello {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "hello";
  /**
   * Version of rfhydra.
   */
  server_version: string;
  /**
   * Version of this interface.
   */
  api_version: number;
  /**
   * Oldest interface version that the server supports.
   */
  min_api_version: number;
  /**
   * Features beyond the fixed contract.
   */
  features: string[];
  limits: StatedLimits;
  /**
   * The locked spectrogram contract of the workspace, and its ``spec_id``.
   */
  spectrogram: {
    [k: string]: JsonValue;
  };
  backbone: BackboneInfo1;
}
/**
 * The limits.
 */
export interface StatedLimits {
  /**
   * Of one message to the server, text or binary. A larger one closes the connection (1009).
   */
  max_message_bytes?: number;
  /**
   * JSON values and escaped characters of one text message; numbers and space take at most 32 bytes for each.
   */
  max_message_values?: number;
  /**
   * Messages that are received or handled at one time, of all clients together, beyond 64 KiB of each. When they take
   * more, the connection whose message has waited longest is closed (1013).
   */
  max_received_bytes?: number;
  /**
   * Authorised connections at one time. One more is closed (1013).
   */
  max_clients?: number;
  /**
   * Connections at one time that speak HTTP, are in their handshake, or have not sent the token. One more ends the
   * oldest of the address that has the most.
   */
  max_pending_connections?: number;
  /**
   * Of one answer, unless it was asked to hold arrays. Longer lists come in pages.
   */
  max_answer_bytes?: number;
  /**
   * Of one answer that was asked to hold arrays, unless its first item alone is larger.
   */
  max_array_bytes?: number;
  /**
   * Items of one page.
   */
  max_page?: number;
  /**
   * Samples of one signal.
   */
  max_samples_per_signal?: number;
  /**
   * Boxes of one sample, those of other labels included.
   */
  max_boxes_per_sample?: number;
  /**
   * Annotations of one recording that is imported, and its captures.
   */
  max_import_labels?: number;
  /**
   * Samples that one import makes, of all signals together. While their rows are stored, other commands wait.
   */
  max_import_samples?: number;
  /**
   * Imports that wait, of all clients together. One more is refused with ``busy``.
   */
  max_imports_queued?: number;
  /**
   * Metadata of one sample, as JSON.
   */
  max_metadata_bytes?: number;
  /**
   * Characters of the notes of a training or version.
   */
  max_notes_length?: number;
  /**
   * Epochs of one training.
   */
  max_epochs?: number;
  /**
   * Names in one command, heads loaded at one time, and heads of one mission.
   */
  max_heads?: number;
  /**
   * Missions of the workspace.
   */
  max_missions?: number;
  /**
   * Heads of all missions together, so that their list fits an answer.
   */
  max_mission_heads?: number;
  /**
   * Versions whose evaluation waits, of all clients together. One more is refused with ``busy``.
   */
  max_evaluations_queued?: number;
  /**
   * Trainings that wait. One more is refused with ``busy``.
   */
  max_jobs_queued?: number;
  /**
   * Detections that wait, of all clients together. One more is refused with ``busy``.
   */
  max_detections_queued?: number;
  /**
   * Live streams that run at one time. One more is refused with ``busy``.
   */
  max_streams?: number;
  /**
   * Samples of one binary frame of a pushed stream.
   */
  max_push_samples?: number;
  /**
   * Seconds that a pushed stream waits for its client to come back before it ends.
   */
  push_linger_sec?: number;
  /**
   * Waterfalls with different settings, of all clients together. One more is refused with ``busy``.
   */
  max_waterfalls?: number;
  /**
   * Of the newest samples of each running stream, at 8 bytes a sample, for ``capture_stream``; 0 keeps none.
   */
  stream_history_bytes?: number;
  /**
   * Recordings that the server holds. For one more, the one that was not used for longest is removed.
   */
  max_recordings?: number;
  /**
   * What they take on the disk, unfinished uploads included; likewise. A larger one is refused.
   */
  max_recordings_bytes?: number;
  /**
   * Seconds after which a recording that nobody uses is removed.
   */
  recording_idle_sec?: number;
  /**
   * Unfinished uploads, of all clients together. One more is refused with ``busy``.
   */
  max_uploads?: number;
  /**
   * Seconds that an upload waits for its next byte before it is removed.
   */
  upload_linger_sec?: number;
  /**
   * Bytes of one frame of an upload; less where ``max_message_bytes`` is.
   */
  max_chunk_bytes?: number;
  /**
   * Views and snapped boxes of recordings that wait, of all clients together. One more is refused with ``busy``.
   */
  max_views_queued?: number;
  /**
   * Candidates and contracts that wait, of all clients together. One more is refused with ``busy``.
   */
  max_suggestions_queued?: number;
  /**
   * Windows of the contract that one ``get_candidates`` looks at.
   */
  max_candidate_windows?: number;
  /**
   * Bytes of a stretch that ``copy_archived`` copies, at 8 bytes a sample.
   */
  max_excerpt_bytes?: number;
  /**
   * Reads and changes of the workspace that wait, of all clients together. One more is refused with ``busy``.
   */
  max_store_queued?: number;
  /**
   * Commands and frames of one connection that are answered when they are done, and are not yet. One more is refused
   * with ``busy``.
   */
  max_commands_waiting?: number;
  /**
   * Control messages that a client has not taken yet. One more closes the connection (1013).
   */
  max_outbox_messages?: number;
  /**
   * The same, in bytes.
   */
  max_outbox_bytes?: number;
  /**
   * Length of a signal name in characters.
   */
  max_name_length?: number;
  /**
   * Regular expression that a whole signal name matches.
   */
  name_pattern?: string;
  /**
   * Samples of a head that is validated. Fewer make a provisional one.
   */
  min_training_samples?: number;
}
/**
 * The backbone.
 */
export interface BackboneInfo1 {
  /**
   * Version of its design.
   */
  version: number;
  /**
   * Id of its weights; heads of other backbones are refused.
   */
  id: string;
}
/**
 * State of the server. Pushed every second.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ServerMetrics".
 */
export interface ServerMetrics {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "metrics";
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  /**
   * Seconds since the start.
   */
  uptime_sec: number;
  /**
   * Number of connections.
   */
  clients: number;
  /**
   * Number of loaded heads.
   */
  loaded_heads: number;
  /**
   * Number of queued trainings.
   */
  jobs_queued: number;
  /**
   * Number of running trainings, 0 or 1.
   */
  jobs_running: number;
  /**
   * Number of detections that are queued or running.
   */
  detections_queued: number;
  /**
   * Number of workspace calls that are queued or running.
   */
  store_queued: number;
  /**
   * Number of pushes dropped for slow clients since the start.
   */
  messages_dropped: number;
  /**
   * Processor cores that the server used in the last second, its training process aside; null before the second push
   * and in snapshots.
   */
  cpu_share?: number | null;
}
/**
 * The server is stopping and will close the connection (1001).
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ServerShutdown".
 */
export interface ServerShutdown {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "server_shutdown";
  /**
   * Reason.
   */
  reason: string;
  /**
   * Time that a running training has to finish. One that takes longer runs again at the next start.
   */
  grace_sec: number;
}
/**
 * Set the score threshold of a loaded head, from the next window on, in live streams, too.
 *
 * It holds until the head is unloaded: also for another version of it, and after a restart of the server.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SetThreshold".
 */
export interface SetThreshold {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "set_threshold";
  /**
   * The signal, whose head is loaded.
   */
  signal_name: string;
  /**
   * The threshold; absent or null for the head's own.
   */
  threshold?: number | null;
}
/**
 * Replace the notes of a version.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SetVersionNotes".
 */
export interface SetVersionNotes {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "set_version_notes";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  /**
   * The new notes, of at most ``limits.max_notes_length`` characters; empty for none.
   */
  notes: string;
}
/**
 * Choose how this connection, subscribed to ``waterfall``, sees streams. Absent fields get their default.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SetWaterfall".
 */
export interface SetWaterfall {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * Samples of one spectrum and rows of a frame, a power of two.
   */
  fft_size?: number;
  /**
   * Level of the grey value 0. A sine of full scale has 0 dB.
   */
  min_db?: number;
  /**
   * Level of the grey value 255.
   */
  max_db?: number;
  /**
   * Whether a column shows the peak or the mean of its spectra.
   */
  hold?: "peak" | "mean";
  /**
   * Columns in one second of signal; fewer where a column would be shorter than a spectrum.
   */
  columns_per_sec?: number;
  /**
   * Columns that are sent together, at least; with ``fft_size`` rows at most 1,048,576 pixels.
   */
  columns_per_frame?: number;
  command?: "set_waterfall";
  /**
   * The only stream to see; absent: all.
   */
  stream_id?: string | null;
}
/**
 * Samples of a signal as recordings.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SigmfExported".
 */
export interface SigmfExported {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  type?: "sigmf_exported";
  /**
   * The page; shorter than requested where the answer would be too large.
   */
  recordings: SigmfRecording[];
  /**
   * Number of samples on this page without IQ or sample rate, which cannot be exported.
   */
  skipped: number;
  /**
   * Cursor of the next page; null on the last.
   */
  next_cursor?: string | null;
}
/**
 * A sample as an annotated recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SigmfRecording".
 */
export interface SigmfRecording {
  /**
   * The sample.
   */
  sample_id: string;
  /**
   * Contents of its ``.sigmf-meta``.
   */
  meta: {
    [k: string]: JsonValue;
  };
  /**
   * Base64 of its ``.sigmf-data``.
   */
  data_b64: string;
}
/**
 * Samples were imported from a recording.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SigmfImported".
 */
export interface SigmfImported {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "sigmf_imported";
  /**
   * Number of new samples by signal.
   */
  new_samples: {
    [k: string]: number;
  };
  /**
   * Number of all samples of these signals.
   */
  total_samples: {
    [k: string]: number;
  };
  /**
   * Number of boxes of the new samples.
   */
  boxes: number;
}
/**
 * A signal was moved to the trash, and its head unloaded.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SignalDeleted".
 */
export interface SignalDeleted {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "signal_deleted";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Number of its samples.
   */
  sample_count: number;
  /**
   * Number of kept versions of its head.
   */
  version_count: number;
}
/**
 * One signal, with or without a head.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SignalInfo".
 */
export interface SignalInfo {
  /**
   * Its name.
   */
  signal_name: string;
  /**
   * Number of its samples now.
   */
  sample_count: number;
  /**
   * Number of its boxes in them.
   */
  box_count: number;
  /**
   * Number of verified negatives in them.
   */
  negative_count: number;
  /**
   * The active version of its head, null without one.
   */
  active_version: number | null;
  /**
   * F1 of that version on its validation split, null where it is provisional.
   */
  f1_score: number | null;
  /**
   * Whether that version is provisional.
   */
  provisional: boolean;
  /**
   * Whether a head of this signal is loaded, of any version.
   */
  is_loaded?: boolean;
}
/**
 * A signal has another name.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SignalRenamed".
 */
export interface SignalRenamed {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "signal_renamed";
  /**
   * Its name now.
   */
  signal_name: string;
  /**
   * Its name before.
   */
  former_name: string;
}
/**
 * A signal was taken out of the trash. Its head is not loaded.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SignalRestored".
 */
export interface SignalRestored {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "signal_restored";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Number of its samples.
   */
  sample_count: number;
  /**
   * Number of kept versions of its head.
   */
  version_count: number;
}
/**
 * Every signal that has samples or versions.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Signals".
 */
export interface Signals {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "signals";
  /**
   * Sorted by name.
   */
  signals: SignalInfo[];
}
/**
 * An emission of an archive that was compared with an example.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SimilarEmission".
 */
export interface SimilarEmission {
  /**
   * Seconds from the start of the recording.
   */
  time_start_sec: number;
  /**
   * Seconds from the start of the recording.
   */
  time_end_sec: number;
  /**
   * Absolute frequency of the lower edge.
   */
  freq_low_hz: number;
  /**
   * Absolute frequency of the upper edge.
   */
  freq_high_hz: number;
  /**
   * The recording.
   */
  recording: string;
  /**
   * Time of its left edge, UTC, ISO 8601; null where the recording does not state it.
   */
  start_time: string | null;
  /**
   * At most 1.
   */
  similarity: number;
  /**
   * The signal that was detected there; null for none.
   */
  signal_name: string | null;
  /**
   * Score of that detection; null for none.
   */
  score: number | null;
}
/**
 * The emissions of an archive that are most similar to an example.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SimilarEmissions".
 */
export interface SimilarEmissions {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The archive.
   */
  archive: string;
  type?: "similar_emissions";
  /**
   * The most similar first; the example itself is not among them.
   */
  emissions: SimilarEmission[];
}
/**
 * Move the edges of boxes to those of the energy in and next to them.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SnapBoxes".
 */
export interface SnapBoxes {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  command?: "snap_boxes";
  /**
   * The boxes, in the recorded band and time.
   *
   * @maxItems 1000
   */
  boxes: RecordingBox2[];
}
/**
 * Boxes whose edges lie at those of the energy in them.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SnappedBoxes".
 */
export interface SnappedBoxes {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  type?: "snapped_boxes";
  /**
   * In the order of the command; a box in which nothing stands out is as it was.
   */
  boxes: RecordingBox2[];
}
/**
 * A source by its address. Refused unless the server was started with ``--allow-addresses``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SourceAddress".
 */
export interface SourceAddress {
  /**
   * The address, as ``rfhydra watch`` takes it.
   */
  address: string;
}
/**
 * A source that the operator configured at the start of the server.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SourceInfo".
 */
export interface SourceInfo {
  /**
   * Its name.
   */
  name: string;
  /**
   * How its samples come.
   */
  kind: "recording" | "stdin" | "zmq" | "rtl_tcp" | "soapy" | "vrt";
  /**
   * What ``tune_stream`` can set while it streams.
   */
  settable: ("sample_rate_hz" | "center_freq_hz" | "gain_db")[];
  /**
   * Its running stream; null without one.
   */
  stream_id: string | null;
  /**
   * Sample rate, null while it does not stream.
   */
  sample_rate_hz: number | null;
  /**
   * Centre frequency, likewise.
   */
  center_freq_hz: number | null;
  /**
   * Gain, likewise; null also where the receiver chooses it or has none.
   */
  gain_db: number | null;
}
/**
 * The sources that the operator configured.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Sources".
 */
export interface Sources {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "sources";
  /**
   * By name.
   */
  sources: SourceInfo[];
  /**
   * Whether ``start_stream`` takes addresses.
   */
  addresses_allowed?: boolean;
}
/**
 * Scan the recordings of an archive that are new or have changed since its last scan.
 *
 * Followed by ``scan_progress`` and by exactly one of ``scan_complete`` and ``scan_failed``, to those who subscribed
 * to ``scans`` and to the connection that asked. While a scan runs, the same command joins it, and one for another
 * archive is refused with ``busy``. After a scan that was cancelled, failed or ended with the server, the next one
 * goes on with what it left.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StartScan".
 */
export interface StartScan {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The archive, by the name that ``rfhydra serve --archive`` gives it.
   */
  archive: string;
  command?: "start_scan";
  /**
   * Signals to look for with their active heads; absent: all whose head runs on the server's backbone.
   */
  signal_names?: string[] | null;
  /**
   * Whether to forget former results. Without it, a scan with other heads than before is a ``conflict``.
   */
  restart?: boolean;
}
/**
 * Start a live stream, or go on with a pushed one.
 *
 * A stream belongs to the server: it goes on when its client leaves, and a restarted server starts it again. A pushed
 * stream ends with ``push_linger_sec`` without its client; until then ``start_stream`` with its ``stream_id`` goes on
 * with it, from any connection.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StartStream".
 */
export interface StartStream {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "start_stream";
  /**
   * The source.
   */
  source: NamedSource | PushedSource | SourceAddress;
  /**
   * Subset of the loaded heads, also of those that are loaded later; default all.
   */
  heads?: string[] | null;
  /**
   * Id of the stream; default the name of the source, else one that the server chooses.
   */
  stream_id?: string | null;
}
/**
 * Train every active head that is not of the new backbone again, then switch all of them and the backbone at once.
 *
 * The server detects with the former heads until the switch. Followed by ``upgrade_progress`` for every head and epoch
 * and by exactly one of ``upgrade_complete`` and ``upgrade_failed``. While an upgrade is unfinished, the same command
 * joins it.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StartUpgrade".
 */
export interface StartUpgrade {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "start_upgrade";
  /**
   * Whether to switch also if a head loses more than 2 points of F1, or a loaded head cannot be trained again.
   */
  force?: boolean;
}
/**
 * The limits, the form of a signal name, and how many samples a head needs.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StatedLimits".
 */
export interface StatedLimits1 {
  /**
   * Of one message to the server, text or binary. A larger one closes the connection (1009).
   */
  max_message_bytes?: number;
  /**
   * JSON values and escaped characters of one text message; numbers and space take at most 32 bytes for each.
   */
  max_message_values?: number;
  /**
   * Messages that are received or handled at one time, of all clients together, beyond 64 KiB of each. When they take
   * more, the connection whose message has waited longest is closed (1013).
   */
  max_received_bytes?: number;
  /**
   * Authorised connections at one time. One more is closed (1013).
   */
  max_clients?: number;
  /**
   * Connections at one time that speak HTTP, are in their handshake, or have not sent the token. One more ends the
   * oldest of the address that has the most.
   */
  max_pending_connections?: number;
  /**
   * Of one answer, unless it was asked to hold arrays. Longer lists come in pages.
   */
  max_answer_bytes?: number;
  /**
   * Of one answer that was asked to hold arrays, unless its first item alone is larger.
   */
  max_array_bytes?: number;
  /**
   * Items of one page.
   */
  max_page?: number;
  /**
   * Samples of one signal.
   */
  max_samples_per_signal?: number;
  /**
   * Boxes of one sample, those of other labels included.
   */
  max_boxes_per_sample?: number;
  /**
   * Annotations of one recording that is imported, and its captures.
   */
  max_import_labels?: number;
  /**
   * Samples that one import makes, of all signals together. While their rows are stored, other commands wait.
   */
  max_import_samples?: number;
  /**
   * Imports that wait, of all clients together. One more is refused with ``busy``.
   */
  max_imports_queued?: number;
  /**
   * Metadata of one sample, as JSON.
   */
  max_metadata_bytes?: number;
  /**
   * Characters of the notes of a training or version.
   */
  max_notes_length?: number;
  /**
   * Epochs of one training.
   */
  max_epochs?: number;
  /**
   * Names in one command, heads loaded at one time, and heads of one mission.
   */
  max_heads?: number;
  /**
   * Missions of the workspace.
   */
  max_missions?: number;
  /**
   * Heads of all missions together, so that their list fits an answer.
   */
  max_mission_heads?: number;
  /**
   * Versions whose evaluation waits, of all clients together. One more is refused with ``busy``.
   */
  max_evaluations_queued?: number;
  /**
   * Trainings that wait. One more is refused with ``busy``.
   */
  max_jobs_queued?: number;
  /**
   * Detections that wait, of all clients together. One more is refused with ``busy``.
   */
  max_detections_queued?: number;
  /**
   * Live streams that run at one time. One more is refused with ``busy``.
   */
  max_streams?: number;
  /**
   * Samples of one binary frame of a pushed stream.
   */
  max_push_samples?: number;
  /**
   * Seconds that a pushed stream waits for its client to come back before it ends.
   */
  push_linger_sec?: number;
  /**
   * Waterfalls with different settings, of all clients together. One more is refused with ``busy``.
   */
  max_waterfalls?: number;
  /**
   * Of the newest samples of each running stream, at 8 bytes a sample, for ``capture_stream``; 0 keeps none.
   */
  stream_history_bytes?: number;
  /**
   * Recordings that the server holds. For one more, the one that was not used for longest is removed.
   */
  max_recordings?: number;
  /**
   * What they take on the disk, unfinished uploads included; likewise. A larger one is refused.
   */
  max_recordings_bytes?: number;
  /**
   * Seconds after which a recording that nobody uses is removed.
   */
  recording_idle_sec?: number;
  /**
   * Unfinished uploads, of all clients together. One more is refused with ``busy``.
   */
  max_uploads?: number;
  /**
   * Seconds that an upload waits for its next byte before it is removed.
   */
  upload_linger_sec?: number;
  /**
   * Bytes of one frame of an upload; less where ``max_message_bytes`` is.
   */
  max_chunk_bytes?: number;
  /**
   * Views and snapped boxes of recordings that wait, of all clients together. One more is refused with ``busy``.
   */
  max_views_queued?: number;
  /**
   * Candidates and contracts that wait, of all clients together. One more is refused with ``busy``.
   */
  max_suggestions_queued?: number;
  /**
   * Windows of the contract that one ``get_candidates`` looks at.
   */
  max_candidate_windows?: number;
  /**
   * Bytes of a stretch that ``copy_archived`` copies, at 8 bytes a sample.
   */
  max_excerpt_bytes?: number;
  /**
   * Reads and changes of the workspace that wait, of all clients together. One more is refused with ``busy``.
   */
  max_store_queued?: number;
  /**
   * Commands and frames of one connection that are answered when they are done, and are not yet. One more is refused
   * with ``busy``.
   */
  max_commands_waiting?: number;
  /**
   * Control messages that a client has not taken yet. One more closes the connection (1013).
   */
  max_outbox_messages?: number;
  /**
   * The same, in bytes.
   */
  max_outbox_bytes?: number;
  /**
   * Length of a signal name in characters.
   */
  max_name_length?: number;
  /**
   * Regular expression that a whole signal name matches.
   */
  name_pattern?: string;
  /**
   * Samples of a head that is validated. Fewer make a provisional one.
   */
  min_training_samples?: number;
}
/**
 * Stop a live stream. One that has ended is removed from the list.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StopStream".
 */
export interface StopStream {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "stop_stream";
  /**
   * The stream.
   */
  stream_id: string;
}
/**
 * One live stream.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StreamState".
 */
export interface StreamState {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "stream";
  stream: StreamStatus;
}
/**
 * The stream.
 */
export interface StreamStatus {
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * Its source, without credentials.
   */
  source: string;
  /**
   * ``connecting`` also while a lost source is tried again.
   */
  state: "connecting" | "running" | "ended" | "failed";
  /**
   * Why it failed, or why the source is not connected now; null otherwise.
   */
  error: string | null;
  /**
   * Sample rate, null before the first connection.
   */
  sample_rate_hz: number | null;
  /**
   * Centre frequency, likewise.
   */
  center_freq_hz: number | null;
  /**
   * Gain; null where the receiver chooses it or has none.
   */
  gain_db: number | null;
  /**
   * Start, UTC, ISO 8601.
   */
  started_at: string;
  /**
   * Number of samples received.
   */
  samples: number;
  /**
   * Number of samples that were lost before they were received: gaps of the source and reconnections.
   */
  lost_samples: number;
  /**
   * Number of received samples that were dropped because detection was too slow.
   */
  dropped_samples: number;
  /**
   * How often a lost source was connected again.
   */
  reconnects: number;
  /**
   * Number of windows that were detected in.
   */
  windows: number;
  /**
   * How many of them had no energy to look at, so that the backbone did not run.
   */
  empty_windows: number;
  /**
   * Number of tracks that began.
   */
  tracks: number;
  /**
   * Seconds of signal processed in one second of work, over the last windows; null before the first.
   */
  real_time_factor: number | null;
  /**
   * Version of each head that detected in the last window.
   */
  heads: {
    [k: string]: number;
  };
  /**
   * Median time that detection took for one of the last 256 windows, the wait for other streams included; null before
   * the first.
   */
  window_sec_p50?: number | null;
  /**
   * 99th percentile of the same.
   */
  window_sec_p99?: number | null;
}
/**
 * A live stream and its counters, which only rise.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "StreamStatus".
 */
export interface StreamStatus1 {
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * Its source, without credentials.
   */
  source: string;
  /**
   * ``connecting`` also while a lost source is tried again.
   */
  state: "connecting" | "running" | "ended" | "failed";
  /**
   * Why it failed, or why the source is not connected now; null otherwise.
   */
  error: string | null;
  /**
   * Sample rate, null before the first connection.
   */
  sample_rate_hz: number | null;
  /**
   * Centre frequency, likewise.
   */
  center_freq_hz: number | null;
  /**
   * Gain; null where the receiver chooses it or has none.
   */
  gain_db: number | null;
  /**
   * Start, UTC, ISO 8601.
   */
  started_at: string;
  /**
   * Number of samples received.
   */
  samples: number;
  /**
   * Number of samples that were lost before they were received: gaps of the source and reconnections.
   */
  lost_samples: number;
  /**
   * Number of received samples that were dropped because detection was too slow.
   */
  dropped_samples: number;
  /**
   * How often a lost source was connected again.
   */
  reconnects: number;
  /**
   * Number of windows that were detected in.
   */
  windows: number;
  /**
   * How many of them had no energy to look at, so that the backbone did not run.
   */
  empty_windows: number;
  /**
   * Number of tracks that began.
   */
  tracks: number;
  /**
   * Seconds of signal processed in one second of work, over the last windows; null before the first.
   */
  real_time_factor: number | null;
  /**
   * Version of each head that detected in the last window.
   */
  heads: {
    [k: string]: number;
  };
  /**
   * Median time that detection took for one of the last 256 windows, the wait for other streams included; null before
   * the first.
   */
  window_sec_p50?: number | null;
  /**
   * 99th percentile of the same.
   */
  window_sec_p99?: number | null;
}
/**
 * The live streams: the running ones, and those that ended or failed last.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Streams".
 */
export interface Streams {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "streams";
  /**
   * In the order of their start.
   */
  streams: StreamStatus1[];
}
/**
 * Subscribe to topics. Answered with their present state, as the messages that they push.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Subscribe".
 */
export interface Subscribe {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "subscribe";
  /**
   * The topics. ``waterfall`` needs a connection that uses binary frames.
   *
   * @maxItems 64
   */
  topics: (
    | "jobs"
    | "registry"
    | "samples"
    | "detections"
    | "tracks"
    | "streams"
    | "waterfall"
    | "metrics"
    | "upgrades"
    | "recordings"
    | "cards"
    | "heads"
    | "missions"
    | "scans"
  )[];
}
/**
 * The subscriptions of this connection.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Subscriptions".
 */
export interface Subscriptions {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "subscriptions";
  /**
   * All topics.
   */
  topics: (
    | "jobs"
    | "registry"
    | "samples"
    | "detections"
    | "tracks"
    | "streams"
    | "waterfall"
    | "metrics"
    | "upgrades"
    | "recordings"
    | "cards"
    | "heads"
    | "missions"
    | "scans"
  )[];
  /**
   * Present state of the new topics, as the messages that they push; ``jobs`` is followed by a ``job`` for each
   * unfinished training.
   */
  snapshots: (
    | Jobs
    | JobSnapshot
    | Registry
    | SampleCounts
    | Detections
    | ServerMetrics
    | UpgradeState
    | Streams
    | Recordings
    | CardProgress
    | LoadedHeads
    | Missions
    | Archives
  )[];
}
/**
 * The backbones of the server and its newest upgrade.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeState".
 */
export interface UpgradeState {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "upgrade";
  backbone: BackboneInfo2;
  new_backbone: BackboneInfo3;
  /**
   * Number of active heads that are not of the new backbone.
   */
  outdated_heads: number;
  /**
   * The newest upgrade, null before the first.
   */
  job: UpgradeJob | null;
  /**
   * Its newest progress, null where it has ended or this server has not begun to train.
   */
  progress: UpgradeProgress | null;
}
/**
 * The backbone that the server detects and trains with.
 */
export interface BackboneInfo2 {
  /**
   * Version of its design.
   */
  version: number;
  /**
   * Id of its weights; heads of other backbones are refused.
   */
  id: string;
}
/**
 * The backbone that an upgrade leads to.
 */
export interface BackboneInfo3 {
  /**
   * Version of its design.
   */
  version: number;
  /**
   * Id of its weights; heads of other backbones are refused.
   */
  id: string;
}
/**
 * One upgrade on a server, from its request to its end.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeJob".
 */
export interface UpgradeJob {
  /**
   * Its id.
   */
  job_id: string;
  /**
   * Id of the new backbone.
   */
  backbone_id: string;
  /**
   * Whether it switches also if a head is worse, or a loaded head is left.
   */
  force: boolean;
  /**
   * Its state.
   */
  state: "running" | "completed" | "failed" | "cancelled";
  /**
   * Number of starts; more than one if the server died.
   */
  attempts: number;
  /**
   * Time of the request, UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Time of the end.
   */
  finished_at: string | null;
  /**
   * The heads, null where not all are trained.
   */
  report: UpgradeReport | null;
  /**
   * Reason of its failure.
   */
  error: string | null;
  /**
   * Error code of its failure.
   */
  code:
    | (
        | "invalid_json"
        | "invalid_message"
        | "unknown_command"
        | "invalid_name"
        | "not_found"
        | "conflict"
        | "busy"
        | "too_large"
        | "not_enough_samples"
        | "incompatible"
        | "unauthorized"
        | "cancelled"
        | "internal"
      )
    | null;
}
/**
 * Report of an upgrade; every active head is in one of its lists.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeReport".
 */
export interface UpgradeReport {
  /**
   * Id of the new backbone.
   */
  backbone_id: string;
  /**
   * Id of the backbone that the workspace used before.
   */
  former_backbone_id: string | null;
  /**
   * The trained heads, sorted by signal.
   */
  heads: UpgradedHead[];
  /**
   * The heads that cannot be trained again.
   */
  left: LeftHead[];
  /**
   * The signals whose heads were of the new backbone before.
   */
  current: string[];
}
/**
 * A head of an upgrade, and the comparison with its predecessor.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradedHead".
 */
export interface UpgradedHead {
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version that it succeeds.
   */
  former_version: number;
  /**
   * Its version.
   */
  version: number;
  /**
   * F1 of the predecessor, null where it is provisional.
   */
  f1_before: number | null;
  /**
   * F1 of the new head; likewise.
   */
  f1_after: number | null;
  /**
   * Number of boxes that they are compared on.
   */
  boxes: number;
  /**
   * ``paired``: both detected in the same windows now. ``cross-validation``, ``validation``: the stored results of
   * both on the same samples. ``other boxes``: the validation samples have changed since. ``none``: a head is
   * provisional.
   */
  basis: "paired" | "cross-validation" | "validation" | "other boxes" | "none";
  /**
   * ``better``: 2 points of F1 or more gained; ``worse``: more than 2 lost; ``unknown``: without a basis.
   */
  change: "better" | "equal" | "worse" | "unknown";
  /**
   * Numbers of the paired comparison, null where the predecessor could not run.
   */
  evidence: {
    [k: string]: JsonValue;
  } | null;
  /**
   * Duration of its training in seconds.
   */
  training_time_sec: number;
  /**
   * Whether an earlier, unfinished upgrade has trained it.
   */
  is_reused: boolean;
}
/**
 * An upgrade has begun to train a head, or an epoch of that has ended.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeProgress".
 */
export interface UpgradeProgress {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The job.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "upgrade_progress";
  /**
   * The signal whose head is being trained.
   */
  signal_name: string;
  /**
   * Number of heads that are trained, or left as they are.
   */
  heads_done: number;
  /**
   * Number of heads that are not of the new backbone.
   */
  heads_total: number;
  /**
   * The epoch that has ended, null before the first.
   */
  epoch: EpochProgress | null;
}
/**
 * Ask which contract suits the emissions of a recording.
 *
 * Chosen by ``boxes``; without them by the labelled boxes of the recording, or by what the backbone proposes in it.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SuggestContract".
 */
export interface SuggestContract {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The recording.
   */
  recording_id: string;
  command?: "suggest_contract";
  /**
   * Boxes of one signal.
   */
  boxes?: RecordingBox2[] | null;
}
/**
 * A contract with what it makes of the signals, and what it costs.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "SuggestedContract".
 */
export interface SuggestedContract2 {
  /**
   * The contract, as in ``hello``, with its ``spec_id``.
   */
  contract: {
    [k: string]: unknown;
  };
  /**
   * The signals.
   */
  signals: SuggestedSignal[];
  /**
   * Seconds of a column.
   */
  sec_per_col: number;
  /**
   * Hz of a row.
   */
  hz_per_row: number;
  /**
   * Seconds of a window.
   */
  window_sec: number;
  /**
   * Pixels that a second of signal becomes: what detection costs.
   */
  pixels_per_sec: number;
  /**
   * What the contract cannot do, and what would help.
   */
  remarks: string[];
}
/**
 * A track began, changed or ended. A track is one emission of one signal, however many windows it lasts.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrackEvent".
 */
export interface TrackEvent {
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * Number of the track in its stream, from 1.
   */
  track_id: number;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Version of the head that detected it.
   */
  version: number;
  /**
   * Highest calibrated score of its detections, 0 to 1.
   */
  score: number;
  /**
   * Start, UTC, ISO 8601 with microseconds.
   */
  start_time: string;
  /**
   * End, so far.
   */
  end_time: string;
  /**
   * Start, in seconds of the stream, lost samples included.
   */
  time_start_sec: number;
  /**
   * End, so far.
   */
  time_end_sec: number;
  /**
   * Lower edge.
   */
  freq_low_hz: number;
  /**
   * Upper edge.
   */
  freq_high_hz: number;
  /**
   * What happened to it; every track has one ``begin`` and one ``end``.
   */
  event: "begin" | "update" | "end";
  /**
   * Measurements; null before the end of the track.
   */
  measured?: TrackMeasurement | null;
  /**
   * Share of the time since the signal's first track that its tracks fill; null before its third track.
   */
  duty_cycle?: number | null;
  /**
   * Median time between the starts of the signal's recent tracks; null likewise.
   */
  repetition_sec?: number | null;
  /**
   * Of an ``end``: the track that continues this one, which turned out to be a part of the same emission.
   */
  merged_into?: number | null;
}
/**
 * What was measured on the IQ of one emission. Levels are relative to a full scale of ±1.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrackMeasurement".
 */
export interface TrackMeasurement {
  /**
   * Mean power in the box, noise subtracted, over the noise power in the band of the box.
   */
  snr_db: number;
  /**
   * Width between the outermost frequencies that lie 26 dB below the peak (x-dB bandwidth, ITU-R SM.443).
   */
  occupied_bandwidth_hz: number;
  /**
   * Peak power of a sample in the band of the box.
   */
  peak_dbfs: number;
  /**
   * Mean power in the box.
   */
  mean_dbfs: number;
}
/**
 * What happened to the tracks of a stream since the last push, in order.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Tracks".
 */
export interface Tracks {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "tracks";
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * The events.
   */
  events: TrackEvent[];
  /**
   * Number of events dropped before these because the server or this client was too slow.
   */
  dropped?: number;
}
/**
 * Train a head from scratch on all samples of a signal.
 *
 * Followed by ``training_progress`` for every epoch and by exactly one of ``training_complete`` and
 * ``training_failed``.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainSignal".
 */
export interface TrainSignal {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Notes, stored with the version.
   */
  notes?: string | null;
  /**
   * Kind of the head. There is one; ``rcnn`` of earlier releases is refused.
   */
  kind?: "embedding";
  /**
   * Maximum number of epochs.
   */
  epochs?: number;
  /**
   * Whether fewer than 5 samples may make a provisional head; with 5 or more it makes no difference.
   */
  provisional?: boolean;
  /**
   * Makes the command idempotent: the same request with the same id is the same job, another one is a `conflict`.
   */
  request_id?: string | null;
  command?: "train_signal";
}
/**
 * One sample.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingSample".
 */
export interface TrainingSample {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "training_sample";
  /**
   * The signal.
   */
  signal_name: string;
  sample: SampleInfo1;
}
/**
 * The sample.
 */
export interface SampleInfo1 {
  /**
   * Its id.
   */
  sample_id: string;
  /**
   * Height of its spectrogram.
   */
  rows: number;
  /**
   * Width of its spectrogram.
   */
  cols: number;
  /**
   * Boxes of the signal.
   */
  boxes: SampleBox3[];
  /**
   * Verified emissions of other signals.
   */
  negatives: LabelledBox[];
  /**
   * Null where it is unknown: the boxes are then in samples and cycles per sample.
   */
  sample_rate_hz: number | null;
  /**
   * Centre frequency of the window.
   */
  center_freq_hz: number | null;
  /**
   * Recording that the window is from.
   */
  recording: string | null;
  /**
   * First sample of the window in its recording.
   */
  start_sample: number | null;
  /**
   * Whether its IQ is stored.
   */
  has_iq: boolean;
  /**
   * Metadata, unchanged.
   */
  metadata: {
    [k: string]: JsonValue;
  };
  /**
   * UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Base64 of a NumPy ``.npy``, uint8, shape (rows, cols); absent unless asked for.
   */
  spectrogram_b64?: string | null;
}
/**
 * A sample was added.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingSampleAdded".
 */
export interface TrainingSampleAdded {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The sample.
   */
  sample_id: string;
  /**
   * Number of samples of this signal.
   */
  total_samples: number;
  type?: "training_sample_added";
  /**
   * False if the image was already a sample of this signal.
   */
  is_new: boolean;
}
/**
 * A sample was deleted.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingSampleDeleted".
 */
export interface TrainingSampleDeleted {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The sample.
   */
  sample_id: string;
  /**
   * Number of samples of this signal.
   */
  total_samples: number;
  type?: "training_sample_deleted";
}
/**
 * A sample was changed.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingSampleUpdated".
 */
export interface TrainingSampleUpdated {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The sample.
   */
  sample_id: string;
  /**
   * Number of samples of this signal.
   */
  total_samples: number;
  type?: "training_sample_updated";
}
/**
 * Samples of a signal, oldest first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrainingSamples".
 */
export interface TrainingSamples {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  type?: "training_samples";
  /**
   * Number of samples of the signal, not of the page.
   */
  total_samples: number;
  /**
   * The page; shorter than requested where the answer would be too large.
   */
  samples: SampleInfo[];
  /**
   * Cursor of the next page; null on the last.
   */
  next_cursor?: string | null;
}
/**
 * The deleted signals.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Trash".
 */
export interface Trash {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "trash";
  /**
   * The last deleted first.
   */
  signals: DeletedSignal[];
}
/**
 * The signals of the trash are gone for good.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TrashEmptied".
 */
export interface TrashEmptied {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "trash_emptied";
  /**
   * Number of them.
   */
  signals: number;
  /**
   * Number of their samples.
   */
  samples: number;
}
/**
 * Change the receiver of a running stream. Absent fields stay unchanged.
 *
 * Answered with what the receiver made of it. A restarted server tunes to the same again.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "TuneStream".
 */
export interface TuneStream {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "tune_stream";
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * Sample rate.
   */
  sample_rate_hz?: number | null;
  /**
   * Centre frequency.
   */
  center_freq_hz?: number | null;
  /**
   * Gain.
   */
  gain_db?: number | null;
}
/**
 * Return every signal of the last upgrade to its former version, and the server to the former backbone, at once.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UndoUpgrade".
 */
export interface UndoUpgrade {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "undo_upgrade";
}
/**
 * A page of the clusters of unknown emissions.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UnknownClusters".
 */
export interface UnknownClusters {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "unknown";
  /**
   * Whether this server clusters what its streams receive (``--novel``).
   */
  collecting: boolean;
  /**
   * By number. They may change at any time while streams run.
   */
  clusters: UnknownInfo[];
  /**
   * ``cursor`` of the next page; null on the last one.
   */
  next_cursor: string | null;
}
/**
 * A cluster: similar emissions that no head detects.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UnknownInfo".
 */
export interface UnknownInfo {
  /**
   * Its number, which no other cluster of the workspace gets.
   */
  cluster_id: number;
  /**
   * How often one was seen.
   */
  emissions: number;
  /**
   * Number of windows that are kept, of which ``label_unknown`` makes samples.
   */
  windows: number;
  /**
   * UTC, ISO 8601.
   */
  first_seen: string;
  /**
   * UTC, ISO 8601.
   */
  last_seen: string;
  /**
   * Mean centre frequency.
   */
  center_freq_hz: number;
  /**
   * Geometric mean of the bandwidths.
   */
  bandwidth_hz: number;
  /**
   * Geometric mean of the durations.
   */
  duration_sec: number;
  /**
   * What it was labelled as; null before.
   */
  signal_name: string | null;
  /**
   * Backbone that saw it.
   */
  backbone_id: string;
  /**
   * The newest window that is kept; absent without one, and unless asked for.
   */
  example?: UnknownExample | null;
}
/**
 * A window of a stream with emissions of a cluster.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UnknownExample".
 */
export interface UnknownExample {
  /**
   * The stream.
   */
  stream_id: string;
  /**
   * Start of the window, UTC, ISO 8601.
   */
  seen_at: string;
  /**
   * Sample rate of the window.
   */
  sample_rate_hz: number | null;
  /**
   * Centre frequency of the window.
   */
  center_freq_hz: number | null;
  /**
   * Height of the spectrogram.
   */
  rows: number;
  /**
   * Width of the spectrogram.
   */
  cols: number;
  /**
   * All emissions of the cluster in the window.
   */
  boxes: SampleBox3[];
  /**
   * Base64 of a NumPy ``.npy``, uint8, shape (rows, cols).
   */
  spectrogram_b64: string;
}
/**
 * A cluster was labelled: the windows that were kept of it are samples now.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UnknownLabelled".
 */
export interface UnknownLabelled {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "unknown_labelled";
  /**
   * The cluster.
   */
  cluster_id: number;
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * Number of samples that are new.
   */
  new_samples: number;
  /**
   * Number of samples of the signal.
   */
  total_samples: number;
}
/**
 * Unload heads. Names that are not loaded are no error.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UnloadHeads".
 */
export interface UnloadHeads {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "unload_heads";
  /**
   * The signals; absent: all.
   */
  signal_names?: string[] | null;
}
/**
 * Unsubscribe from topics.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "Unsubscribe".
 */
export interface Unsubscribe {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "unsubscribe";
  /**
   * The topics; absent: all.
   */
  topics?:
    | (
        | "jobs"
        | "registry"
        | "samples"
        | "detections"
        | "tracks"
        | "streams"
        | "waterfall"
        | "metrics"
        | "upgrades"
        | "recordings"
        | "cards"
        | "heads"
        | "missions"
        | "scans"
      )[]
    | null;
}
/**
 * Change the boxes, negatives or metadata of a sample. Absent fields stay unchanged.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpdateTrainingSample".
 */
export interface UpdateTrainingSample {
  /**
   * Every direct answer carries the same id.
   */
  id?: string | number | null;
  command?: "update_training_sample";
  /**
   * The sample.
   */
  sample_id: string;
  /**
   * Boxes of the signal; at least one, unless a negative is labelled ``!`` and the signal.
   */
  boxes?: (PixelBox | PhysicalBox)[] | null;
  /**
   * Verified emissions of other signals.
   */
  negatives?: NegativeBox[] | null;
  /**
   * Replaces the metadata.
   */
  metadata?: {
    [k: string]: JsonValue;
  } | null;
}
/**
 * An upgrade has switched all of its heads, and the server detects with them on the new backbone.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeComplete".
 */
export interface UpgradeComplete {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The job.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "upgrade_complete";
  report: UpgradeReport1;
}
/**
 * Report of an upgrade; every active head is in one of its lists.
 */
export interface UpgradeReport1 {
  /**
   * Id of the new backbone.
   */
  backbone_id: string;
  /**
   * Id of the backbone that the workspace used before.
   */
  former_backbone_id: string | null;
  /**
   * The trained heads, sorted by signal.
   */
  heads: UpgradedHead[];
  /**
   * The heads that cannot be trained again.
   */
  left: LeftHead[];
  /**
   * The signals whose heads were of the new backbone before.
   */
  current: string[];
}
/**
 * An upgrade has failed or was cancelled; no head was switched. The next one reuses the heads that were trained.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeFailed".
 */
export interface UpgradeFailed {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The job.
   */
  job_id: string;
  /**
   * Time, UTC, ISO 8601.
   */
  ts: string;
  type?: "upgrade_failed";
  /**
   * Reason.
   */
  error: string;
  /**
   * Error code.
   */
  code:
    | "invalid_json"
    | "invalid_message"
    | "unknown_command"
    | "invalid_name"
    | "not_found"
    | "conflict"
    | "busy"
    | "too_large"
    | "not_enough_samples"
    | "incompatible"
    | "unauthorized"
    | "cancelled"
    | "internal";
  /**
   * The heads, each compared with its predecessor; null where not all are trained.
   */
  report: UpgradeReport | null;
}
/**
 * The last upgrade was undone, and the server detects with the former heads on their backbone.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "UpgradeUndone".
 */
export interface UpgradeUndone {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "upgrade_undone";
  /**
   * Id of the backbone that is used again.
   */
  backbone_id: string;
  /**
   * The active version of each signal of the upgrade.
   */
  heads: {
    [k: string]: number;
  };
}
/**
 * What a version makes of its validation samples, as they were labelled when it was evaluated.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "ValidationResult".
 */
export interface ValidationResult {
  /**
   * UTC, ISO 8601.
   */
  evaluated_at: string;
  /**
   * Number of validation samples.
   */
  samples: number;
  /**
   * Number of their boxes.
   */
  boxes: number;
  intervals: RateIntervals2;
  /**
   * By rising threshold.
   */
  curve: CurvePoint[];
  /**
   * Number of boxes that are missed.
   */
  missed_count: number;
  /**
   * The first of them, those with the highest score first. Deleted samples are left out.
   */
  missed: MissedBox[];
  /**
   * Number of false detections.
   */
  false_count: number;
  /**
   * The first of them, likewise.
   */
  false_detections: FalseDetection[];
}
/**
 * Of the rates at the threshold of the version.
 */
export interface RateIntervals2 {
  f1_score: Interval;
  precision: Interval1;
  recall: Interval2;
}
/**
 * Two versions on the same boxes, on which neither was trained.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionComparison".
 */
export interface VersionComparison {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "version_comparison";
  /**
   * The signal.
   */
  signal_name: string;
  a: ComparedVersion1;
  b: ComparedVersion2;
  /**
   * Number of samples that they are compared on.
   */
  samples: number;
  /**
   * Number of recordings that these are from.
   */
  recordings: number;
  /**
   * Number of their boxes, as they are labelled now.
   */
  boxes: number;
  gain: Gain1;
  /**
   * The same in words.
   */
  summary: string;
  /**
   * A page of the boxes: first those that only one version finds, then those that none finds.
   */
  found: ComparedBox[];
  /**
   * Cursor of the next page; null on the last.
   */
  next_cursor: string | null;
}
/**
 * The first version.
 */
export interface ComparedVersion1 {
  /**
   * Its number.
   */
  version: number;
  /**
   * Score threshold of the head.
   */
  threshold: number;
  /**
   * F1.
   */
  f1_score: number;
  /**
   * Precision; null where nothing is detected.
   */
  precision: number | null;
  /**
   * Recall.
   */
  recall: number;
  /**
   * Number of false detections.
   */
  false_count: number;
  intervals: RateIntervals;
  /**
   * By rising threshold.
   */
  curve: CurvePoint[];
}
/**
 * The second version.
 */
export interface ComparedVersion2 {
  /**
   * Its number.
   */
  version: number;
  /**
   * Score threshold of the head.
   */
  threshold: number;
  /**
   * F1.
   */
  f1_score: number;
  /**
   * Precision; null where nothing is detected.
   */
  precision: number | null;
  /**
   * Recall.
   */
  recall: number;
  /**
   * Number of false detections.
   */
  false_count: number;
  intervals: RateIntervals;
  /**
   * By rising threshold.
   */
  curve: CurvePoint[];
}
/**
 * Evidence for the difference.
 */
export interface Gain1 {
  /**
   * The difference.
   */
  f1_gain: number;
  interval: Interval3;
  /**
   * Probability that the second version is better.
   */
  p_better: number;
  /**
   * Probability that it is better by at least 2 points.
   */
  p_gain: number;
  /**
   * Probability that it is worse by more than 2 points.
   */
  p_worse: number;
}
/**
 * One version of a signal's head, with the results on its validation boxes.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionDetail".
 */
export interface VersionDetail {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "version";
  /**
   * The signal.
   */
  signal_name: string;
  info: VersionInfo;
  /**
   * Backbone that it runs on.
   */
  backbone_id: string;
  /**
   * Score threshold of the head; null where an older rfhydra has not stored it.
   */
  threshold: number | null;
  /**
   * The decision on it; null of a version that an upgrade has made.
   */
  verdict: VersionVerdict | null;
  /**
   * The epochs of its training; at most 500 of them, evenly chosen. Null where its job is not kept.
   */
  epochs: EpochProgress[] | null;
  /**
   * Its results; null where there are none.
   */
  validation: ValidationResult | null;
  /**
   * Why there are none.
   */
  validation_missing: string | null;
  /**
   * Whether a detectability card is stored with it.
   */
  has_card: boolean;
}
/**
 * What the history of the signal says of it.
 */
export interface VersionInfo {
  /**
   * F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split.
   */
  f1_score: number | null;
  /**
   * Share of the detections that are correct; null likewise.
   */
  precision: number | null;
  /**
   * Share of the boxes that were found; null likewise.
   */
  recall: number | null;
  /**
   * Its number.
   */
  version: number;
  /**
   * Number of samples, training and validation.
   */
  sample_count: number;
  /**
   * UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Notes, as given with the training.
   */
  notes: string | null;
  /**
   * Whether it is the active version.
   */
  is_active: boolean;
  /**
   * ``embedding``, or for a version of an earlier release ``rcnn``, which is no longer run.
   */
  kind: string;
  /**
   * Version of the split that it was trained on.
   */
  split_version: number | null;
  /**
   * Number of epochs that ran.
   */
  epochs_trained: number;
  /**
   * Whether it stopped early because no epoch was better.
   */
  early_stopped: boolean;
  /**
   * Duration of the training in seconds.
   */
  training_time_sec: number;
  /**
   * Whether it was trained on fewer than 5 samples: nothing validates it.
   */
  provisional?: boolean;
}
/**
 * The decision on a version at the end of its training, against the version that was active then.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionVerdict".
 */
export interface VersionVerdict {
  /**
   * Whether it was promoted; ``cannot tell`` is not.
   */
  decision: "promote" | "keep" | "cannot tell";
  /**
   * Reason in words; null where an older rfhydra has not kept it.
   */
  reason: string | null;
  /**
   * About how many more boxes would settle it, where the evidence does not.
   */
  more_boxes: number | null;
  /**
   * Numbers of the comparison on the same boxes, null where there was none.
   */
  evidence: {
    [k: string]: JsonValue;
  } | null;
}
/**
 * The versions of a signal's head, oldest first.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionHistory".
 */
export interface VersionHistory {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  type?: "version_history";
  /**
   * The active one.
   */
  active_version: number | null;
  /**
   * The kept versions.
   */
  versions: VersionInfo1[];
  /**
   * The version that ``rollback_signal`` returns to; null where no other one was active before.
   */
  previous_version?: number | null;
}
/**
 * One version of a head.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionInfo".
 */
export interface VersionInfo1 {
  /**
   * F1 on the validation split, at IoU 0.5; null for a provisional head, which has no validation split.
   */
  f1_score: number | null;
  /**
   * Share of the detections that are correct; null likewise.
   */
  precision: number | null;
  /**
   * Share of the boxes that were found; null likewise.
   */
  recall: number | null;
  /**
   * Its number.
   */
  version: number;
  /**
   * Number of samples, training and validation.
   */
  sample_count: number;
  /**
   * UTC, ISO 8601.
   */
  created_at: string;
  /**
   * Notes, as given with the training.
   */
  notes: string | null;
  /**
   * Whether it is the active version.
   */
  is_active: boolean;
  /**
   * ``embedding``, or for a version of an earlier release ``rcnn``, which is no longer run.
   */
  kind: string;
  /**
   * Version of the split that it was trained on.
   */
  split_version: number | null;
  /**
   * Number of epochs that ran.
   */
  epochs_trained: number;
  /**
   * Whether it stopped early because no epoch was better.
   */
  early_stopped: boolean;
  /**
   * Duration of the training in seconds.
   */
  training_time_sec: number;
  /**
   * Whether it was trained on fewer than 5 samples: nothing validates it.
   */
  provisional?: boolean;
}
/**
 * A version has other notes.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionNotes".
 */
export interface VersionNotes {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  type?: "version_notes";
  /**
   * The signal.
   */
  signal_name: string;
  /**
   * The version.
   */
  version: number;
  /**
   * Its notes.
   */
  notes: string;
}
/**
 * A version has become the active one.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionPromoted".
 */
export interface VersionPromoted {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  type?: "version_promoted";
  /**
   * Its active version.
   */
  version: number;
}
/**
 * An earlier version has become the active one again.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "VersionRollback".
 */
export interface VersionRollback {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * The signal.
   */
  signal_name: string;
  type?: "version_rollback";
  /**
   * Its active version.
   */
  active_version: number;
}
/**
 * How this connection sees waterfalls of streams.
 *
 * This interface was referenced by `Protocol`'s JSON-Schema
 * via the `definition` "WaterfallState".
 */
export interface WaterfallState {
  /**
   * Id of the command that it answers; absent in a push.
   */
  id?: string | number | null;
  /**
   * Samples of one spectrum and rows of a frame, a power of two.
   */
  fft_size?: number;
  /**
   * Level of the grey value 0. A sine of full scale has 0 dB.
   */
  min_db?: number;
  /**
   * Level of the grey value 255.
   */
  max_db?: number;
  /**
   * Whether a column shows the peak or the mean of its spectra.
   */
  hold?: "peak" | "mean";
  /**
   * Columns in one second of signal; fewer where a column would be shorter than a spectrum.
   */
  columns_per_sec?: number;
  /**
   * Columns that are sent together, at least; with ``fft_size`` rows at most 1,048,576 pixels.
   */
  columns_per_frame?: number;
  type?: "waterfall";
  /**
   * The only stream that it sees; null: all.
   */
  stream_id: string | null;
}

/** What each command sends, and what answers it. */
export interface CommandTypes {
  train_signal: { fields: TrainSignal; answer: Result };
  extend_signal: { fields: ExtendSignal; answer: Result };
  cancel_training: { fields: CancelTraining; answer: Result };
  promote_version: { fields: PromoteVersion; answer: VersionPromoted };
  rollback_signal: { fields: RollbackSignal; answer: VersionRollback };
  get_version_history: { fields: GetVersionHistory; answer: VersionHistory };
  get_registry: { fields: GetRegistry; answer: Registry };
  load_heads: { fields: LoadHeads; answer: LoadedHeads };
  unload_heads: { fields: UnloadHeads; answer: LoadedHeads };
  get_loaded_heads: { fields: GetLoadedHeads; answer: LoadedHeads };
  add_training_sample: { fields: AddTrainingSample; answer: TrainingSampleAdded };
  get_training_samples: { fields: GetTrainingSamples; answer: TrainingSamples };
  get_training_sample: { fields: GetTrainingSample; answer: TrainingSample };
  delete_training_sample: { fields: DeleteTrainingSample; answer: TrainingSampleDeleted };
  update_training_sample: { fields: UpdateTrainingSample; answer: TrainingSampleUpdated };
  import_sigmf: { fields: ImportSigmf; answer: SigmfImported };
  export_sigmf: { fields: ExportSigmf; answer: SigmfExported };
  hello: { fields: Hello; answer: ServerHello };
  auth: { fields: Auth; answer: Result };
  subscribe: { fields: Subscribe; answer: Subscriptions };
  unsubscribe: { fields: Unsubscribe; answer: Subscriptions };
  list_jobs: { fields: ListJobs; answer: Jobs };
  get_job: { fields: GetJob; answer: JobSnapshot };
  detect: { fields: Detect; answer: Detections };
  list_sources: { fields: ListSources; answer: Sources };
  start_stream: { fields: StartStream; answer: StreamState };
  stop_stream: { fields: StopStream; answer: StreamState };
  tune_stream: { fields: TuneStream; answer: StreamState };
  get_streams: { fields: GetStreams; answer: Streams };
  set_waterfall: { fields: SetWaterfall; answer: WaterfallState };
  start_upgrade: { fields: StartUpgrade; answer: UpgradeState };
  cancel_upgrade: { fields: CancelUpgrade; answer: UpgradeState };
  get_upgrade: { fields: GetUpgrade; answer: UpgradeState };
  undo_upgrade: { fields: UndoUpgrade; answer: UpgradeUndone };
  get_signals: { fields: GetSignals; answer: Signals };
  rename_signal: { fields: RenameSignal; answer: SignalRenamed };
  delete_signal: { fields: DeleteSignal; answer: SignalDeleted };
  restore_signal: { fields: RestoreSignal; answer: SignalRestored };
  get_trash: { fields: GetTrash; answer: Trash };
  empty_trash: { fields: EmptyTrash; answer: TrashEmptied };
  relabel_sample: { fields: RelabelSample; answer: SampleRelabelled };
  get_unknown: { fields: GetUnknown; answer: UnknownClusters };
  label_unknown: { fields: LabelUnknown; answer: UnknownLabelled };
  get_version: { fields: GetVersion; answer: VersionDetail };
  set_version_notes: { fields: SetVersionNotes; answer: VersionNotes };
  compare_versions: { fields: CompareVersions; answer: VersionComparison };
  get_card: { fields: GetCard; answer: Card };
  make_card: { fields: MakeCard; answer: CardProgress };
  cancel_card: { fields: CancelCard; answer: CardProgress };
  get_audit: { fields: GetAudit; answer: AuditTrail };
  set_threshold: { fields: SetThreshold; answer: LoadedHeads };
  get_missions: { fields: GetMissions; answer: Missions };
  save_mission: { fields: SaveMission; answer: Missions };
  load_mission: { fields: LoadMission; answer: LoadedHeads };
  rename_mission: { fields: RenameMission; answer: Missions };
  delete_mission: { fields: DeleteMission; answer: Missions };
  open_recording: { fields: OpenRecording; answer: RecordingUpload };
  resume_upload: { fields: ResumeUpload; answer: RecordingUpload };
  list_recordings: { fields: ListRecordings; answer: Recordings };
  close_recording: { fields: CloseRecording; answer: Recordings };
  capture_stream: { fields: CaptureStream; answer: RecordingState };
  get_recording_view: { fields: GetRecordingView; answer: RecordingView };
  get_recording_annotations: { fields: GetRecordingAnnotations; answer: RecordingAnnotations };
  export_recording_sigmf: { fields: ExportRecordingSigmf; answer: RecordingSigmf };
  label_recording: { fields: LabelRecording; answer: RecordingLabelled };
  snap_boxes: { fields: SnapBoxes; answer: SnappedBoxes };
  get_candidates: { fields: GetCandidates; answer: Candidates };
  suggest_contract: { fields: SuggestContract; answer: ContractSuggestion };
  get_archives: { fields: GetArchives; answer: Archives };
  start_scan: { fields: StartScan; answer: ScanProgress };
  cancel_scan: { fields: CancelScan; answer: ScanProgress };
  get_archive_timeline: { fields: GetArchiveTimeline; answer: ArchiveTimeline };
  get_archive_hits: { fields: GetArchiveHits; answer: ArchiveHits };
  find_similar: { fields: FindSimilar; answer: SimilarEmissions };
  get_archived_view: { fields: GetArchivedView; answer: ArchivedView };
  copy_archived: { fields: CopyArchived; answer: ArchivedCopy };
}

/** Messages of the server, by their type. */
export interface MessageTypes {
  training_progress: TrainingProgress;
  training_complete: TrainingComplete;
  training_failed: TrainingFailed;
  jobs: Jobs;
  job: JobSnapshot;
  version_promoted: VersionPromoted;
  version_rollback: VersionRollback;
  version_history: VersionHistory;
  registry: Registry;
  training_sample_added: TrainingSampleAdded;
  training_sample_updated: TrainingSampleUpdated;
  training_sample_deleted: TrainingSampleDeleted;
  training_samples: TrainingSamples;
  samples: SampleCounts;
  sigmf_imported: SigmfImported;
  sigmf_exported: SigmfExported;
  detections: Detections;
  sources: Sources;
  stream: StreamState;
  streams: Streams;
  tracks: Tracks;
  waterfall: WaterfallState;
  hello: ServerHello;
  result: Result;
  error: Error;
  metrics: ServerMetrics;
  server_shutdown: ServerShutdown;
  subscriptions: Subscriptions;
  upgrade_progress: UpgradeProgress;
  upgrade_complete: UpgradeComplete;
  upgrade_failed: UpgradeFailed;
  upgrade: UpgradeState;
  signals: Signals;
  training_sample: TrainingSample;
  sample_relabelled: SampleRelabelled;
  signal_renamed: SignalRenamed;
  signal_deleted: SignalDeleted;
  trash: Trash;
  signal_restored: SignalRestored;
  trash_emptied: TrashEmptied;
  job_stage: JobStage;
  version: VersionDetail;
  version_notes: VersionNotes;
  version_comparison: VersionComparison;
  card_progress: CardProgress;
  card_complete: CardComplete;
  card_failed: CardFailed;
  card: Card;
  audit: AuditTrail;
  loaded_heads: LoadedHeads;
  missions: Missions;
  upgrade_undone: UpgradeUndone;
  unknown: UnknownClusters;
  unknown_labelled: UnknownLabelled;
  recording: RecordingState;
  recording_upload: RecordingUpload;
  recordings: Recordings;
  recording_view: RecordingView;
  recording_annotations: RecordingAnnotations;
  recording_sigmf: RecordingSigmf;
  recording_labelled: RecordingLabelled;
  snapped_boxes: SnappedBoxes;
  candidates: Candidates;
  contract_suggestion: ContractSuggestion;
  archives: Archives;
  scan_progress: ScanProgress;
  scan_complete: ScanComplete;
  scan_failed: ScanFailed;
  archive_timeline: ArchiveTimeline;
  archive_hits: ArchiveHits;
  similar_emissions: SimilarEmissions;
  archived_view: ArchivedView;
  archived_copy: ArchivedCopy;
}
