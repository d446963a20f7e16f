import { type AgentIdentity, polledVitals } from '@perfmon/core'
import { defaultSwarm, type MetricsResponse } from '@perfmon/protocol'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Ingest } from './ingest.ts'
import { type PolledAgent, pollAgent } from './poll-agent.ts'

export interface PollerOptions {
  readonly urls: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly token: string | undefined
  readonly ingest: Ingest
  readonly clock: Clock
  readonly logger: Logger
}

export interface Poller {
  /** Polls one more agent from now on; an address that is polled already is left as it is. */
  add(url: string): void
  stats(): { agents: number; polls: number; failures: number; refusedAnswers: number }
  close(): void
}

/** Polls agents that answer `metrics_request`; what they say ends in the same samples as OTLP. */
export function startPoller({
  urls,
  intervalMs,
  timeoutMs,
  token,
  ingest,
  clock,
  logger,
}: PollerOptions): Poller {
  function store(response: MetricsResponse, url: string) {
    ingest
      .acceptPolled(identityOf(response, url, intervalMs), polledVitals(response), clock.nowMs())
      .catch((error) => {
        // The next answer is a second away; a sample of a poll cannot be asked for again.
        logger.warn({ err: error, agent: url }, 'an answer could not be stored')
      })
  }
  const agents: PolledAgent[] = []

  function add(url: string) {
    if (agents.some((agent) => agent.url === url)) return
    agents.push(
      pollAgent({
        url,
        intervalMs,
        timeoutMs,
        token,
        clock,
        onAnswer: store,
        onStateChange(state, agent, reason) {
          if (state === 'answering') logger.info({ agent }, 'polled agent answers')
          else logger.warn({ agent, reason }, 'polled agent does not answer; it is tried again')
        },
      }),
    )
  }

  for (const url of urls) add(url)
  return {
    add,
    stats() {
      const sum = { agents: agents.length, polls: 0, failures: 0, refusedAnswers: 0 }
      for (const agent of agents) {
        const { polls, failures, refusedAnswers } = agent.stats()
        sum.polls += polls
        sum.failures += failures
        sum.refusedAnswers += refusedAnswers
      }
      return sum
    },
    close() {
      for (const agent of agents) agent.close()
    },
  }
}

/** An agent that does not name itself is its address. */
export function identityOf(response: MetricsResponse, url: string, intervalMs: number): AgentIdentity {
  return {
    id: response.agentId ?? url,
    name: response.agentType ?? new URL(url).host,
    swarm: response.swarm ?? defaultSwarm,
    reportIntervalMs: intervalMs,
    attributes: { 'perfmon.agent.websocket.url': url },
  }
}
