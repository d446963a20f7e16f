/**
 * A bucket of `perSecond` tokens that refills evenly: short bursts pass, a flood does not. Returns whether
 * the next request may pass.
 */
export const limitRate = (perSecond: number): ((nowMs: number) => boolean) => {
  let tokens = perSecond
  let filledAtMs = Number.NEGATIVE_INFINITY
  return (nowMs) => {
    tokens = Math.min(perSecond, tokens + ((nowMs - filledAtMs) / 1000) * perSecond)
    filledAtMs = nowMs
    if (tokens < 1) return false
    tokens--
    return true
  }
}
