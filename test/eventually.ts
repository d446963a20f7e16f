import { until } from './components/until.ts'

/**
 * Asks again until the answer is there. What stories wait for happens in other processes, which tell nobody when
 * they are done. The limit ends a broken run; it judges no speed.
 */
export function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false>,
  limitMs = 30_000,
): Promise<T> {
  return until(what, async () => (await ask()) || null, { timeoutMs: limitMs })
}
