import type { MetricAttributes } from '../record/duration-histogram.ts'

/** Largest number of attributes of one series, and longest text. */
const maxAttributes = 16
const maxLength = 200

const unprintable = /[\p{Cc}\p{Cf}\p{Cs}]/gu

const cleanText = (text: string) => text.slice(0, maxLength).replace(unprintable, '')

/** The attributes in the order of their names, without what cannot be one, and how many those were. */
export const cleanAttributes = (given: object): { attributes: MetricAttributes; dropped: number } => {
  const attributes: MetricAttributes = {}
  const entries = Object.entries(given).sort(([one], [other]) => (one < other ? -1 : 1))
  let kept = 0
  for (const [key, value] of entries) {
    const name = cleanText(key)
    const isKept = name !== '' && kept < maxAttributes
    if (isKept && typeof value === 'string') attributes[name] = cleanText(value)
    else if (isKept && typeof value === 'number' && Number.isFinite(value)) attributes[name] = value
    else if (isKept && typeof value === 'boolean') attributes[name] = value
    else continue
    kept++
  }
  return { attributes, dropped: entries.length - kept }
}
