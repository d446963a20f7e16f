import { type AgentIdentity, polledVitals } from '@perfmon/core'
import { defaultSwarm, type MetricsResponse } from '@perfmon/protocol'
import type { AgentTable } from '../store/agent-table.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { Ingest } from './ingest.ts'
import { type PolledAgent, pollAgent } from './poll-agent.ts'
import { createPolledIdentities } from './polled-identities.ts'

export interface PollerOptions {
  readonly urls: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly token: string | undefined
  readonly ingest: Ingest
  readonly agents: AgentTable
  readonly clock: Clock
  readonly logger: Logger
}

export interface Poller {
  /** Polls one more agent from now on; an address that is polled already is left as it is. */
  add(url: string): void
  /** Refused: no answer to a question, unasked, or in the name of another. */
  stats(): {
    agents: number
    polls: number
    failures: number
    refusedAnswers: number
    unstoredAnswers: number
  }
  close(): void
}

/** Polls agents that answer `metrics_request`; what they say ends in the same samples as OTLP. */
export function startPoller({
  urls,
  intervalMs,
  timeoutMs,
  token,
  ingest,
  agents,
  clock,
  logger,
}: PollerOptions): Poller {
  const identities = createPolledIdentities(agents)
  let refusedIdentities = 0
  let unstoredAnswers = 0

  function store(response: MetricsResponse, url: string) {
    const identity = identityOf(response, url, intervalMs)
    if (!identities.admits(url, identity.id)) {
      refusedIdentities += 1
      return
    }
    ingest.acceptPolled(identity, polledVitals(response), clock.nowMs()).catch((error) => {
      // The next answer is a second away; a sample of a poll cannot be asked for again.
      unstoredAnswers += 1
      if (unstoredAnswers % 1_000 === 1)
        logger.warn({ err: error, unstoredAnswers }, 'answers could not be stored')
    })
  }
  const polled: PolledAgent[] = []

  function add(url: string) {
    if (polled.some((agent) => agent.url === url)) return
    polled.push(
      pollAgent({
        url,
        intervalMs,
        timeoutMs,
        token,
        clock,
        onAnswer: store,
        onStateChange(state, agent, reason) {
          if (state === 'answering') logger.info({ agent }, 'polled agent answers')
          else {
            identities.forget(agent)
            logger.warn({ agent, reason }, 'polled agent does not answer; it is tried again')
          }
        },
      }),
    )
  }

  for (const url of urls) add(url)
  return {
    add,
    stats() {
      const sum = {
        agents: polled.length,
        polls: 0,
        failures: 0,
        refusedAnswers: refusedIdentities,
        unstoredAnswers,
      }
      for (const agent of polled) {
        const { polls, failures, refusedAnswers, unaskedAnswers } = agent.stats()
        sum.polls += polls
        sum.failures += failures
        sum.refusedAnswers += refusedAnswers + unaskedAnswers
      }
      return sum
    },
    close() {
      for (const agent of polled) agent.close()
    },
  }
}

/** An agent that does not name itself is its address. */
function identityOf(response: MetricsResponse, url: string, intervalMs: number): AgentIdentity {
  return {
    id: response.agentId ?? url,
    name: response.agentType ?? new URL(url).host,
    swarm: response.swarm ?? defaultSwarm,
    reportIntervalMs: intervalMs,
    attributes: { 'perfmon.agent.websocket.url': url },
  }
}
