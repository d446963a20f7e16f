import { setImmediate as nextTurn } from 'node:timers/promises'

/** Longest stretch in which nobody else is heard, milliseconds; a single step may take longer. */
const stretchMs = 10

/** Takes all steps, and lets the event loop turn between them whenever a stretch is over. Errors of a step pass through. */
export async function walkWithPauses(steps: Iterator<void>, pauses: { count: number }): Promise<void> {
  let untilMs = performance.now() + stretchMs
  while (steps.next().done !== true) {
    if (performance.now() < untilMs) continue
    pauses.count += 1
    await nextTurn()
    untilMs = performance.now() + stretchMs
  }
}
