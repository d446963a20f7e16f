import { type Refuse, shown } from './refusals.ts'

/** What the agent's callback answers; absent when it throws or answers no number. */
export const askNumber = (ask: (() => unknown) | undefined, subject: string, refuse: Refuse) => {
  if (ask === undefined) return undefined
  try {
    const answer = ask()
    if (typeof answer === 'number' && Number.isFinite(answer)) return answer
    refuse('callback', subject, `its callback must return a number, at once; it returned ${shown(answer)}`)
  } catch (error) {
    refuse('callback', subject, `its callback threw: ${String((error as Error)?.message).slice(0, 200)}`)
  }
  return undefined
}
