export interface DialOutSettings {
  /** Full WebSocket URL at the aggregator. */
  readonly url: string
  readonly token: string | undefined
  /** File with the certificate authorities (PEM) to trust instead of the public ones. */
  readonly certificateFile: string | undefined
  /** Whether actions may be taken for whoever answers there. */
  readonly mayAct: boolean
}

const standardPath = '/agents/connect'

/**
 * Reads `PERFMON_AGGREGATOR_URL`; `undefined` when it is no WebSocket address. Who answers at an address beyond this
 * machine is only known with TLS, and only somebody known may have things done.
 */
export const readDialOut = ({
  address,
  token,
  certificateFile,
  isLoopback,
}: {
  address: string
  token: string | undefined
  certificateFile: string | undefined
  isLoopback: (host: string) => boolean
}): DialOutSettings | undefined => {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  // As people write what their browser shows.
  if (url.protocol === 'http:') url.protocol = 'ws:'
  if (url.protocol === 'https:') url.protocol = 'wss:'
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') return undefined
  if (url.pathname === '/') url.pathname = standardPath
  url.username = ''
  url.password = ''
  url.hash = ''
  const mayAct = isLoopback(url.hostname) || (url.protocol === 'wss:' && token !== undefined)
  return { url: url.href, token, certificateFile, mayAct }
}
