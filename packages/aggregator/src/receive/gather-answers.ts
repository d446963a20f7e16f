import type { Ingest, PolledAnswer } from './ingest.ts'

export interface GatherAnswersOptions {
  readonly ingest: Pick<Ingest, 'acceptPolled'>
  /** The store refused them: so many answers are lost, because a sample of a poll cannot be asked for again. */
  readonly onLost: (answers: number, error: unknown) => void
}

export interface GatheredAnswers {
  add(answer: PolledAnswer): void
  /** Not later but now. */
  handOver(): void
  /** All that was handed over is stored or lost. */
  settled(): Promise<void>
}

/** An alert may wait for so long. Five thousand agents, asked every second, give answers by the hundred meanwhile. */
const gatherMs = 20
const mostGathered = 1_000

/**
 * Answers of many agents go to the store together: a message to its thread for each would cost more than to store it.
 */
export function gatherAnswers({ ingest, onLost }: GatherAnswersOptions): GatheredAnswers {
  let gathered: PolledAnswer[] = []
  let timer: NodeJS.Timeout | undefined
  const underWay = new Set<Promise<void>>()

  function handOver() {
    clearTimeout(timer)
    timer = undefined
    if (gathered.length === 0) return
    const answers = gathered
    gathered = []
    const storing = ingest
      .acceptPolled(answers)
      .catch((error) => onLost(answers.length, error))
      .finally(() => underWay.delete(storing))
    underWay.add(storing)
  }

  return {
    add(answer) {
      gathered.push(answer)
      if (gathered.length >= mostGathered) handOver()
      else timer ??= setTimeout(handOver, gatherMs)
    },
    handOver,
    async settled() {
      await Promise.all(underWay)
    },
  }
}
