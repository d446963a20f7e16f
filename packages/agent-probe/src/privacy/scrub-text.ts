/** Longest attribute value that leaves: a DNS name has at most 253 characters. UTF-16 units. */
const maxLength = 255

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu

/** Most values are such words (`GET`, `api.openai.com`, `gpt-5.2-mini`), and no secret is this short. */
const harmless = /^[\w.:/-]{0,19}$/

const hidden = '***'

/**
 * What is taken out, most certain first: credentials and queries of URLs, words that announce a secret, tokens by the
 * prefixes that their issuers gave them so that scanners find them, JSON web tokens, private keys, e-mail addresses.
 */
const secrets: readonly [pattern: RegExp, replacement: string][] = [
  [/(\/\/)[^/?#\s@]*@/g, `$1${hidden}@`],
  [/([a-z][a-z\d+.-]*:\/\/[^\s?#]*)[?#]\S*/gi, '$1'],
  [/-----BEGIN [A-Z ]+-----[\s\S]*/g, hidden],
  [/\b(bearer|basic|token|digest)\s+[\w.~+/=-]{6,}/gi, `$1 ${hidden}`],
  [
    /\b([\w-]*(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credential|authorization)[\w-]*)(["']?\s*[=:]\s*["']?)[^\s"'&,;]+/gi,
    `$1$2${hidden}`,
  ],
  [/\bey[JI][\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, hidden],
  [
    /\b(?:sk|pk|rk)[-_][\w-]{12,}|\bgh[pousr]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{8,}|\bA(?:KIA|SIA)[A-Z\d]{12,}|\bAIza[\w-]{20,}|\b(?:hf|npm|pypi|dop_v1|shpat|lin_api|r8)_\w{16,}/g,
    hidden,
  ],
  [/[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b/gi, hidden],
]

/** A long word of mixed letters and digits that nobody would have chosen as a name. */
const randomWord = /[A-Za-z\d+=_]{32,}/g
const looksRandom = (word: string) =>
  (word.match(/\d/g)?.length ?? 0) >= 3 && /[a-z]/.test(word) && /[A-Z]/.test(word)

/** Text that may leave the process: printable, bounded, without what looks like a secret. */
export const scrubText = (text: string): string => {
  if (harmless.test(text)) return text
  let clean = text.length > 4 * maxLength ? text.slice(0, 4 * maxLength) : text
  clean = clean.replace(unprintable, '')
  for (const [pattern, replacement] of secrets) clean = clean.replace(pattern, replacement)
  clean = clean.replace(randomWord, (word) => (looksRandom(word) ? hidden : word))
  return clean.length > maxLength ? clean.slice(0, maxLength) : clean
}
