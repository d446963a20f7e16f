/** A clock that is further than this from the system's was left behind by a step of it. */
const toleranceMs = 5

/**
 * Milliseconds since 1970 with fractions: the system's clock is whole milliseconds, longer than a message on
 * one machine takes. The monotonic clock counts on from the process's start, and is set anew when the
 * system's was stepped or the machine slept.
 */
export const createWallClock = ({
  timeOriginMs,
  monotonicMs,
  systemMs,
}: {
  timeOriginMs: number
  monotonicMs: () => number
  systemMs: () => number
}): (() => number) => {
  let offsetMs = timeOriginMs
  return () => {
    const atMs = offsetMs + monotonicMs()
    const behindMs = systemMs() - atMs
    if (behindMs > -toleranceMs && behindMs < toleranceMs) return atMs
    offsetMs += behindMs
    return atMs + behindMs
  }
}
