import type { Logger } from './system/logger.ts'

/** One beat of the house, in the order of the journey: who is there → what is wrong → what is shown. */
export interface PipelineStages {
  readonly register: (nowMs: number) => Promise<void>
  readonly evaluate: (nowMs: number) => void
  readonly serve: (nowMs: number) => Promise<void>
}

export interface Pipeline {
  stats(): { ticks: number; lateTicks: number }
  close(): void
}

/**
 * Calls the stages once per slot of `intervalMs`, aligned to the clock. Data wakes receive, evaluate and notify
 * by themselves; the tick is for what no data tells: silence, staleness, screens. A slot that comes while the
 * last is still being worked is counted and left out.
 */
export function startPipeline(
  stages: PipelineStages,
  { intervalMs, nowMs, logger }: { intervalMs: number; nowMs: () => number; logger: Logger },
): Pipeline {
  const counts = { ticks: 0, lateTicks: 0 }
  let timer: NodeJS.Timeout
  let isClosed = false

  function schedule() {
    if (isClosed) return
    timer = setTimeout(() => void tick(), intervalMs - (nowMs() % intervalMs))
  }

  async function tick() {
    const beganMs = nowMs()
    try {
      await stages.register(beganMs)
      stages.evaluate(beganMs)
      await stages.serve(beganMs)
    } catch (error) {
      logger.error({ err: error }, 'a tick failed; the next one tries again')
    }
    counts.ticks += 1
    counts.lateTicks += Math.max(0, Math.floor((nowMs() - beganMs) / intervalMs))
    schedule()
  }

  schedule()
  return {
    stats: () => ({ ...counts }),
    close() {
      isClosed = true
      clearTimeout(timer)
    },
  }
}
