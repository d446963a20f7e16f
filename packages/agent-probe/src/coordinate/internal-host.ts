/** Whether a message's headers may tell of us: asked with the host's name or address, without its port. */
export type IsInternal = (host: string) => boolean

/** Ends of names that are not resolved outside: RFC 6761, 6762, 8375, Kubernetes and cloud networks. */
const internalEndings = ['.localhost', '.local', '.internal', '.svc', '.home.arpa', '.lan', '.intranet']

const isPrivate4 = (host: string): boolean => {
  const match = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host)
  if (match === null) return false
  const [first, second] = [Number(match[1]), Number(match[2])]
  // Loopback, and the private ranges of RFC 1918.
  return (
    first === 127 ||
    first === 10 ||
    (first === 172 && second >= 16 && second <= 31) ||
    (first === 192 && second === 168)
  )
}

/** Loopback, unique local addresses (RFC 4193), and IPv4 written as IPv6. */
const isPrivate6 = (host: string): boolean =>
  host === '::1' ||
  /^f[cd][\da-f]{2}:/.test(host) ||
  (host.startsWith('::ffff:') && isPrivate4(host.slice('::ffff:'.length)))

const looksInternal = (host: string): boolean => {
  if (host.includes(':')) return isPrivate6(host)
  if (/^[\d.]+$/.test(host)) return isPrivate4(host)
  // The cloud's own, which ends like the user's.
  if (host === 'metadata.google.internal') return false
  return !host.includes('.') || internalEndings.some((ending) => host.endsWith(ending))
}

/** Hosts whose answer is remembered. */
const maxRemembered = 500
/** Hosts that are listed; more would be a mistake. */
const maxListed = 200

/**
 * `setting` is `PERFMON_PROPAGATE`: nothing (internal hosts only), `*` (all), `off` (none), or hosts to add,
 * separated by commas; `.example.com` means every host below it.
 */
export const createIsInternal = (setting: string | undefined): IsInternal => {
  const plain = setting?.trim().toLowerCase() ?? ''
  if (plain === '*') return () => true
  if (/^(off|none|0|false|no)$/.test(plain)) return () => false
  const listed = plain
    .split(',')
    .map((host) => host.trim().replace(/^\*\./, '.'))
    .filter((host) => host !== '')
    .slice(0, maxListed)
  const isListed = (host: string) =>
    listed.some((name) => (name.startsWith('.') ? host.endsWith(name) : host === name))

  const remembered = new Map<string, boolean>()
  return (given) => {
    const known = remembered.get(given)
    if (known !== undefined) return known
    const host = given
      .toLowerCase()
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '')
    const answer = host !== '' && (looksInternal(host) || isListed(host))
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(given, answer)
    return answer
  }
}
