/** Longest part of a request that is looked through. */
const maxLength = 1024 * 1024

/** Index after the string whose opening quote is at `quote`; -1 where it does not end. */
const endOfString = (json: string, quote: number): number => {
  let end = quote
  for (;;) {
    end = json.indexOf('"', end + 1)
    if (end === -1) return -1
    let backslash = end - 1
    while (json[backslash] === '\\') backslash--
    if ((end - backslash) % 2 === 1) return end + 1
  }
}

const parseText = (quoted: string): string | undefined => {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}

/**
 * The text under a top-level key of a JSON object, without parsing the rest: prompts can be megabytes, their
 * strings are jumped over by `indexOf`. Absent when there is none within the first megabyte.
 */
export const readTopLevelText = (json: string, key: string): string | undefined => {
  const length = Math.min(json.length, maxLength)
  let depth = 0
  let isKey = false
  for (let at = 0; at < length; at++) {
    switch (json.charCodeAt(at)) {
      case 0x7b: // {
        isKey = ++depth === 1
        break
      case 0x5b: // [
        depth++
        break
      case 0x7d: // }
      case 0x5d: // ]
        depth--
        break
      case 0x2c: // ,
        isKey = depth === 1
        break
      case 0x22: {
        const end = endOfString(json, at)
        if (end === -1) return undefined
        if (isKey && end - at === key.length + 2 && json.startsWith(key, at + 1)) {
          const value = /\s*:\s*"/y
          value.lastIndex = end
          if (!value.test(json)) return undefined
          const closing = endOfString(json, value.lastIndex - 1)
          if (closing === -1 || closing - end > 1000) return undefined
          return parseText(json.slice(value.lastIndex - 1, closing))
        }
        isKey = false
        at = end - 1
      }
    }
  }
  return undefined
}
