import { BadRequest } from './bad-request.js'

/** What can be set at the start and changed while it runs: default, least, most. */
const fields = {
  /** Mean time until the last token, in milliseconds. */
  latencyMs: [120, 0, 600_000],
  /** 0.4: each request takes between 60 % and 140 % of `latencyMs`. */
  latencyJitter: [0.4, 0, 1],
  /** Share of requests that are answered with `errorStatus`. */
  errorRate: [0, 0, 1],
  errorStatus: [500, 400, 599],
  /** Share of requests that are answered with 429 and `Retry-After`. */
  rateLimitRate: [0, 0, 1],
  retryAfterSeconds: [1, 0, 3600],
  /** Share of the input tokens that is reported as read from the cache. */
  cachedShare: [0, 0, 1],
  /** Share of the input tokens that is reported as written to it; both together at most all of them. */
  cacheWriteShare: [0, 0, 1],
  /** Reasoning tokens, as a share of those of the answer, to which they are added. */
  reasoningShare: [0, 0, 10],
}

export const defaultSettings = Object.fromEntries(
  Object.entries(fields).map(([name, [value]]) => [name, value]),
)

/**
 * New settings, after checking every change; `undefined` changes nothing.
 *
 * @param {Record<string, number>} settings
 * @param {Record<string, unknown>} changes
 * @throws {BadRequest} names the setting and what it may be
 */
export function changeSettings(settings, changes) {
  const next = { ...settings }
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) continue
    if (!Object.hasOwn(fields, name)) {
      throw new BadRequest(
        `"${name.slice(0, 60)}" is not a setting; there are ${Object.keys(fields).join(', ')}`,
      )
    }
    const [, least, most] = fields[name]
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new BadRequest(`"${name}" must be a number from ${least} to ${most}`)
    }
    next[name] = value
  }
  return next
}
