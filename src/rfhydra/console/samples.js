// Pictures of stored samples.
import { keptReader } from "./kept_reader.js";
import { connection } from "./state.js";

/** A sample with its spectrogram, by its id. It rejects where the sample was deleted or there is no connection. */
export const readSample = keptReader(
  async (sampleId) =>
    (await connection.ask("get_training_sample", { sample_id: sampleId, include_spectrogram: true })).sample,
);
