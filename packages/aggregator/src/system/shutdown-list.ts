import type { Logger } from './logger.ts'

export interface ShutdownList {
  /** Registers what must be closed later. Filled while building, so a failed start closes what had begun. */
  add(name: string, close: () => Promise<void> | void): void
  /** Closes everything, last registered first, each within its time. Never rejects; a second call waits for the first. */
  run(): Promise<void>
}

/** Longest wait for one part: a client that never hangs up must not keep the process. */
const longestCloseMs = 8_000

export function createShutdownList(logger: Logger): ShutdownList {
  const parts: { name: string; close: () => Promise<void> | void }[] = []
  let running: Promise<void> | undefined

  async function closeAll() {
    for (const { name, close } of parts.toReversed()) {
      let timer: NodeJS.Timeout | undefined
      const tooLong = new Promise<'too long'>((resolve) => {
        timer = setTimeout(() => resolve('too long'), longestCloseMs)
      })
      try {
        const outcome = await Promise.race([Promise.resolve(close()), tooLong])
        if (outcome === 'too long') logger.warn({ part: name }, 'did not close in time and was left behind')
      } catch (error) {
        logger.warn({ part: name, err: error }, 'could not be closed cleanly')
      } finally {
        clearTimeout(timer)
      }
    }
  }

  return {
    add(name, close) {
      parts.push({ name, close })
    },
    run() {
      running ??= closeAll()
      return running
    },
  }
}
