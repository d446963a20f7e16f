import { AsyncLocalStorage } from 'node:async_hooks'
import type { HookGuard } from '../hook-guard.ts'
import { boundedName } from './bounded-name.ts'

/** Which of the agents in this process is at work, as far as a framework tells: who spends the tokens of a call. */
export interface CurrentAgent {
  name(): string | undefined
  /** A framework that keeps track by itself is asked. */
  ask(framework: () => unknown): void
  /** For one that does not: whatever `work` starts is this agent's. */
  within<Result>(agent: unknown, work: () => Result): Result
  /** Stands in for `within` where only a diagnostics channel can be told of it. */
  join(storage: AsyncLocalStorage<unknown>): void
}

export const createCurrentAgent = (guard: HookGuard): CurrentAgent => {
  const frameworks: ((answer: { agent: unknown }) => void)[] = []
  const storages: AsyncLocalStorage<unknown>[] = []
  let own: AsyncLocalStorage<unknown> | undefined

  return {
    name() {
      for (const storage of storages) {
        const name = boundedName(storage.getStore())
        if (name !== undefined) return name
      }
      for (const ask of frameworks) {
        const answer = { agent: undefined as unknown }
        ask(answer)
        const name = boundedName(answer.agent)
        if (name !== undefined) return name
      }
      return undefined
    },
    ask(framework) {
      frameworks.push(
        guard.wrap<unknown, { agent: unknown }>((answer) => {
          answer.agent = framework()
        }),
      )
    },
    within(agent, work) {
      if (own === undefined) {
        own = new AsyncLocalStorage()
        storages.push(own)
      }
      return own.run(agent, work)
    },
    join: (storage) => void storages.push(storage),
  }
}
