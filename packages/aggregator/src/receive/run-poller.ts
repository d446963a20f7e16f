import { type AgentIdentity, polledVitals } from '@perfmon/core'
import { attributeNames, defaultSwarm, type MetricsResponse } from '@perfmon/protocol'
import type { WebSocket } from 'ws'
import type { Line, Lines } from '../act/line.ts'
import type { AgentTable } from '../store/agent-table.ts'
import type { Clock } from '../system/clock.ts'
import type { Logger } from '../system/logger.ts'
import type { AgentRegister } from './agent-register.ts'
import { createConnectionGate } from './connection-gate.ts'
import { type Conversation, converse, noPolls, type PollCounts } from './converse.ts'
import type { Target } from './discovery/target.ts'
import { gatherAnswers } from './gather-answers.ts'
import type { Ingest } from './ingest.ts'
import { createSeldomLog } from './otlp-seldom-log.ts'
import { type PolledAgent, pollAgent } from './poll-agent.ts'
import { createPolledIdentities } from './polled-identities.ts'

export interface PollerOptions {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Longest wait between two attempts to reach an agent. */
  readonly longestWaitMs: number
  /** Attempts to connect that may be under way at a time. */
  readonly mostConnecting: number
  readonly token: string | undefined
  readonly ingest: Ingest
  readonly agents: AgentTable
  readonly register: Pick<AgentRegister, 'dismiss'>
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
  /** Polls one more agent from now on; of an address that is polled already only the labels change. */
  add(target: Target): void
  /** Polls it no longer; who only spoke there has left. */
  remove(url: string): void
  /**
   * Polls an agent over the connection that it opened, until that ends. An older connection of the same agent is
   * closed, if it has the secret of that one or its reports say that the new address is its own. False: it may not speak as
   * this agent, and nothing was done.
   */
  adopt(dialled: DialledAgent): boolean
  /** Refused: no answer to a question, unasked, or in the name of another. */
  stats(): {
    agents: number
    connectedAgents: number
    /** Attempts to connect under way, and those that wait for room. */
    connecting: number
    waitingToConnect: number
    dialledAgents: number
    /** Connections closed because the same agent opened another. */
    replacedConnections: number
    polls: number
    latePolls: number
    failures: number
    refusedAnswers: number
    unstoredAnswers: number
  }
  /** Resolves when the last answers are stored. */
  close(): Promise<void>
}

/** Close code to an agent whose place another connection took: it is not to come back at once. */
export const replacedCode = 4409

interface Polled {
  readonly agent: PolledAgent
  readonly labels: Target['labels']
  /** Labels that it had and has no longer. */
  readonly pastLabels: readonly string[]
  readonly isMaybe: boolean
  /** Of the last one who spoke there. */
  id: string | undefined
}

interface Speaker {
  readonly url: string
  readonly line: Line
  readonly kind: 'polled' | 'dialled-in'
}

/** Polls agents that answer `metrics_request`; what they say ends in the same samples as OTLP. */
export function startPoller({
  intervalMs,
  timeoutMs,
  longestWaitMs,
  mostConnecting,
  token,
  ingest,
  agents,
  register,
  clock,
  logger,
}: PollerOptions): Poller {
  const identities = createPolledIdentities(agents)
  const polled = new Map<string, Polled>()
  const gate = createConnectionGate(mostConnecting)
  const dialled = new Map<string, Conversation>()
  const dialledCounts = noPolls()
  /** Of addresses that are polled no longer: counters never fall. */
  const pastCounts = noPolls()
  /** Who speaks at which address, by the agent's id. */
  const speakers = new Map<string, Speaker>()
  let refusedIdentities = 0
  let unstoredAnswers = 0
  let replacedConnections = 0

  const warnSeldom = createSeldomLog(logger, () => clock.nowMs())
  const answers = gatherAnswers({
    ingest,
    onLost(count, error) {
      unstoredAnswers += count
      warnSeldom('unstored', { err: error, unstoredAnswers }, 'answers could not be stored')
    },
  })

  /** Its reports say the same and more: stored twice, its series would have every value from two windows. */
  function reportsByItself(id: string): boolean {
    const known = agents.get(id)
    if (known?.source !== 'otlp') return false
    return clock.nowMs() - known.lastSeenMs <= missedReports * (known.reportIntervalMs ?? unknownIntervalMs)
  }

  function store(response: MetricsResponse, { url, line, kind }: Speaker) {
    const identity = identityOf(response, url, polled.get(url)?.labels ?? {}, intervalMs, kind)
    if (!identities.admits(url, identity.id)) {
      refusedIdentities += 1
      return
    }
    speakers.set(identity.id, { url, line, kind })
    const place = polled.get(url)
    if (place) place.id = identity.id
    if (reportsByItself(identity.id)) return
    const attributes = { ...agents.get(identity.id)?.attributes, ...identity.attributes }
    for (const label of polled.get(url)?.pastLabels ?? []) delete attributes[label]
    const whole = { ...identity, attributes }
    answers.add({ agent: whole, vitals: polledVitals(response), timeMs: clock.nowMs() })
  }

  function forget(url: string) {
    identities.forget(url)
    for (const [id, speaker] of speakers) if (speaker.url === url) speakers.delete(id)
  }

  function add({ url, labels, isMaybe = false }: Target) {
    const known = polled.get(url)
    if (known) {
      const pastLabels = [...known.pastLabels, ...Object.keys(known.labels)].filter(
        (label) => !Object.hasOwn(labels, label),
      )
      polled.set(url, {
        ...known,
        labels,
        pastLabels: [...new Set(pastLabels)].slice(-mostPastLabels),
        isMaybe,
      })
      return
    }
    const agent: PolledAgent = pollAgent({
      url,
      intervalMs,
      timeoutMs,
      longestWaitMs,
      gate,
      token,
      clock,
      onAnswer: (response) => store(response, { url, line: agent, kind: 'polled' }),
      onStateChange(state, address, reason) {
        if (state === 'answering') logger.info({ agent: address }, 'polled agent answers')
        else {
          forget(address)
          // Most ports of a range are nobody's.
          if (polled.get(address)?.isMaybe) logger.debug({ agent: address, reason }, silent)
          else warnSeldom('silent', { agent: address, reason }, silent)
        }
      },
    })
    polled.set(url, { agent, labels, pastLabels: [], isMaybe, id: undefined })
  }

  function remove(url: string) {
    const known = polled.get(url)
    if (!known) return
    polled.delete(url)
    known.agent.close()
    // Its last answer must not come after its goodbye.
    answers.handOver()
    addCounts(pastCounts, known.agent.stats())
    forget(url)
    const { id } = known
    // It may have another line, or report by itself.
    if (id === undefined || speakers.has(id) || agents.get(id)?.source !== 'websocket') return
    register.dismiss(id, clock.nowMs(), 'it is on no list of agents any more')
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
    // The same process again, as only it knows the secret behind its address.
    hangUp(address)
    const older = speakers.get(id)
    // Before the older one goes: whoever merely knows an agent's id could else cut it off, again and again.
    if (!identities.admits(address, id)) {
      refusedIdentities += 1
      return false
    }
    if (older?.kind === 'dialled-in') hangUp(older.url)
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

  return {
    add,
    remove,
    adopt,
    lineTo: (agentId) => speakers.get(agentId),
    stats() {
      const sum = noPolls()
      addCounts(sum, pastCounts)
      addCounts(sum, dialledCounts)
      let connectedAgents = 0
      for (const { agent } of polled.values()) {
        addCounts(sum, agent.stats())
        if (agent.isConnected()) connectedAgents += 1
      }
      const { connecting, waiting } = gate.stats()
      return {
        agents: polled.size,
        connectedAgents,
        connecting,
        waitingToConnect: waiting,
        dialledAgents: dialled.size,
        replacedConnections,
        polls: sum.polls,
        latePolls: sum.latePolls,
        failures: sum.failures,
        refusedAnswers: refusedIdentities + sum.refusedAnswers + sum.unaskedAnswers,
        unstoredAnswers,
      }
    },
    close() {
      for (const { agent } of polled.values()) agent.close()
      for (const conversation of dialled.values()) conversation.close()
      answers.handOver()
      return answers.settled()
    },
  }
}

const mostPastLabels = 100
const silent = 'polled agent does not answer; it is tried again'
/** How many of its reports may be missing before its answers are taken for them. */
const missedReports = 3
const unknownIntervalMs = 60_000

function addCounts(sum: PollCounts, counts: Readonly<PollCounts>): void {
  sum.polls += counts.polls
  sum.latePolls += counts.latePolls
  sum.failures += counts.failures
  sum.refusedAnswers += counts.refusedAnswers
  sum.unaskedAnswers += counts.unaskedAnswers
}

/** An agent that does not name itself is its address. */
function identityOf(
  response: MetricsResponse,
  url: string,
  labels: Target['labels'],
  intervalMs: number,
  kind: Speaker['kind'],
): AgentIdentity {
  const place = kind === 'polled' ? attributeNames.agentWebSocketUrl : attributeNames.agentDialAddress
  return {
    id: response.agentId ?? url,
    // The labels are the operator's own word.
    name:
      labels[attributeNames.serviceName] ??
      response.agentType ??
      (kind === 'polled' ? new URL(url).host : 'dialled-in'),
    swarm: labels[attributeNames.serviceNamespace] ?? response.swarm ?? defaultSwarm,
    reportIntervalMs: intervalMs,
    attributes: { ...labels, [place]: url },
  }
}
