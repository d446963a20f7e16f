/** Longest result of an action, as JSON. */
const maxResultLength = 8 * 1024

/** A result fit to be sent and remembered: JSON, and not too much of it. */
export const boundedResult = (result: unknown): unknown => {
  try {
    const text = JSON.stringify(result) ?? 'null'
    if (text.length <= maxResultLength) return JSON.parse(text)
    return { cut: true, length: text.length, begin: text.slice(0, 1000) }
  } catch {
    return { cut: true, reason: 'the result is no JSON' }
  }
}
