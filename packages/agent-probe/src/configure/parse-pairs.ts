const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * `key=value,key2=value2` with percent-encoded values, as OpenTelemetry writes lists in variables.
 * `undefined` when any pair is malformed: the specification drops the whole list then.
 */
export const parsePairs = (text: string): Record<string, string> | undefined => {
  const pairs: Record<string, string> = {}
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const equals = part.indexOf('=')
    const key = part.slice(0, equals).trim()
    if (equals < 1 || key === '') return undefined
    try {
      pairs[key] = decodeURIComponent(part.slice(equals + 1).trim())
    } catch {
      return undefined
    }
  }
  return pairs
}

/** The same for HTTP headers: a name or value that Node would refuse to send makes the list malformed. */
export const parseHeaders = (text: string): Record<string, string> | undefined => {
  const pairs = parsePairs(text)
  if (pairs === undefined) return undefined
  const fine = Object.entries(pairs).every(([name, value]) => headerName.test(name) && isHeaderValue(value))
  return fine
    ? Object.fromEntries(Object.entries(pairs).map(([name, value]) => [name.toLowerCase(), value]))
    : undefined
}

/** Printable ASCII: no line break that would end the header and begin another. */
export const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e]*$/.test(value)
