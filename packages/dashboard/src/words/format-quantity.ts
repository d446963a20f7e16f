/** A number and its unit apart, so that the unit can be drawn quieter. `unit` may be empty. */
export interface Quantity {
  text: string
  unit: string
}

/** Shown for what is not known. Never 0. */
const unknownQuantity: Quantity = { text: '–', unit: '' }

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** Three significant figures at most, no trailing zeros, grouped from 1,000: `0.034`, `3.4`, `34`, `1,234`. */
function formatFigure(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.5) return grouped.format(value)
  if (size >= 9.95) return trimZeros(value.toFixed(1))
  if (size >= 0.995) return trimZeros(value.toFixed(2))
  return trimZeros(value.toPrecision(2))
}

function trimZeros(text: string): string {
  if (text.includes('e')) return String(Number(text))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** 0.934 → `93 %`, 0.034 → `3.4 %`, 0.0002 → `<0.1 %`. */
export function formatShare(share: number | null): Quantity {
  if (share === null) return unknownQuantity
  const percent = share * 100
  if (percent !== 0 && Math.abs(percent) < 0.05) return { text: '<0.1', unit: '%' }
  return {
    text: Math.abs(percent) < 9.95 ? trimZeros(percent.toFixed(1)) : grouped.format(percent),
    unit: '%',
  }
}

/** Seconds as µs, ms, s or min, three figures at most. */
export function formatSeconds(seconds: number | null): Quantity {
  if (seconds === null) return unknownQuantity
  const size = Math.abs(seconds)
  if (size === 0) return { text: '0', unit: 'ms' }
  if (size < 0.000_999_5) return { text: formatFigure(seconds * 1e6), unit: 'µs' }
  if (size < 0.999_5)
    return { text: formatFigure(roundTo(seconds * 1000, size < 0.00995 ? 1 : 0)), unit: 'ms' }
  if (size < 120) return { text: formatFigure(seconds), unit: 's' }
  return { text: formatFigure(seconds / 60), unit: 'min' }
}

function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

const thousands = ['', 'k', 'M', 'G', 'T'] as const

/** Grouped below 100,000, then `123 k`, `1.2 M`. The letter stays with the number: it is not a unit. */
export function formatCount(value: number | null): Quantity {
  if (value === null) return unknownQuantity
  if (Math.abs(value) < 100_000)
    return { text: Number.isInteger(value) ? grouped.format(value) : formatFigure(value), unit: '' }
  return withPrefix(value, 1000, thousands)
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'] as const

export function formatBytes(bytes: number | null): Quantity {
  if (bytes === null) return unknownQuantity
  return withPrefix(bytes, 1000, byteUnits)
}

function withPrefix(value: number, base: number, units: readonly string[]): Quantity {
  let scaled = value
  let step = 0
  while (Math.abs(scaled) >= base * 0.9995 && step < units.length - 1) {
    scaled /= base
    step++
  }
  return { text: formatFigure(scaled), unit: units[step] ?? '' }
}

/** Requests per second: `0.4`, `12.3`, `1,234`, `123 k`. The column's heading carries the unit. */
export function formatRate(rate: number | null): Quantity {
  if (rate === null) return unknownQuantity
  return Math.abs(rate) >= 100_000 ? formatCount(rate) : { text: formatFigure(rate), unit: '' }
}

/**
 * A value in a UCUM unit as OpenTelemetry writes it. `1` is a share here: every vital sign and every
 * `*.utilization` and `*.ratio` metric that has it is one. `{thing}` annotations are shown as words.
 */
export function formatInUnit(value: number | null, unit: string): Quantity {
  if (value === null) return unknownQuantity
  if (unit === '1') return formatShare(value)
  if (unit === '%') return formatShare(value / 100)
  if (unit === 's') return formatSeconds(value)
  if (unit === 'ms') return formatSeconds(value / 1000)
  if (unit === 'By') return formatBytes(value)
  if (unit === 'By/s') {
    const bytes = formatBytes(value)
    return { text: bytes.text, unit: `${bytes.unit}/s` }
  }
  const count = formatCount(value)
  const words = unit.replace(/[{}]/g, '')
  return { text: count.text, unit: [count.unit, words].filter((part) => part !== '').join(' ') }
}

/** As one string, for labels and titles: `93 %`. */
export function quantityText(quantity: Quantity): string {
  return quantity.unit === '' ? quantity.text : `${quantity.text} ${quantity.unit}`
}
