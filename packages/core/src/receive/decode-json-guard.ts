import { MalformedBody } from './metric-sink.ts'

/** Below this a body cannot grow to more than a few ten megabytes, whatever is in it. */
const harmlessLength = 1024 * 1024
/** Even the barest OTLP has an object or array per 17 characters: `{"key":"a","value":{"intValue":1}}`. */
const charactersPerContainer = 12
const deepest = 256

/**
 * Refuses long bodies that JSON.parse would turn into far more memory than they are: measured on V8 14, 64
 * MiB of `[` or of `{},` take 2.7 GB and six seconds. Costs a fifth of what parsing costs, therefore only
 * for long ones.
 */
export function refuseInflatingJson(text: string): void {
  if (text.length <= harmlessLength) return
  let containers = 0
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x7b || code === 0x5b) {
      containers++
      if (++depth > deepest) throw new MalformedBody(`The JSON is nested more than ${deepest} deep.`, index)
    } else if (code === 0x7d || code === 0x5d) depth--
  }
  if (containers * charactersPerContainer > text.length) {
    throw new MalformedBody('The JSON has more objects and arrays than any OTLP request of its length.')
  }
}
