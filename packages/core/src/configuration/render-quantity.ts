/** A value with its unit as people read it: `0.93` of `1` is `93 %`, `0.0123` `s` is `12.3 ms`. */
export function renderQuantity(value: number, unit: string): string {
  if (!Number.isFinite(value)) return 'unknown'
  if (unit === '1') return `${significant(value * 100)} %`
  if (unit === 's')
    return Math.abs(value) < 1 ? `${significant(value * 1_000)} ms` : `${significant(value)} s`
  if (unit === 'By') return renderBytes(value)
  // UCUM annotations such as {request}/s are read without their braces.
  const word = unit.replaceAll(/[{}]/g, '')
  return word === '' ? significant(value) : `${significant(value)} ${word}`
}

function renderBytes(bytes: number): string {
  const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let amount = bytes
  let step = 0
  while (Math.abs(amount) >= 1024 && step < steps.length - 1) {
    amount /= 1024
    step += 1
  }
  return `${significant(amount)} ${steps[step]}`
}

/** Three significant digits without trailing zeros: enough to decide by, short enough to scan. */
function significant(value: number): string {
  if (Math.abs(value) >= 1_000) return String(Math.round(value))
  return String(Number(value.toPrecision(3)))
}
