import { attributeNames } from '@perfmon/protocol'
import type { AttributeList, MetricHeader, MetricSink, PointHeader } from './metric-sink.ts'

/** A program that sends OpenTelemetry of its own accord, told by its `service.name`. */
export interface NativeSender {
  readonly services: readonly string[]
  /** Attribute of its points and records by which one running agent is told from another; the first that is there. */
  readonly session: readonly string[]
  /** How often it exports metrics by default, milliseconds: silence is judged by it. */
  readonly reportIntervalMs: number
}

/** Claude Code: as recorded of 2.1.329. Codex CLI 0.169 and Gemini CLI 0.61: as their sources and documents say. */
export const nativeSenders: readonly NativeSender[] = [
  { services: ['claude-code'], session: ['session.id'], reportIntervalMs: 60_000 },
  {
    services: ['codex_exec', 'codex_tui', 'codex_cli_rs', 'codex-app-server', 'codex_mcp_server'],
    session: ['conversation.id', 'session.id', 'thread.id'],
    reportIntervalMs: 60_000,
  },
  { services: ['gemini-cli'], session: ['session.id'], reportIntervalMs: 60_000 },
]

/** Who a person is says nothing about an agent, and what changes with every message is no series. */
const leftOut: ReadonlySet<string> = new Set([
  ...['user.id', 'user.email', 'user.account_uuid', 'user.account_id', 'organization.id', 'installation.id'],
  ...['session.id', 'conversation.id', 'thread.id', 'prompt.id', 'prompt_id', 'message.uuid', 'request_id'],
  ...['event.timestamp', 'event.sequence', 'auth_mode', 'user_email', 'user_account_id'],
])

const textOf = (attributes: AttributeList, key: string): string | undefined => {
  for (const [name, value] of attributes) if (name === key && value !== '') return String(value)
  return undefined
}

/** The native sender that sent this resource; undefined for all that tell their instances apart themselves. */
export function nativeSenderOf(resource: AttributeList): NativeSender | undefined {
  const service = textOf(resource, attributeNames.serviceName)
  const sender = nativeSenders.find(({ services }) => services.includes(service ?? ''))
  return sender && textOf(resource, attributeNames.serviceInstanceId) === undefined ? sender : undefined
}

/** The resource of one session of a native sender, with the identity that it lacks itself. */
export function sessionResource(
  sender: NativeSender,
  resource: AttributeList,
  attributes: AttributeList,
): AttributeList {
  const session = sender.session.map((key) => textOf(attributes, key)).find((text) => text !== undefined)
  const kept = resource.filter(([key]) => !leftOut.has(key))
  if (session !== undefined) kept.push([attributeNames.serviceInstanceId, session])
  if (textOf(resource, attributeNames.reportInterval) === undefined)
    kept.push([attributeNames.reportInterval, sender.reportIntervalMs])
  return kept
}

/**
 * Gives what native senders send to `sink` as if each of their sessions were a process with an instance id: it is the
 * session that works, fails and falls silent. Everybody else's points pass through.
 */
export function splitSessions(sink: MetricSink): MetricSink {
  let sender: NativeSender | undefined
  let resource: AttributeList = []
  let header: MetricHeader | undefined

  function enter<Point extends PointHeader>(point: Point): Point {
    if (sender === undefined) return point
    sink.resource(sessionResource(sender, resource, point.attributes), true)
    sink.metric(header!)
    const ofResource = new Set(resource.map(([key]) => key))
    const attributes = point.attributes.filter(([key]) => !leftOut.has(key) && !ofResource.has(key))
    return { ...point, attributes }
  }

  return {
    resource(attributes) {
      sender = nativeSenderOf(attributes)
      resource = attributes
      if (sender === undefined) sink.resource(attributes)
    },
    metric(next) {
      header = next
      if (sender === undefined) sink.metric(next)
    },
    number: (point, value) => sink.number(enter(point), value),
    histogram: (point) => sink.histogram(enter(point)),
    exponentialHistogram: (point) => sink.exponentialHistogram(enter(point)),
    summary: (point) => sink.summary(enter(point)),
    refused: sink.refused,
  }
}
