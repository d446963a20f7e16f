import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { decodeChunk } from '../chunk/sample-chunk.ts'
import { type ChunkRows, createChunkRows } from '../database/chunk-rows.ts'
import { migrate } from '../database/migrations.ts'
import { readTail, writeSeries } from './write-series.ts'

const bucketStartMs = 1_795_003_200_000

const openRows = (): ChunkRows => {
  const db = new DatabaseSync(':memory:')
  migrate(db)
  return createChunkRows({ db })
}

const samples = (first: number, count: number, stepMs = 1000) => ({
  timesMs: Float64Array.from({ length: count }, (_, index) => bucketStartMs + (first + index) * stepMs),
  values: Float64Array.from({ length: count }, (_, index) => first + index),
})

const write = (rows: ChunkRows, fresh: ReturnType<typeof samples>): void =>
  writeSeries(rows, 1, fresh, readTail(rows, 1))

const stored = (rows: ChunkRows): { chunks: number[]; values: number[] } => {
  const chunks = rows.buckets().flatMap((bucket) => rows.chunks(bucket, 1).reverse())
  const all = [...chunks, rows.tail(1)!].map((bytes) => decodeChunk(bytes).values)
  return { chunks: all.map((values) => values.length), values: all.flatMap((values) => [...values]) }
}
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('samples written into chunks', () => {
  it('fill a tail of 120 before the next begins, however they come', () => {
    const rows = openRows()
    write(rows, samples(0, 100))
    write(rows, samples(100, 20))
    expect(stored(rows)).toEqual({ chunks: [120], values: upTo(120) })
    write(rows, samples(120, 1))
    write(rows, samples(121, 300))
    expect(stored(rows)).toEqual({ chunks: [120, 120, 120, 61], values: upTo(421) })
  })

  it('end a chunk with its two hours', () => {
    const rows = openRows()
    write(rows, samples(0, 5, 3_600_000))
    expect(stored(rows)).toEqual({ chunks: [2, 2, 1], values: upTo(5) })
    expect(rows.buckets().length).toBe(2)
  })

  it('change nothing when they are written again', () => {
    const rows = openRows()
    write(rows, samples(0, 200))
    write(rows, samples(0, 200))
    write(rows, samples(150, 50))
    write(rows, samples(190, 20))
    expect(stored(rows)).toEqual({ chunks: [120, 90], values: upTo(210) })
  })
})
