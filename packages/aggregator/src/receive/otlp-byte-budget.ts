/** Bytes that one request holds. */
export interface ByteLease {
  /** False, and nothing taken, when the budget has not as much left. */
  take(bytes: number): boolean
  giveBack(bytes: number): void
  /** Gives back whatever is still taken. */
  end(): void
}

export interface ByteBudget {
  lease(): ByteLease
  left(): number
  inUse(): number
}

/** Bounds what all requests hold together: one limit per body alone lets a hundred senders take a hundred times as much. */
export function createByteBudget(maxBytes: number): ByteBudget {
  let inUse = 0
  return {
    left: () => maxBytes - inUse,
    inUse: () => inUse,
    lease() {
      let taken = 0
      function giveBack(bytes: number) {
        taken -= bytes
        inUse -= bytes
      }
      return {
        take(bytes) {
          if (inUse + bytes > maxBytes) return false
          taken += bytes
          inUse += bytes
          return true
        },
        giveBack,
        end: () => giveBack(taken),
      }
    },
  }
}
