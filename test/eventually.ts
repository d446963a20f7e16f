import { setTimeout as wait } from 'node:timers/promises'

/**
 * Asks again until the answer is there. What stories wait for happens in other processes, which tell nobody when
 * they are done. The limit ends a broken run; it judges no speed.
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false>,
  limitMs = 30_000,
): Promise<T> {
  const giveUpAt = Date.now() + limitMs
  let lastError: unknown
  for (;;) {
    try {
      const answer = await ask()
      if (answer) return answer
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (Date.now() > giveUpAt) throw new Error(`Waited in vain for: ${what}`, { cause: lastError })
    await wait(50)
  }
}
