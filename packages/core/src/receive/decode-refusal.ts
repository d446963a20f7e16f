/** The sentences in which both decoders tell {@link MetricSink.refused} why; the sender reads them. */
export const refusal = {
  noValue: 'A data point has no value.',
  unknownKind: 'The metric is of a kind that is not known here.',
  bucketsAndBounds: 'A histogram needs one bucket count more than it has bounds, or neither.',
  boundsAscend: 'The bounds of a histogram must ascend strictly.',
} as const

/**
 * Why a histogram point cannot be used, or undefined. The data model asks for one bucket more than bounds,
 * or neither, and for bounds that strictly ascend (metrics.proto, HistogramDataPoint.explicit_bounds).
 * That `count` equals the sum of the buckets is not checked: exporters that read while others write are
 * off by one now and then, and both numbers are still the best there is.
 */
export function histogramFault(
  bounds: readonly number[],
  bucketCounts: readonly number[],
): string | undefined {
  const none = bounds.length === 0 && bucketCounts.length === 0
  if (!none && bucketCounts.length !== bounds.length + 1) return refusal.bucketsAndBounds
  for (let index = 0; index < bounds.length; index++) {
    // NaN as the one before makes the comparison false, as the first one it needs its own question.
    const ascends = index === 0 ? !Number.isNaN(bounds[0]) : bounds[index]! > bounds[index - 1]!
    if (!ascends) return refusal.boundsAscend
  }
  return undefined
}
