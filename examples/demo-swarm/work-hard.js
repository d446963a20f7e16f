import { createHash } from 'node:crypto'

/** Stands for the agent's own thinking: some milliseconds of CPU for each thousand rounds. */
export function workHard(text, rounds) {
  let digest = text
  for (let round = 0; round < rounds; round++) digest = createHash('sha256').update(digest).digest('hex')
  return digest
}

const sliceMs = 400

/**
 * Blocks the event loop for `share` of the time, in slices, until `share` is set to 0.
 * @returns {{ set(share: number): void }} 0 to 0.99
 */
export function busyLoop() {
  let share = 0
  let timer
  const slice = () => {
    blockFor(sliceMs * share)
    timer = setTimeout(slice, sliceMs * (1 - share))
  }
  return {
    set(next) {
      share = Math.min(Math.max(Number(next) || 0, 0), 0.99)
      clearTimeout(timer)
      // Later, not now: whoever asked for it is to get an answer first.
      if (share > 0) timer = setTimeout(slice, 50)
    },
  }
}

/** @param {number} ms */
export function blockFor(ms) {
  const endMs = performance.now() + ms
  while (performance.now() < endMs);
}
