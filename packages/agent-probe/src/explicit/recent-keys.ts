/** Keys that are remembered: a task's name and key are 301 characters at most, so 1.2 MB where each takes two bytes. */
const maxKeys = 2_000
/** Work that comes again later than this is work of its own. */
const keptMs = 600_000

export interface RecentKeys {
  /** Whether it was seen within the last ten minutes; from now on it was. */
  hasSeen(key: string, nowMs: number): boolean
}

/** The most recent keys, the least recently seen first: a Map keeps them in that order. */
export const createRecentKeys = (): RecentKeys => {
  const seenAtMs = new Map<string, number>()
  return {
    hasSeen(key, nowMs) {
      const before = seenAtMs.get(key)
      seenAtMs.delete(key)
      if (seenAtMs.size >= maxKeys) seenAtMs.delete(seenAtMs.keys().next().value as string)
      seenAtMs.set(key, nowMs)
      return before !== undefined && nowMs - before <= keptMs
    },
  }
}
