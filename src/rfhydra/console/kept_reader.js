// Reads what many parts of a view want at once: a few at a time, each once, and kept for as long as there is room.

const KEPT = 48;
const AT_A_TIME = 2;

/**
 * @template T
 * @param {(key: string) => Promise<T>} read
 * @returns {(key: string) => Promise<T>} rejects as `read` does, and asks again the next time
 */
export function keptReader(read) {
  /** @type {Map<string, Promise<T>>} */
  const kept = new Map();
  /** @type {(() => void)[]} */
  const waiting = [];
  let reading = 0;
  const readNext = async (/** @type {string} */ key) => {
    if (reading >= AT_A_TIME) await new Promise((resolve) => waiting.push(() => resolve(null)));
    reading++;
    try {
      return await read(key);
    } catch (error) {
      kept.delete(key); // asked again the next time
      throw error;
    } finally {
      reading--;
      waiting.shift()?.();
    }
  };
  return (key) => {
    const known = kept.get(key) ?? readNext(key);
    kept.delete(key); // the last used are last
    kept.set(key, known);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(oldest);
    }
    return known;
  };
}
