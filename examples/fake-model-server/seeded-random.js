/**
 * A small seeded generator (mulberry32): the same seed gives the same numbers, so a run can be repeated.
 * It is not for secrets.
 *
 * @param {string | number} seed
 * @returns {() => number} each call gives the next number in [0, 1)
 */
export function seededRandom(seed) {
  let state = hash(String(seed))
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** FNV-1a over UTF-16 units: turns any text into 32 bits. */
function hash(text) {
  let value = 0x811c9dc5
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
  return value >>> 0
}
