/** Something that began and whose end will be told apart, with the name of its agent. */
export interface Started {
  readonly startedAtMs: number
  readonly parent: string | undefined
  readonly agent: unknown
}

/** Work under way, by the framework's own id. Bounded: the oldest is forgotten, for whatever never ends. */
export interface StartedWork {
  begin(id: string, started: Started): void
  /** Forgets it, and answers it. */
  end(id: string): Started | undefined
  /** Name of the nearest agent that this work is part of. */
  agentOf(id: string | undefined): unknown
}

const maxDepth = 20

export const createStartedWork = ({ maxStarted = 5000 }: { maxStarted?: number } = {}): StartedWork => {
  const started = new Map<string, Started>()
  return {
    begin(id, work) {
      if (started.size >= maxStarted) started.delete(started.keys().next().value!)
      started.set(id, work)
    },
    end(id) {
      const work = started.get(id)
      started.delete(id)
      return work
    },
    agentOf(id) {
      let at = id
      for (let depth = 0; at !== undefined && depth < maxDepth; depth++) {
        const work = started.get(at)
        if (work === undefined) return undefined
        if (work.agent !== undefined) return work.agent
        at = work.parent
      }
      return undefined
    },
  }
}
