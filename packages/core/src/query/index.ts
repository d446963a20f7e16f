// A door of its own: the store's threads need this and nothing else of the core, which brings parsers along.

export * from './combine-series.ts'
export * from './decimal.ts'
export * from './fold-buckets.ts'
export * from './match-labels.ts'
export * from './merge-histograms.ts'
export * from './query-error.ts'
export * from './roll-up.ts'
