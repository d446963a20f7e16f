import { probeApi } from './probe-api.ts'

export interface CacheOptions {
  /** Asked before each report: how many items the cache holds. */
  readonly size?: () => number
}

export interface CacheHandle {
  hit(count?: number): void
  miss(count?: number): void
  evicted(count?: number): void
}

const unwatched: CacheHandle = { hit() {}, miss() {}, evicted() {} }

/**
 * A cache of the agent's: its hits, misses, share of hits, evictions and size. The same name gives the same
 * cache.
 *
 * @example const embeddings = cache('embeddings', { size: () => map.size }); embeddings.hit()
 */
export const cache = (name: string, options: CacheOptions = {}): CacheHandle =>
  probeApi()?.cache?.(name, options) ?? unwatched
