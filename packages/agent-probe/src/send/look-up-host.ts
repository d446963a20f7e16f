import type { Resolver } from 'node:dns'
import type { LookupFunction } from 'node:net'

const filesystem = () => process.getBuiltinModule('node:fs')

const readLines = (path: string): string[] => {
  try {
    return filesystem().readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}

const words = (line: string) =>
  line
    .replace(/[#;].*/, '')
    .trim()
    .split(/\s+/)

interface Address {
  readonly address: string
  readonly family: 4 | 6
}

const toAddress = (address: string): Address => ({ address, family: address.includes(':') ? 6 : 4 })

/** Addresses that `/etc/hosts` gives a name. */
export const addressesInHosts = (lines: readonly string[], name: string): Address[] =>
  lines
    .map(words)
    .filter(([address, ...names]) => address && names.some((known) => known.toLowerCase() === name))
    .map(([address]) => toAddress(address!))

const maxSearched = 6

/** The names to ask for, in order, as resolv.conf(5) has it: `search` and `ndots`. */
export const namesToAsk = (lines: readonly string[], name: string): string[] => {
  if (name.endsWith('.')) return [name]
  let search: string[] = []
  let dotsWanted = 1
  for (const [keyword, ...values] of lines.map(words)) {
    if (keyword === 'search' || keyword === 'domain') search = values
    if (keyword === 'options') {
      const ndots = values
        .map((value) => /^ndots:(\d+)$/.exec(value)?.[1])
        .find((value) => value !== undefined)
      dotsWanted = ndots === undefined ? dotsWanted : Number(ndots)
    }
  }
  const searched = search
    .filter((domain) => domain !== '.')
    .slice(0, maxSearched)
    .map((domain) => `${name}.${domain}`)
  return name.split('.').length - 1 >= dotsWanted ? [name, ...searched] : [...searched, name]
}

type ErrorCode = string | undefined
const codeOf = (reason: unknown): ErrorCode => (reason as NodeJS.ErrnoException)?.code

/** There is no such name, says somebody who answered; the system may know more than DNS. */
const definite = new Set<ErrorCode>(['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'])

const ask = async (resolver: Resolver, name: string): Promise<Address[]> => {
  const { promisify } = process.getBuiltinModule('node:util')
  const resolve4 = promisify<string, string[]>(resolver.resolve4.bind(resolver))
  const resolve6 = promisify<string, string[]>(resolver.resolve6.bind(resolver))
  const answers = await Promise.allSettled([resolve4(name), resolve6(name)])
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  if (found.length > 0) return found.map(toAddress)
  const reasons = answers.map((answer) => (answer.status === 'rejected' ? answer.reason : undefined))
  throw reasons.find((reason) => reason !== undefined && !definite.has(codeOf(reason))) ?? reasons[0]
}

const find = async (resolver: Resolver, hostname: string): Promise<Address[]> => {
  const name = hostname.toLowerCase()
  if (name === 'localhost' || name.endsWith('.localhost')) return [toAddress('127.0.0.1'), toAddress('::1')]
  const local = addressesInHosts(readLines('/etc/hosts'), name)
  if (local.length > 0) return local
  let refusal: unknown
  for (const each of namesToAsk(readLines('/etc/resolv.conf'), name)) {
    try {
      return await ask(resolver, each)
    } catch (error) {
      refusal = error
      if (!definite.has(codeOf(error))) break
    }
  }
  throw refusal
}

export interface HostLookup {
  readonly lookup: LookupFunction
  /** Nobody waits any more. */
  cancel(): void
}

/**
 * Resolves names without `getaddrinfo`: that runs on a thread which a process waits for at its end, `process.exit`
 * included, so that a slow name server would hold an agent for ten seconds. Queries by c-ares are sockets, which end with
 * the process. c-ares reads neither `/etc/hosts` nor `search`, hence the reading here; what DNS definitely does
 * not know (mDNS, directories) is asked of the system after all.
 */
export const createHostLookup = (): HostLookup => {
  const dns = process.getBuiltinModule('node:dns')
  let resolver: Resolver | undefined
  let isCancelled = false
  return {
    lookup(hostname, options, callback) {
      // Elsewhere names come from services of the system that only `getaddrinfo` asks.
      if (process.platform !== 'linux') {
        dns.lookup(hostname, options, callback)
        return
      }
      resolver = new dns.Resolver({ timeout: 2000, tries: 2 })
      find(resolver, hostname).then(
        (addresses) => {
          if (isCancelled) return
          const [first] = addresses
          if (options.all) callback(null, addresses)
          else callback(null, first!.address, first!.family)
        },
        (error: NodeJS.ErrnoException) => {
          if (isCancelled) return
          if (definite.has(error.code)) dns.lookup(hostname, options, callback)
          else callback(error, '')
        },
      )
    },
    cancel() {
      isCancelled = true
      resolver?.cancel()
    },
  }
}
