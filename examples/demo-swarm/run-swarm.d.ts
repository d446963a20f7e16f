export interface SwarmOptions {
  /** Where the agents send their metrics (`OTEL_EXPORTER_OTLP_ENDPOINT`). Default: what the probe assumes. */
  otlpEndpoint?: string
  /**
   * Where the agents dial in (`PERFMON_AGGREGATOR_URL`), so that actions and tunables can be tried on them: they allow
   * all of them then.
   */
  aggregatorUrl?: string
  /** An OpenAI-compatible server to use, without `/v1`. Default: a fake one is started. */
  modelServer?: string
  /** Name of the swarm (`PERFMON_SWARM`). Default `demo`. */
  swarm?: string
  /** Research tasks per second; each is three tasks for workers and one for the researcher. Default 2. */
  tasksPerSecond?: number
  /**
   * URL of the module that is loaded into every agent. Default: Perfmon's probe. `null`: none, to see what the
   * swarm costs without it.
   */
  preload?: string | null
  /** An agent ended and nobody had asked it to, also one that `break('crash')` killed. */
  onExit?: (end: { name: string; code: number | null; signal: string | null }) => void
  /** Gets what the agents print: `[name] text`, shortened, without control characters, 50 lines per second. */
  log?: (line: string) => void
}

export interface SwarmAgent {
  name: string
  pid: number
  /** Its HTTP server. */
  url: string
  /** How Perfmon hears of it: the probe sends OTLP, the other is polled. */
  speaks: 'otlp' | 'websocket'
}

/**
 * `errors`: the tool server answers 500, workers fail with 502. `slow`: the tool server takes 6 s.
 * `busy`: a worker blocks its event loop. `crash`: a worker is killed.
 */
export type Breakage = 'errors' | 'slow' | 'busy' | 'crash'

export interface Swarm {
  /** As they are now: a restarted worker has another `pid`. */
  readonly agents: readonly SwarmAgent[]
  /** Agents that are to be polled: `ws://127.0.0.1:PORT/metrics`. */
  readonly webSocketAgents: readonly string[]
  readonly modelUrl: string
  /** Resolves, when it is done, to a sentence that says what was done. */
  break(kind: Breakage): Promise<string>
  /** Undoes every breakage; a killed worker comes back at its address. */
  mend(): Promise<void>
  /** Ends all processes: SIGTERM, after 3 s SIGKILL. */
  stop(): Promise<void>
}

/** Rejects, with nothing left running, when an agent does not get ready. */
export declare function startSwarm(options?: SwarmOptions): Promise<Swarm>
