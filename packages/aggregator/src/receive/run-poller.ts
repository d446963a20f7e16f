import { type AgentIdentity, polledVitals } from '@perfmon/core'
import { attributeNames, defaultSwarm, type MetricsResponse } from '@perfmon/protocol'
import type { WebSocket } from 'ws'
import type { Line, Lines } from '../act/line.ts'
import type { AgentTable } from '../store/agent-table.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import { type Conversation, converse, type PollCounts } from './converse.ts'
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

export interface DialledAgent {
  /** Open, and nothing was asked over it yet. */
  readonly socket: WebSocket
  /** What only the process itself can know, told as an address: see {@link attributeNames.agentDialAddress}. */
  readonly address: string
  readonly id: string
}

export interface Poller extends Lines {
  /** Polls one more agent from now on; an address that is polled already is left as it is. */
  add(url: string): void
  /**
   * Polls an agent over the connection that it opened, until that ends. An older connection of the same agent is
   * closed. False: it may not speak as this agent, and nothing was done.
   */
  adopt(dialled: DialledAgent): boolean
  /** Refused: no answer to a question, unasked, or in the name of another. */
  stats(): {
    agents: number
    dialledAgents: number
    /** Connections closed because the same agent opened another. */
    replacedConnections: number
    polls: number
    failures: number
    refusedAnswers: number
    unstoredAnswers: number
  }
  close(): void
}

/** Close code to an agent whose place another connection took: it is not to come back at once. */
export const replacedCode = 4409

interface Speaker {
  readonly url: string
  readonly line: Line
  readonly kind: 'polled' | 'dialled-in'
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
  const polled = new Map<string, PolledAgent>()
  const dialled = new Map<string, Conversation>()
  const dialledCounts: PollCounts = { polls: 0, failures: 0, refusedAnswers: 0, unaskedAnswers: 0 }
  /** Who speaks at which address, by the agent's id. */
  const speakers = new Map<string, Speaker>()
  let refusedIdentities = 0
  let unstoredAnswers = 0
  let replacedConnections = 0

  /** Its reports say the same and more: stored twice, its series would have every value from two windows. */
  function reportsByItself(id: string): boolean {
    const known = agents.get(id)
    if (known?.source !== 'otlp') return false
    return clock.nowMs() - known.lastSeenMs <= missedReports * (known.reportIntervalMs ?? unknownIntervalMs)
  }

  function store(response: MetricsResponse, { url, line, kind }: Speaker) {
    const identity = identityOf(response, url, intervalMs, kind)
    if (!identities.admits(url, identity.id)) {
      refusedIdentities += 1
      return
    }
    speakers.set(identity.id, { url, line, kind })
    if (reportsByItself(identity.id)) return
    const known = agents.get(identity.id)?.attributes ?? {}
    const whole = { ...identity, attributes: { ...known, ...identity.attributes } }
    ingest.acceptPolled(whole, polledVitals(response), clock.nowMs()).catch((error) => {
      // The next answer is a second away; a sample of a poll cannot be asked for again.
      unstoredAnswers += 1
      if (unstoredAnswers % 1_000 === 1)
        logger.warn({ err: error, unstoredAnswers }, 'answers could not be stored')
    })
  }

  function forget(url: string) {
    identities.forget(url)
    for (const [id, speaker] of speakers) if (speaker.url === url) speakers.delete(id)
  }

  function add(url: string) {
    if (polled.has(url)) return
    const agent: PolledAgent = pollAgent({
      url,
      intervalMs,
      timeoutMs,
      token,
      clock,
      onAnswer: (response) => store(response, { url, line: agent, kind: 'polled' }),
      onStateChange(state, address, reason) {
        if (state === 'answering') logger.info({ agent: address }, 'polled agent answers')
        else {
          forget(address)
          logger.warn({ agent: address, reason }, 'polled agent does not answer; it is tried again')
        }
      },
    })
    polled.set(url, agent)
  }

  function hangUp(address: string) {
    const known = dialled.get(address)
    if (!known) return
    replacedConnections += 1
    dialled.delete(address)
    forget(address)
    known.close(replacedCode, 'this agent has another connection')
  }

  function adopt({ socket, address, id }: DialledAgent): boolean {
    hangUp(address)
    const older = speakers.get(id)
    if (older?.kind === 'dialled-in') hangUp(older.url)
    if (!identities.admits(address, id)) {
      refusedIdentities += 1
      return false
    }
    const conversation = converse({
      socket,
      intervalMs,
      timeoutMs,
      clock,
      counts: dialledCounts,
      onAnswer: (response) =>
        store({ ...response, agentId: id }, { url: address, line: conversation, kind: 'dialled-in' }),
      onEnd(reason) {
        dialled.delete(address)
        forget(address)
        logger.info({ agent: id, reason }, 'the connection of an agent that dialled in has ended')
      },
    })
    dialled.set(address, conversation)
    // Before its first answer: it is there, and can be asked.
    speakers.set(id, { url: address, line: conversation, kind: 'dialled-in' })
    return true
  }

  for (const url of urls) add(url)
  return {
    add,
    adopt,
    lineTo: (agentId) => speakers.get(agentId),
    stats() {
      const sum = {
        agents: polled.size,
        dialledAgents: dialled.size,
        replacedConnections,
        polls: 0,
        failures: 0,
        refusedAnswers: refusedIdentities,
        unstoredAnswers,
      }
      for (const counts of [dialledCounts, ...[...polled.values()].map((agent) => agent.stats())]) {
        sum.polls += counts.polls
        sum.failures += counts.failures
        sum.refusedAnswers += counts.refusedAnswers + counts.unaskedAnswers
      }
      return sum
    },
    close() {
      for (const agent of polled.values()) agent.close()
      for (const conversation of dialled.values()) conversation.close()
    },
  }
}

/** How many of its reports may be missing before its answers are taken for them. */
const missedReports = 3
const unknownIntervalMs = 60_000

/** An agent that does not name itself is its address. */
function identityOf(
  response: MetricsResponse,
  url: string,
  intervalMs: number,
  kind: Speaker['kind'],
): AgentIdentity {
  const place = kind === 'polled' ? attributeNames.agentWebSocketUrl : attributeNames.agentDialAddress
  return {
    id: response.agentId ?? url,
    name: response.agentType ?? (kind === 'polled' ? new URL(url).host : 'dialled-in'),
    swarm: response.swarm ?? defaultSwarm,
    reportIntervalMs: intervalMs,
    attributes: { [place]: url },
  }
}
