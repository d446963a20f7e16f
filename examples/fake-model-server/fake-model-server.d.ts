/** What a running fake model server can be told. Shares are from 0 to 1. */
export interface FakeModelSettings {
  /** Mean time until the last token, in milliseconds. Default 120. */
  latencyMs: number
  /** 0.4: each request takes between 60 % and 140 % of `latencyMs`. Default 0.4. */
  latencyJitter: number
  /** Share of requests that are answered with `errorStatus`. Default 0. */
  errorRate: number
  /** 400 to 599. Default 500. */
  errorStatus: number
  /** Share of requests that are answered with 429 and `Retry-After`. Default 0. */
  rateLimitRate: number
  /** Default 1. */
  retryAfterSeconds: number
  /** Share of the input tokens that is reported as read from the cache. Default 0. */
  cachedShare: number
  /** Share of the input tokens that OpenAI and Anthropic report as written to it. Default 0. */
  cacheWriteShare: number
  /** Reasoning tokens that OpenAI and Google report, as a share of those of the answer (0 to 10). Default 0. */
  reasoningShare: number
}

export interface FakeModelServerOptions extends Partial<FakeModelSettings> {
  /** 0, the default: any free one. */
  port?: number
  /** Repeats a run. Default 1. */
  seed?: string | number
  /** Longest request body. Default 4 MiB. */
  maxBodyBytes?: number
  /** Unix milliseconds, for the `created` fields of answers. Default `Date.now`. */
  now?: () => number
}

/** Since the start. Tokens are counted when their answer was sent. */
export interface FakeModelCounts extends FakeModelTokens {
  requests: number
  byEndpoint: Record<
    'chat-completions' | 'responses' | 'embeddings' | 'anthropic-messages' | 'google-generate-content',
    number
  >
  inFlight: number
  answered: number
  /** Of the answered. */
  streamed: number
  /** Of the answered: those that called a tool. */
  toolCalls: number
  errors: number
  rateLimited: number
  /** Not understood: answered with 400, 404, 413 or 415. */
  refused: number
  /** The client left before its answer. */
  abandoned: number
  /** Of the answered, in the words of each provider. */
  finishReasons: Record<string, number>
  /** Of the first hundred models asked for. */
  byModel: Record<string, { answered: number } & FakeModelTokens>
}

export interface FakeModelTokens {
  /** Contains `cachedTokens` and `cacheWriteTokens`. */
  inputTokens: number
  cachedTokens: number
  cacheWriteTokens: number
  /** Contains `reasoningTokens`. */
  outputTokens: number
  reasoningTokens: number
}

export interface FakeModelServer {
  /** Without a path: OpenAI clients want `${url}/v1`, Anthropic's and Google's `url`. */
  url: string
  port: number
  /** Changes what is named, returns all; throws an error that names a wrong setting. */
  control(settings: Partial<FakeModelSettings>): FakeModelSettings
  counts(): FakeModelCounts
  close(): Promise<void>
}

export declare function startFakeModelServer(options?: FakeModelServerOptions): Promise<FakeModelServer>
