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
const usageField = /"(?:usage|usageMetadata)"\s*:\s*(?=\{)/y
const finishNames = ['"finish_reason"', '"stop_reason"', '"finishReason"'] as const
const finishValue = /\s*:\s*"([\w-]{1,64})"/y
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

/** Anthropic's streams tell the input at once: further into an answer nobody does. */
const headLength = 8 * 1024
/** An answer may end in some events whose usage is `null`. */
const maxLooks = 8

const usageAt = (text: string, at: number): Usage | undefined => {
  usageField.lastIndex = at
  if (!usageField.test(text)) return undefined
  const usage = objectAt(text, usageField.lastIndex)
  return hasCounts(usage) ? usage : undefined
}

/**
 * The first and the last usage together: Anthropic's stream tells the input first and the output last. Looked for
 * from both ends: streams of others name it in each of hundreds of events.
 */
const findUsage = (text: string): Usage | undefined => {
  let lastAt = text.length
  let last: Usage | undefined
  for (let look = 0; look < maxLooks && last === undefined && lastAt > 0; look++) {
    lastAt = text.lastIndexOf('"usage', lastAt - 1)
    if (lastAt === -1) return undefined
    last = usageAt(text, lastAt)
  }
  let firstAt = text.indexOf('"usage')
  for (let look = 0; look < maxLooks && firstAt !== -1 && firstAt < Math.min(lastAt, headLength); look++) {
    const first = usageAt(text, firstAt)
    if (first !== undefined) return { ...first, ...last }
    firstAt = text.indexOf('"usage', firstAt + 1)
  }
  return last
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

/** The last reason that one of these fields gives: most events of a stream leave theirs empty. */
const lastFinish = (text: string): string | undefined => {
  for (const name of finishNames) {
    let at = text.length
    for (let look = 0; look < maxLooks && at > 0; look++) {
      at = text.lastIndexOf(name, at - 1)
      if (at === -1) break
      finishValue.lastIndex = at + name.length
      const reason = finishValue.exec(text)?.[1]
      if (reason !== undefined) return reason
    }
  }
  return undefined
}

const readFinish = (text: string): string | undefined => {
  const finish = lastFinish(text)
  if (finish !== undefined) return finish
  const end = responseEnd.exec(text)?.[1] ?? responseStatus.exec(text)?.[1]
  return end === 'incomplete' ? (incompleteField.exec(text)?.[1] ?? end) : end
}

/** Reads the ends of an answer, a JSON body or server-sent events, in any dialect. */
export const readAnswer = (text: string): AnswerFacts => {
  const usage = findUsage(text)
  const finish = readFinish(text)
  const failed = finish === 'failed' || (text.includes('"error"') && errorEvent.test(text))
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
