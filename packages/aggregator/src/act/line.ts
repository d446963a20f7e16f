/** A way to ask one agent something. */
export interface Line {
  /** Sends a message and resolves with its answer, as it came. Rejects with a {@link LineError}. */
  request(message: { readonly requestId: string }, timeoutMs: number): Promise<unknown>
}

/** `gone`: the connection ended before the answer; whether it was done is unknown. */
export class LineError extends Error {
  override name = 'LineError'
  readonly code: 'not-connected' | 'gone' | 'no-answer' | 'too-many'
  constructor(code: LineError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Who can be asked, and how. */
export interface Lines {
  lineTo(agentId: string): { readonly line: Line; readonly kind: 'polled' | 'dialled-in' } | undefined
}
