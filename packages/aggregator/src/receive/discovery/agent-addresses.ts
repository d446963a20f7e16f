/** Most addresses that one text may stand for: a port has no more values. */
const mostPorts = 65_535

/** What is wrong with an address, in a sentence that goes on after "it" or the address. */
export class AddressError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AddressError'
  }
}

/** One part of an address for each of its readings: `ws://`, host, port pattern, path. */
const addressPattern = /^(wss?):\/\/([^/?#@\s]*?)(?::([0-9Xx-]*))?([/?#]\S*)?$/

/**
 * The WebSocket addresses that a text stands for: itself, a range of ports (`ws://localhost:3000-3099/metrics`, both
 * ends included), or a port with `X` for every digit (`ws://localhost:300X/metrics` is 3000 to 3009). Written as
 * URLs are compared: `WS://Host` and `ws://host/` are one. At most `most` are made.
 *
 * @throws AddressError
 */
export function agentAddresses(text: string, most: number = mostPorts): readonly string[] {
  const match = addressPattern.exec(text.trim())
  if (!match) {
    // A password in an address would be shown wherever the agent is.
    const why = text.includes('@') ? 'must not carry a user or password' : example
    throw new AddressError(why)
  }
  const [, scheme, host, port, rest = '/'] = match
  const [first, last] = portRange(port)
  if (last - first + 1 > most) {
    throw new AddressError(`stands for ${last - first + 1} addresses, and ${most} are allowed`)
  }
  const addresses: string[] = []
  for (let at = first; at <= last; at++) {
    addresses.push(normalAddress(`${scheme}://${host}${port === undefined ? '' : `:${at}`}${rest}`))
  }
  return addresses
}

const example =
  'should look like ws://127.0.0.1:3001/metrics, ws://localhost:3000-3099/metrics or ws://localhost:300X/metrics'

/** Without a port one reading, which the caller does not write down. */
function portRange(port: string | undefined): [first: number, last: number] {
  if (port === undefined) return [0, 0]
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port)
  // An X stands only at the end: a range is one stretch of ports.
  const places = /^(\d{0,4})([Xx]{1,4})$/.exec(port)
  let first = Number.NaN
  let last = Number.NaN
  if (range) {
    first = Number(range[1])
    last = Number(range[2] ?? range[1])
  } else if (places) {
    const size = 10 ** places[2]!.length
    first = Number(places[1]) * size
    last = first + size - 1
    // Port 0 is nobody's.
    if (first === 0) first = 1
  }
  if (!(first >= 1 && last <= 65_535)) {
    throw new AddressError(`${example}; ports are 1 to 65535`)
  }
  if (last < first) throw new AddressError(`has a range of ports that ends before it begins: ${port}`)
  return [first, last]
}

/** @throws AddressError */
function normalAddress(address: string): string {
  if (!URL.canParse(address)) throw new AddressError(example)
  const url = new URL(address)
  if (url.hostname === '') throw new AddressError(example)
  // A fragment never leaves this side, and `ws` refuses it.
  if (url.hash !== '') throw new AddressError('must not have a #fragment')
  return url.href
}
