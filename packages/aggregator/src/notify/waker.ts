export interface WakerOptions {
  /** Works until nothing is left; returns after how many milliseconds to work again unasked, null for never. */
  readonly work: () => Promise<number | null>
  /** Told what work threw; returns after how many milliseconds to try again. */
  readonly onError: (error: unknown) => number
}

export interface Waker {
  /** There is something to do. While work is under way it is done once more after it. */
  wake(): void
  /** Waits for the work under way; nothing begins afterwards. */
  close(): Promise<void>
  readonly isClosed: boolean
}

/** Timers are limited to this: Node takes a longer one for none. */
const longestSleepMs = 60_000

/** Level-triggered work: never two at a time, and no wake-up lost between its last look and its end. */
export function createWaker({ work, onError }: WakerOptions): Waker {
  let isWoken = false
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  async function run() {
    let againMs: number | null = null
    while (isWoken && !isClosed) {
      isWoken = false
      try {
        againMs = await work()
      } catch (error) {
        if (!isClosed) againMs = onError(error)
      }
    }
    running = undefined
    if (againMs !== null && !isClosed) timer = setTimeout(wake, Math.min(againMs, longestSleepMs))
  }

  function wake() {
    isWoken = true
    if (isClosed || running !== undefined) return
    clearTimeout(timer)
    running = run()
  }

  return {
    wake,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await running
    },
    get isClosed() {
      return isClosed
    },
  }
}
