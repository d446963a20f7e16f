/** Enough of a request's body to find the model's name in and to tell it from others. */
export const maxBodyLength = 64 * 1024

/** A body that was given whole, or the first part of one that is bytes; absent where it must be waited for. */
export const textOf = (body: unknown): string | undefined => {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body.subarray(0, maxBodyLength)).toString('latin1')
  if (body instanceof ArrayBuffer) return textOf(new Uint8Array(body))
  return undefined
}

/** The first part of a body that is sent in pieces. */
export const collectText = (): { add(chunk: unknown): void; text(): string } => {
  let text = ''
  return {
    add(chunk) {
      if (text.length >= maxBodyLength) return
      if (typeof chunk === 'string') text += chunk
      else if (chunk instanceof Uint8Array) text += Buffer.from(chunk).toString('latin1', 0, maxBodyLength)
    },
    text: () => text,
  }
}
