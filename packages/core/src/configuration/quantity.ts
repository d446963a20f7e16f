import { z } from 'zod'

const durationUnitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `500ms`, `10s`, `5m`, `1h`, `30d` as milliseconds; a bare number is refused: its unit would be a guess. */
export const durationSchema = z.union([z.string(), z.number()]).transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(text).trim())
  if (!match) {
    if (text === 0 || text === '0') return 0
    context.addIssue({ code: 'custom', message: `"${text}" is not a duration such as 500ms, 10s, 5m or 1h` })
    return z.NEVER
  }
  return Number(match[1]) * durationUnitsMs[match[2] as keyof typeof durationUnitsMs]
})

const byteUnits = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/**
 * A threshold in the unit of what it is compared with: ratios also as `70%`, seconds also as `500ms` or
 * `5s`, bytes also as `512MiB`. A bare number is in the base unit itself (`0.7`, `5`, `1048576`).
 */
export const quantitySchema = z.union([z.number(), z.string()]).transform((text, context) => {
  if (typeof text === 'number') return text
  const match = /^(-?\d+(?:\.\d+)?)\s*(%|ms|s|m|h|B|[KMG]B|[KMG]iB)?$/.exec(text.trim())
  if (!match) {
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a number such as 0.7, 70%, 500ms or 512MiB`,
    })
    return z.NEVER
  }
  const amount = Number(match[1])
  const unit = match[2]
  if (unit === undefined) return amount
  if (unit === '%') return amount / 100
  if (unit in byteUnits) return amount * byteUnits[unit as keyof typeof byteUnits]
  return (amount * durationUnitsMs[unit as keyof typeof durationUnitsMs]) / 1_000
})
