import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib'
import { errorTypeName } from '../record/http-names.ts'
import type { AiRecordings } from './ai-recordings.ts'
import { createAnswerEnds } from './answer-ends.ts'
import { createFailedAttempts, fingerprintOf } from './failed-attempts.ts'
import type { PriceTable } from './price-table.ts'
import { type AnswerFacts, readAnswer, saidLastWord } from './read-answer.ts'
import { createModelCallRecorder, type ModelTarget } from './record-model-call.ts'

/** What a response's head says that matters here. */
export interface AnswerHead {
  readonly status: number
  readonly contentType: string | undefined
  /** Of bytes that arrive as they were sent; absent where somebody decodes them before us. */
  readonly contentEncoding: string | undefined
  readonly retryAfter: string | undefined
}

/** One HTTP request to a model. Every method may be called late or twice: the first end counts. */
export interface ModelAttempt {
  answered(head: AnswerHead): void
  chunk(bytes: Uint8Array): void
  ended(): void
  /** The agent left before the end, or after the last word. */
  cancelled(): void
  failed(error: unknown): void
}

export interface ModelCalls {
  begin(request: {
    target: ModelTarget
    url: string
    body: string | undefined
    /** Now, unless it began before it was known for what it is. */
    startedAtMs?: number
  }): ModelAttempt
}

/** Statuses after which client libraries try again. */
const isRepeatable = (status: number) => status === 408 || status === 409 || status === 429 || status >= 500

/** Longer than the pauses of the usual client libraries: up to 8 s at OpenAI's and Anthropic's. */
const repeatWaitMs = 10_000
const maxRetryAfterMs = 60_000
/** A compressed answer larger than this is not inflated: it would hold the agent up. */
const maxInflatedBytes = 1024 * 1024

const retryAfterMs = (retryAfter: string | undefined): number => {
  const seconds = Number(retryAfter)
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1000, maxRetryAfterMs) : 0
}

const inflaters = { gzip: gunzipSync, 'x-gzip': gunzipSync, deflate: inflateSync, br: brotliDecompressSync }

/** Also what was cut short, as far as it goes. */
const inflate = (bytes: Buffer | undefined, encoding: string): string => {
  const inflater = inflaters[encoding as keyof typeof inflaters]
  if (bytes === undefined || inflater === undefined) return ''
  const finishFlush = encoding === 'br' ? constants.BROTLI_OPERATION_FLUSH : constants.Z_SYNC_FLUSH
  try {
    return inflater(bytes, { finishFlush, maxOutputLength: maxInflatedBytes }).toString()
  } catch {
    return ''
  }
}

/** `fetch` hides the reason behind `cause`. */
const reasonOf = (error: unknown): string => {
  const cause = (error as { cause?: unknown } | undefined)?.cause
  const reason = errorTypeName(cause)
  return reason === '_OTHER' || reason === 'Error' ? errorTypeName(error) : reason
}

/**
 * Follows requests to models from their start to the last byte of their answer, and joins the repeated ones
 * into operations. Times in milliseconds, monotonic.
 */
export const createModelCalls = ({
  ai,
  prices,
  now,
}: {
  ai: AiRecordings
  prices: PriceTable
  now: () => number
}): ModelCalls => {
  const record = createModelCallRecorder(ai, prices)
  const failures = createFailedAttempts({ now })
  ai.settle = failures.settle

  return {
    begin({ target, url, body, startedAtMs: attemptStartedAtMs = now() }) {
      const fingerprint = () => fingerprintOf(url, body ?? '')
      const resumed = failures.waiting() ? failures.resume(fingerprint()) : undefined
      const startedAtMs = resumed?.startedAtMs ?? attemptStartedAtMs
      let head: AnswerHead | undefined
      let firstChunkAtMs: number | undefined
      let over = false
      let ends: ReturnType<typeof createAnswerEnds> | undefined

      const encoding = () => {
        const named = head?.contentEncoding?.trim().toLowerCase()
        return named === undefined || named === '' || named === 'identity' ? undefined : named
      }
      const answerText = (): string => {
        const encoded = encoding()
        if (ends === undefined) return ''
        const text = encoded === undefined ? ends.text() : inflate(ends.whole(), encoded)
        ends.release()
        return text
      }
      const isStream = () => head?.contentType?.includes('event-stream') === true

      const succeed = (cancelled: boolean, text: string) => {
        const answer: AnswerFacts = readAnswer(text)
        const endedAtMs = now()
        record.attempt(target, answer.failure ? 'error' : cancelled ? 'cancelled' : 'ok', answer.failure)
        record.operation(target, {
          seconds: (endedAtMs - startedAtMs) / 1000,
          firstChunkSeconds:
            isStream() && firstChunkAtMs !== undefined ? (firstChunkAtMs - startedAtMs) / 1000 : undefined,
          errorType: answer.failure,
          answer,
          cancelled,
        })
      }

      const fail = (errorType: string, { repeatable, waitMs }: { repeatable: boolean; waitMs: number }) => {
        const failedAtMs = now()
        record.attempt(target, 'error', errorType)
        const giveUp = () =>
          record.operation(target, {
            seconds: (failedAtMs - startedAtMs) / 1000,
            firstChunkSeconds: undefined,
            errorType,
            answer: undefined,
            cancelled: false,
          })
        if (repeatable) failures.hold(fingerprint(), { startedAtMs, giveUp }, waitMs)
        else giveUp()
      }

      return {
        answered(answer) {
          if (over) return
          head = answer
          if (answer.status < 300) return
          over = true
          // A redirection is followed by a request of its own.
          if (answer.status < 400) return
          fail(String(answer.status), {
            repeatable: isRepeatable(answer.status),
            waitMs: repeatWaitMs + retryAfterMs(answer.retryAfter),
          })
        },
        chunk(bytes) {
          if (over) return
          firstChunkAtMs ??= now()
          ends ??= createAnswerEnds(encoding() === undefined ? {} : { tailLimit: 256 * 1024 })
          ends.add(bytes)
        },
        ended() {
          if (over) return
          over = true
          succeed(false, answerText())
        },
        cancelled() {
          if (over) return
          over = true
          const text = answerText()
          succeed(!saidLastWord(text), text)
        },
        failed(error) {
          if (over) return
          const aborted = (error as { name?: unknown } | undefined)?.name === 'AbortError'
          // Client libraries abort a stream that said all: no failure.
          if (aborted && head !== undefined) return this.cancelled()
          over = true
          fail(reasonOf(error), { repeatable: true, waitMs: repeatWaitMs })
        },
      }
    },
  }
}
