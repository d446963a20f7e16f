/** Magnitudes of whole numbers stay below: differences of their differences are exact then. */
const largestInteger = 2 ** 50
const maxExponent = 12
export const powersOfTen: readonly number[] = Array.from(
  { length: maxExponent + 1 },
  (_, exponent) => 10 ** exponent,
)

/** Smallest e for which every value is exactly `round(value * 10^e) / 10^e`; undefined when there is none. */
export const decimalExponent = (values: Float64Array, count: number): number | undefined => {
  let exponent = 0
  for (let index = 0; index < count; index += 1) {
    while (!isDecimal(values[index]!, powersOfTen[exponent]!)) {
      exponent += 1
      if (exponent > maxExponent || !(Math.abs(values[index]!) <= largestInteger)) return undefined
    }
  }
  // A larger exponent keeps what a smaller one could write, up to the limit of magnitude: look again.
  for (let index = 0; index < count; index += 1) {
    if (!isDecimal(values[index]!, powersOfTen[exponent]!)) return undefined
  }
  return exponent
}

const isDecimal = (value: number, scale: number): boolean => {
  const integer = Math.round(value * scale)
  if (integer === 0) return Object.is(value, 0)
  return integer < largestInteger && integer > -largestInteger && integer / scale === value
}
