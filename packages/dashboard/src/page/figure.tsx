import type { Quantity } from '../words/format-quantity.ts'

/** A number with its unit drawn quieter. */
export function Figure({ quantity }: { quantity: Quantity }) {
  return (
    <span class="figure">
      {quantity.text}
      {quantity.unit !== '' && <span class="unit">{`\u202f${quantity.unit}`}</span>}
    </span>
  )
}
