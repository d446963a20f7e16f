import type { MetricAttributes } from './duration-histogram.ts'

/**
 * Attributes to keep, made anew of their JSON. A text that was cut out of a longer one is kept by V8 as a view of it: a
 * model's name would hold the whole answer it was found in, with what was said, for as long as its series.
 */
export const ownAttributes = (set: string): MetricAttributes => JSON.parse(set) as MetricAttributes

/** Keys hold what the agent wrote, uncut: longer ones are not remembered but worked out each time. */
const longestKey = 1024
export const isWorthRemembering = (key: string): boolean => key.length <= longestKey
