/** What a model's answer says about itself. Nothing of its text is looked at, let alone kept. */
export interface AnswerFacts {
  readonly model: string | undefined
  /** Contains the cached tokens, read and written. */
  readonly inputTokens: number | undefined
  /** Contains the reasoning tokens. */
  readonly outputTokens: number | undefined
  readonly cacheReadTokens: number | undefined
  readonly cacheWriteTokens: number | undefined
  /** Of those: kept for an hour, not for minutes. */
  readonly cacheWriteLongTokens: number | undefined
  readonly reasoningTokens: number | undefined
  readonly finishReason: string | undefined
  /** `error.type` of a failure that the status does not tell: a stream that breaks off with an error event. */
  readonly failure: string | undefined
}

type Usage = Record<string, unknown>

const modelField = /"(?:model|modelVersion)"\s*:\s*"([^"\\]{1,200})"/
const usageField = /"(?:usage|usageMetadata)"\s*:\s*(?=\{)/g
const finishField = /"(?:finish_reason|stop_reason|finishReason)"\s*:\s*"([\w-]{1,64})"/g
const incompleteField = /"incomplete_details"\s*:\s*\{\s*"reason"\s*:\s*"([\w-]{1,64})"/
const responseEnd = /"type"\s*:\s*"response\.(completed|incomplete|failed|cancelled)"/
const responseStatus =
  /"object"\s*:\s*"response"[\s\S]*?"status"\s*:\s*"(completed|incomplete|failed|cancelled)"/
const errorEvent = /^data:\s*\{\s*(?:"type"\s*:\s*"error"\s*,\s*)?"error"\s*:\s*\{/m
const errorType = /"error"\s*:\s*\{[^{}]{0,2000}?"(?:type|code)"\s*:\s*"([\w.-]{1,64})"/

/** Longest usage object that is believed. */
const maxUsageLength = 8192

/**
 * The object that begins at `open`. Quotes within texts are escaped, so that a field's name with its quotes
 * cannot be found inside what a model or user said.
 */
const objectAt = (text: string, open: number): Usage | undefined => {
  let depth = 0
  for (let at = open; at < Math.min(text.length, open + maxUsageLength); at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      // Usage holds short plain words; one with an escape is none.
      at = text.indexOf('"', at + 1)
      if (at === -1) return undefined
    } else if (code === 0x7b) depth++
    else if (code === 0x7d && --depth === 0) {
      try {
        return JSON.parse(text.slice(open, at + 1)) as Usage
      } catch {
        return undefined
      }
    }
  }
  return undefined
}

const count = (...values: unknown[]): number | undefined =>
  values.find((value): value is number => Number.isSafeInteger(value) && (value as number) >= 0)

const part = (usage: Usage, ...names: string[]): Usage => {
  const found = names.map((name) => usage[name]).find((value) => typeof value === 'object' && value !== null)
  return (found ?? {}) as Usage
}

const hasCounts = (usage: Usage | undefined): usage is Usage =>
  usage !== undefined &&
  count(
    usage.input_tokens,
    usage.output_tokens,
    usage.prompt_tokens,
    usage.promptTokenCount,
    usage.totalTokenCount,
    usage.total_tokens,
  ) !== undefined

/** The first and the last usage together: Anthropic's stream tells the input first and the output last. */
const findUsage = (text: string): Usage | undefined => {
  let first: Usage | undefined
  let last: number | undefined
  for (const match of text.matchAll(usageField)) {
    last = match.index + match[0].length
    if (first !== undefined) continue
    const usage = objectAt(text, last)
    if (hasCounts(usage)) first = usage
  }
  if (last === undefined) return first
  const usage = objectAt(text, last)
  return hasCounts(usage) ? { ...first, ...usage } : first
}

const add = (...values: (number | undefined)[]): number | undefined =>
  values[0] === undefined ? undefined : values.reduce<number>((sum, value) => sum + (value ?? 0), 0)

const readUsage = (usage: Usage) => {
  const input = part(usage, 'prompt_tokens_details', 'input_tokens_details')
  const output = part(usage, 'completion_tokens_details', 'output_tokens_details')
  // Only Anthropic has these, and leaves them out of `input_tokens`.
  const cacheRead = count(usage.cache_read_input_tokens)
  const cacheWrite = count(usage.cache_creation_input_tokens)
  const thoughts = count(usage.thoughtsTokenCount)
  const googleOutput =
    usage.promptTokenCount === undefined
      ? undefined
      : (count(usage.candidatesTokenCount) ?? 0) + (thoughts ?? 0)
  return {
    inputTokens:
      count(usage.prompt_tokens, usage.promptTokenCount) ??
      add(count(usage.input_tokens), cacheRead, cacheWrite),
    outputTokens: count(usage.completion_tokens, usage.output_tokens, googleOutput),
    cacheReadTokens:
      cacheRead ?? count(input.cached_tokens, usage.prompt_cache_hit_tokens, usage.cachedContentTokenCount),
    cacheWriteTokens: cacheWrite ?? count(input.cache_write_tokens),
    cacheWriteLongTokens: count(part(usage, 'cache_creation').ephemeral_1h_input_tokens),
    reasoningTokens: count(output.reasoning_tokens, thoughts),
  }
}

const noUsage = {
  inputTokens: undefined,
  outputTokens: undefined,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  cacheWriteLongTokens: undefined,
  reasoningTokens: undefined,
}

const readFinish = (text: string): string | undefined => {
  let finish: string | undefined
  for (const [, reason] of text.matchAll(finishField)) finish = reason
  if (finish !== undefined) return finish
  const end = responseEnd.exec(text)?.[1] ?? responseStatus.exec(text)?.[1]
  return end === 'incomplete' ? (incompleteField.exec(text)?.[1] ?? end) : end
}

/** Reads the ends of an answer, a JSON body or server-sent events, in any dialect. */
export const readAnswer = (text: string): AnswerFacts => {
  const usage = findUsage(text)
  const finish = readFinish(text)
  const failed = finish === 'failed' || errorEvent.test(text)
  return {
    model: modelField.exec(text)?.[1],
    ...(usage === undefined ? noUsage : readUsage(usage)),
    finishReason: finish,
    failure: failed ? (errorType.exec(text)?.[1] ?? 'failed') : undefined,
  }
}

/** True when a stream said its last word, so that leaving it there is no cancelling. */
export const saidLastWord = (text: string): boolean =>
  text.includes('data: [DONE]') || text.includes('"message_stop"') || readFinish(text) !== undefined
