/** The first and last part of an answer's body: model and usage stand there, whatever is between. */
export interface AnswerEnds {
  add(chunk: Uint8Array): void
  /** What was kept, in order; a line break stands for what was not. */
  text(): string
  /** The same as bytes, for what must be decompressed; absent when something is missing. */
  whole(): Buffer | undefined
  /** Nothing is asked or added any more: what was kept may be used for another answer. */
  release(): void
}

const headLimit = 8 * 1024

const firstLength = 4096
/** Buffers of answers that were read: one made for every call would be most of what the collector has to do. */
const spare: Buffer[] = []
const maxSpare = 16
const nothing = Buffer.alloc(0)

/**
 * Copies, as the agent may do what it likes with its chunks. Grows with the answer and never over
 * `headLimit` + 2 × `tailLimit` bytes.
 */
export const createAnswerEnds = ({ tailLimit = 64 * 1024 }: { tailLimit?: number } = {}): AnswerEnds => {
  let kept: Buffer = spare.pop() ?? Buffer.allocUnsafeSlow(firstLength)
  let length = 0
  /** Where the tail begins once something between was dropped. */
  let dropped = false

  const room = (needed: number) => {
    if (length + needed <= kept.length) return
    const limit = headLimit + 2 * tailLimit
    if (length + needed > limit) {
      // Move the newest `tailLimit` bytes to the front, so that each byte is moved once on average.
      const from = Math.max(headLimit, length - Math.max(0, tailLimit - needed))
      kept.copyWithin(headLimit, from, length)
      length = headLimit + (length - from)
      dropped = true
    }
    if (length + needed <= kept.length) return
    const larger = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(length + needed, kept.length * 4)))
    kept.copy(larger, 0, 0, length)
    kept = larger
  }

  return {
    add(chunk) {
      let rest = chunk
      // Only the end of a chunk that alone is larger than the tail.
      if (rest.length > tailLimit && length >= headLimit) {
        rest = rest.subarray(rest.length - tailLimit)
        dropped = true
      } else if (rest.length > headLimit + tailLimit) {
        const first = headLimit - length
        room(first)
        kept.set(rest.subarray(0, first), length)
        length += first
        rest = rest.subarray(rest.length - tailLimit)
        dropped = true
      }
      room(rest.length)
      kept.set(rest, length)
      length += rest.length
    },
    text: () =>
      dropped
        ? `${kept.toString('utf8', 0, headLimit)}\n${kept.toString('utf8', headLimit, length)}`
        : kept.toString('utf8', 0, length),
    whole: () => (dropped ? undefined : kept.subarray(0, length)),
    release() {
      if (kept.length === firstLength && spare.length < maxSpare) spare.push(kept)
      kept = nothing
      length = 0
    },
  }
}
