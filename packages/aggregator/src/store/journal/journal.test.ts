import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openJournal } from './journal.ts'
import { readSegment } from './read-segment.ts'
import { packBatch } from './record.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'perfmon-journal-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const batchOf = (value: number, count: number) =>
  packBatch({
    newSeries: [],
    seriesIds: new Uint32Array(count).fill(3),
    timesMs: new Float64Array(count).map((_, index) => index),
    values: new Float64Array(count).fill(value),
  })

const valuesIn = (number: number): { values: number[]; kind: string } => {
  const values: number[] = []
  const { kind } = readSegment(dir, number, (batch) => void values.push(batch.values[0] ?? -1))
  return { values, kind }
}

it('gives back what was appended, in order, odd lengths and empty batches included', () => {
  const journal = openJournal({ dir, number: 1 })
  journal.append([batchOf(1, 1), batchOf(2, 3), batchOf(0, 0)])
  journal.append([batchOf(3, 1000)])
  journal.close()
  expect(valuesIn(1)).toEqual({ values: [1, 2, -1, 3], kind: 'whole' })
})

it('takes more batches in one write than the system does', () => {
  const journal = openJournal({ dir, number: 1 })
  journal.append(Array.from({ length: 2500 }, (_, index) => batchOf(index, 1)))
  journal.close()
  expect(valuesIn(1).values).toEqual(Array.from({ length: 2500 }, (_, index) => index))
})

it('keeps older segments until they are removed, and counts their bytes', () => {
  const journal = openJournal({ dir, number: 7 })
  journal.append([batchOf(1, 10)])
  expect(journal.rotate()).toBe(8)
  journal.append([batchOf(2, 10)])
  const both = journal.bytes
  expect(valuesIn(7).values).toEqual([1])
  expect(valuesIn(8).values).toEqual([2])
  journal.removeBefore(8)
  expect(journal.bytes).toBe(both / 2)
  expect(readdirSync(dir)).toEqual(['journal-0000000008.log'])
  journal.close()
})
