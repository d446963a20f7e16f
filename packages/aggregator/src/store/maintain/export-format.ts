/**
 * One JSON value per line, the file gzipped. The first line is the header. Then, in this order: rows of tables as SQLite
 * has them; samples, for each series in order of time; roll-ups of times whose samples are gone.
 */
export type ExportLine =
  | {
      readonly format: 'perfmon-export'
      readonly version: 1
      readonly schema: number
      readonly exportedMs: number
    }
  | { readonly table: string; readonly row: Readonly<Record<string, string | number | null>> }
  | {
      readonly samples: number
      readonly timesMs: readonly number[]
      readonly values: readonly ExportNumber[]
    }
  | {
      readonly rollUps: number
      readonly stepMs: number
      readonly timesMs: readonly number[]
      readonly columns: readonly (readonly ExportNumber[])[]
    }

/** What JSON has no numbers for is written as text. */
export type ExportNumber = number | 'NaN' | 'Infinity' | '-Infinity' | '-0'

export const exportNumbers = (values: Float64Array): ExportNumber[] =>
  Array.from(values, (value) =>
    Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : Object.is(value, -0)
        ? '-0'
        : (String(value) as ExportNumber),
  )

export const importNumbers = (values: readonly ExportNumber[]): Float64Array =>
  Float64Array.from(values, Number)

/** Tables that hold samples: those are exported as such, whatever they are stored in. `meta` is about the journal. */
export const sampleTables: readonly string[] = [
  'chunks',
  'tails',
  'late_samples',
  'blocks',
  'meta',
  'sqlite_stat1',
]
