export interface ConnectionGate {
  /** Calls `go` when there is room, never before this returns. What it returns gives the place free, or up while waiting. */
  enter(go: () => void): () => void
  stats(): { connecting: number; waiting: number }
}

/**
 * Lets so many attempts to connect be under way at a time, the others in the order they came: thousands at once would
 * use up sockets and hold up the answers of agents that are connected. What waits is bounded by who may ask: an agent
 * asks once.
 */
export function createConnectionGate(most: number): ConnectionGate {
  // A Set keeps the order and lets go of one in the middle.
  const waiting = new Set<() => void>()
  let inside = 0

  function next() {
    const first = waiting.values().next()
    if (first.done || inside >= most) return
    waiting.delete(first.value)
    first.value()
  }

  return {
    enter(go) {
      let isInside = false
      let isGone = false
      const begin = () => {
        isInside = true
        inside += 1
        queueMicrotask(() => {
          if (!isGone) go()
        })
      }
      const leave = () => {
        if (isGone) return
        isGone = true
        waiting.delete(begin)
        if (!isInside) return
        inside -= 1
        next()
      }
      if (inside < most) begin()
      else waiting.add(begin)
      return leave
    },
    stats: () => ({ connecting: inside, waiting: waiting.size }),
  }
}
