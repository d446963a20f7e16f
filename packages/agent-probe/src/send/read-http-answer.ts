/** An HTTP/1.1 answer. Header names are lower case. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Whether the connection may be used again. */
  readonly reusable: boolean
}

const endOfHead = Buffer.from('\r\n\r\n')

const parseHead = (head: string): { status: number; headers: Record<string, string> } | undefined => {
  const [statusLine = '', ...lines] = head.split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]
  if (status === undefined) return undefined
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(status), headers }
}

/** The joined chunks, `undefined` while there are more to come, `'broken'` when it is not chunked at all. */
const readChunks = (bytes: Buffer): Buffer | undefined | 'broken' => {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = /^[\da-f]{1,7}/i.exec(bytes.toString('latin1', at, lineEnd))?.[0]
    if (size === undefined) return 'broken'
    const length = Number.parseInt(size, 16)
    // Trailers are not read: the connection is not used again when there are any.
    if (length === 0) return bytes.length >= lineEnd + 4 ? Buffer.concat(chunks) : undefined
    at = lineEnd + 2 + length + 2
    if (bytes.length < at) return undefined
    chunks.push(bytes.subarray(lineEnd + 2, at - 2))
  }
}

/**
 * Reads one answer from what has arrived so far: `undefined` while it is incomplete, `'broken'` when it is
 * no HTTP. `ended` says that the peer will send no more.
 */
export const readHttpAnswer = (bytes: Buffer, ended: boolean): HttpAnswer | undefined | 'broken' => {
  const headEnd = bytes.indexOf(endOfHead)
  if (headEnd < 0)
    return bytes.length >= 5 && !bytes.toString('latin1').startsWith('HTTP/') ? 'broken' : undefined
  const head = parseHead(bytes.toString('latin1', 0, headEnd))
  if (head === undefined) return 'broken'
  const rest = bytes.subarray(headEnd + endOfHead.length)
  const { status, headers } = head
  if (status < 200) return readHttpAnswer(rest, ended)

  const reusable = headers['connection']?.toLowerCase() !== 'close' && headers['trailer'] === undefined
  if (status === 204 || status === 304) return { ...head, body: Buffer.alloc(0), reusable }
  if (headers['transfer-encoding']?.toLowerCase().endsWith('chunked')) {
    const body = readChunks(rest)
    return body === undefined || body === 'broken' ? body : { ...head, body, reusable }
  }
  const length = headers['content-length']
  if (length === undefined) return ended ? { ...head, body: rest, reusable: false } : undefined
  if (!/^\d{1,10}$/.test(length)) return 'broken'
  return rest.length < Number(length)
    ? undefined
    : { ...head, body: rest.subarray(0, Number(length)), reusable }
}
