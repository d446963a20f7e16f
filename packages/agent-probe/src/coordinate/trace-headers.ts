/** Who sent a message and when, as it travels in `tracestate` beside a `traceparent`. */
export interface Origin {
  /** `service.name`. */
  readonly service: string
  /** `service.instance.id`. */
  readonly instance: string
  /** By the sender's clock, since 1970. */
  readonly sentAtMs: number
}

export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: of the message, not of who handles it. */
  readonly spanId: string
  readonly flags: string
}

/** https://www.w3.org/TR/trace-context-2/#traceparent-header, later versions with more fields included. */
const traceParent = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(?:-.*)?$/

/** Longest headers that are read: one fits in 55 characters, the other should in 512. */
const maxParentLength = 100
const maxStateLength = 1024
/** What a vendor must at least pass on of `tracestate`. */
const maxPassedOnLength = 512

export const parseTraceParent = (header: unknown): TraceParent | undefined => {
  if (typeof header !== 'string' || header.length > maxParentLength) return undefined
  const [, traceId, spanId, flags] = traceParent.exec(header) ?? []
  return traceId === undefined ? undefined : { traceId, spanId: spanId!, flags: flags! }
}

export const formatTraceParent = ({ traceId, spanId, flags }: TraceParent): string =>
  `00-${traceId}-${spanId}-${flags}`

const key = 'perfmon'
/** What may not be in a member of `tracestate`, and what we take apart by. */
const unsafe = /[^\w.@+-]/g
const maxNameLength = 64

/** A name as it travels: another text where it holds what cannot. */
export const travellingName = (name: string): string => name.slice(0, maxNameLength).replace(unsafe, '_')

let lastService: string | undefined
let lastInstance: string | undefined
let lastNames = ''

/** An agent's own name goes with each of its messages: it is made to travel once. */
const travellingNames = (instance: string, service: string): string => {
  if (instance !== lastInstance || service !== lastService) {
    lastInstance = instance
    lastService = service
    lastNames = `${travellingName(instance)}:${travellingName(service)}`
  }
  return lastNames
}

/**
 * Our member of `tracestate`: `1:<span id>:<microseconds since 1970, base 36>:<instance>:<service>`, at most
 * 170 characters. The span id is that of the `traceparent` it was sent with: agents pass members on that
 * they do not know, and without it the next but one would take us for its sender.
 */
export const formatOrigin = (spanId: string, { service, instance, sentAtMs }: Origin): string =>
  `${key}=1:${spanId}:${Math.round(sentAtMs * 1000).toString(36)}:${travellingNames(instance, service)}`

const ownMember = /^1:([\da-f]{16}):([\da-z]{1,13}):([\w.@+-]{1,64}):([\w.@+-]{1,64})$/

const members = (header: unknown): readonly string[] =>
  typeof header === 'string' && header.length <= maxStateLength
    ? header.split(',').map((member) => member.trim())
    : []

/** The sender of this very message, when it was told. */
export const parseOrigin = (header: unknown, spanId: string): Origin | undefined => {
  // The last one: a proxy may have passed on an earlier sender's, to which `fetch` could only add.
  const member = members(header).findLast((text) => text.startsWith(`${key}=`))
  const [, sentWith, micros, instance, service] = ownMember.exec(member?.slice(key.length + 1) ?? '') ?? []
  if (sentWith !== spanId) return undefined
  return { service: service!, instance: instance!, sentAtMs: Number.parseInt(micros!, 36) / 1000 }
}

/** Members of others, which travel on; whole ones only. */
export const foreignMembers = (header: unknown): string => {
  // Mostly ours is the only one.
  if (typeof header === 'string' && header.startsWith(`${key}=`) && !header.includes(',')) return ''
  let passedOn = ''
  for (const member of members(header)) {
    if (member === '' || member.startsWith(`${key}=`)) continue
    const longer = passedOn === '' ? member : `${passedOn},${member}`
    if (longer.length > maxPassedOnLength) break
    passedOn = longer
  }
  return passedOn
}
