import {
  coordinationAttributeNames as attribute,
  coordinationMetricNames as names,
} from '@perfmon/protocol/names'
import { boundedName } from '../ai/bounded-name.ts'
import type { CacheHandle } from '../api/cache.ts'
import type { ProbeApi } from '../api/probe-api.ts'
import type { Reading } from '../record/reading.ts'
import { askNumber } from './ask-number.ts'
import { type Refuse, shown } from './refusals.ts'

const maxCaches = 100

interface Cache {
  readonly handle: CacheHandle
  size: (() => number) | undefined
  hits: number
  misses: number
  evictions: number
  /** What was told with the report before. */
  told: { hits: number; misses: number }
}

/** `cache()`: hits, misses and what they make of each interval. */
export const createCaches = (refuse: Refuse): { open: ProbeApi['cache']; read(): readonly Reading[] } => {
  const caches = new Map<string, Cache>()
  const nowhere: CacheHandle = { hit() {}, miss() {}, evicted() {} }

  const create = (name: string): Cache => {
    const add =
      (what: 'hits' | 'misses' | 'evictions') =>
      (count = 1) => {
        if (typeof count === 'number' && count >= 0 && count < Number.POSITIVE_INFINITY) cache[what] += count
        else refuse('value', `cache ${name}`, `a count is a number from 0, not ${shown(count)}`)
      }
    const cache: Cache = {
      handle: { hit: add('hits'), miss: add('misses'), evicted: add('evictions') },
      size: undefined,
      hits: 0,
      misses: 0,
      evictions: 0,
      told: { hits: 0, misses: 0 },
    }
    caches.set(name, cache)
    return cache
  }

  return {
    open(given, options) {
      const name = boundedName(given)
      if (name === undefined) {
        refuse('name', 'cache', `a cache needs a name, not ${shown(given)}`)
        return nowhere
      }
      if (!caches.has(name) && caches.size >= maxCaches) {
        refuse('too_many', `cache ${name}`, `there are ${maxCaches} already; share names between caches`)
        return nowhere
      }
      const cache = caches.get(name) ?? create(name)
      if (options?.size !== undefined) cache.size = options.size
      return cache.handle
    },
    read() {
      const named = [...caches].map(([name, cache]) => ({
        cache,
        name,
        attributes: { [attribute.cacheName]: name },
      }))
      const ratios = named.flatMap(({ cache, attributes }) => {
        const hits = cache.hits - cache.told.hits
        const requests = hits + cache.misses - cache.told.misses
        cache.told = { hits: cache.hits, misses: cache.misses }
        // Nobody asked: no ratio, rather than the one of long ago.
        return requests === 0 ? [] : [{ value: hits / requests, attributes }]
      })
      return [
        {
          kind: 'counter',
          descriptor: { name: names.cacheRequests, description: 'Look-ups in caches', unit: '{request}' },
          points: named.flatMap(({ cache, attributes }) => [
            { value: cache.hits, attributes: { ...attributes, [attribute.cacheResult]: 'hit' } },
            { value: cache.misses, attributes: { ...attributes, [attribute.cacheResult]: 'miss' } },
          ]),
        },
        {
          kind: 'gauge',
          descriptor: {
            name: names.cacheHitRatio,
            description: 'Share of look-ups that were hits since the last report',
            unit: '1',
          },
          points: ratios,
        },
        {
          kind: 'counter',
          descriptor: { name: names.cacheEvictions, description: 'Items evicted', unit: '{item}' },
          points: named.flatMap(({ cache, attributes }) =>
            cache.evictions === 0 ? [] : [{ value: cache.evictions, attributes }],
          ),
        },
        {
          kind: 'upDownCounter',
          descriptor: { name: names.cacheSize, description: 'Items in caches', unit: '{item}' },
          points: named.flatMap(({ cache, name, attributes }) => {
            const value = askNumber(cache.size, `cache ${name}`, refuse)
            return value === undefined ? [] : [{ value, attributes }]
          }),
        },
      ]
    },
  }
}
