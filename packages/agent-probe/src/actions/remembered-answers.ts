import type { ActionResponse, MetricsError } from '@perfmon/protocol'

export type ActionAnswer = ActionResponse | MetricsError

interface Remembered {
  /** What was asked, to tell a repetition from another question under the same id. */
  readonly question: string
  readonly answer: Promise<ActionAnswer>
  isSettled: boolean
}

/** Nothing was begun: asked again, when it is less busy perhaps, it may be. */
const isRefusal = (answer: ActionAnswer) => answer.type === 'error' && answer.code !== 'action-failed'

/**
 * The latest requests and their answers: a request that comes again, because its answer got lost, gets the first
 * one. Those under way are never forgotten; of the others the oldest goes first.
 */
export const rememberAnswers = (most: number) => {
  const remembered = new Map<string, Remembered>()

  const forgetOldest = () => {
    for (const [requestId, { isSettled }] of remembered) {
      if (remembered.size <= most) return
      if (isSettled) remembered.delete(requestId)
    }
  }

  return {
    /** The answer to the same question; `other` when the id stood for another one. */
    recall(requestId: string, question: string): Promise<ActionAnswer> | 'other' | undefined {
      const known = remembered.get(requestId)
      if (known === undefined) return undefined
      return known.question === question ? known.answer : 'other'
    },
    keep(requestId: string, question: string, answer: Promise<ActionAnswer>): void {
      const entry: Remembered = { question, answer, isSettled: false }
      remembered.set(requestId, entry)
      void answer.then((given) => {
        entry.isSettled = true
        if (isRefusal(given)) remembered.delete(requestId)
        forgetOldest()
      })
    },
  }
}
