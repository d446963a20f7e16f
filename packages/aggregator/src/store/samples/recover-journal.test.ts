import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Series } from '@perfmon/protocol'
import { afterAll, describe, expect, it } from 'vitest'
import { openJournal } from '../journal/journal.ts'
import { packBatch } from '../journal/record.ts'
import { openStore } from '../open-store.ts'
import type { SampleBatch } from '../store.ts'

const startMs = 1_795_000_000_000
const root = mkdtempSync(join(tmpdir(), 'perfmon-recover-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const series: Series = {
  id: 0,
  agentId: 'a',
  metric: 'm',
  unit: '1',
  kind: 'gauge',
  part: 'value',
  attributes: {},
}

/** Ten samples of series 0; sample i is i. */
const batchFrom = (first: number): SampleBatch => ({
  newSeries: [],
  seriesIds: new Uint32Array(10),
  timesMs: Float64Array.from({ length: 10 }, (_, index) => startMs + first + index),
  values: Float64Array.from({ length: 10 }, (_, index) => first + index),
})

const open = async (dir: string) => {
  const warnings: { message: string; details: Record<string, unknown> }[] = []
  const store = await openStore({
    dir,
    nowMs: () => startMs,
    retention: { days: 30, bytes: 2 ** 30 },
    warn: (message, details) => void warnings.push({ message, details }),
  })
  return { store, warnings }
}

/** What a killed process leaves: ten batches of ten samples in the journal, none in chunks. */
const leftBehind = async (): Promise<{ dir: string; segment: string; recordBytes: number }> => {
  const dir = mkdtempSync(join(root, 'live-'))
  const { store } = await open(dir)
  for (let batch = 0; batch < 10; batch += 1) {
    await store.appendSamples({ ...batchFrom(batch * 10), newSeries: batch === 0 ? [series] : [] })
  }
  const copy = mkdtempSync(join(root, 'copy-'))
  cpSync(dir, copy, { recursive: true })
  await store.close()
  const segment = join(copy, readdirSync(copy).find((name) => name.startsWith('journal-'))!)
  return { dir: copy, segment, recordBytes: 16 + 8 + 160 + 40 }
}

const samplesIn = async (dir: string) => {
  const { store, warnings } = await open(dir)
  const { values } = await store.readSamples(0, 0, startMs * 2, 1e9)
  expect(values.every((value, index) => value === index)).toBe(true)
  const known = store.stored.series.length
  await store.close()
  return { count: values.length, series: known, warnings }
}

describe('a journal left behind', { timeout: 30_000 }, () => {
  it('is replayed with the series it introduced, once', async () => {
    const { dir, segment } = await leftBehind()
    const bytes = readFileSync(segment)
    expect(await samplesIn(dir)).toEqual({ count: 100, series: 1, warnings: [] })
    // As after a crash between writing the chunks and removing the segment, or a restored old segment.
    writeFileSync(segment, bytes)
    expect(await samplesIn(dir)).toEqual({ count: 100, series: 1, warnings: [] })
  })

  it('with a torn end is cut there, and says so', async () => {
    const { dir, segment, recordBytes } = await leftBehind()
    const size = readFileSync(segment).length
    for (const missing of [1, recordBytes - 20, recordBytes - 1]) {
      const copy = mkdtempSync(join(root, 'torn-'))
      cpSync(dir, copy, { recursive: true })
      truncateSync(segment.replace(dir, copy), size - missing)
      const { count, warnings } = await samplesIn(copy)
      expect(count).toBe(90)
      expect(warnings.map(({ message }) => message)).toEqual([
        expect.stringMatching(/ends in an unfinished record/),
      ])
    }
  })

  it('damaged in the middle keeps what is before, sets the rest aside and names the place', async () => {
    const { dir, segment, recordBytes } = await leftBehind()
    const bytes = readFileSync(segment)
    const place = bytes.length - 4 * recordBytes
    bytes[place + 100]! ^= 1
    writeFileSync(segment, bytes)
    const { count, warnings } = await samplesIn(dir)
    expect(count).toBe(60)
    expect(warnings).toEqual([
      {
        message: expect.stringMatching(/damaged at byte .*\.damaged/),
        details: { path: segment, offset: place, bytes: 4 * recordBytes },
      },
    ])
    expect(readFileSync(`${segment}.damaged`)).toEqual(bytes)
    expect(await samplesIn(dir)).toEqual({ count: 60, series: 1, warnings: [] })
  })

  it('replayed again after a crash between the chunks and the end of a checkpoint doubles nothing', async () => {
    const { dir } = await leftBehind()
    expect((await samplesIn(dir)).count).toBe(100)
    const journal = openJournal({ dir, number: 50 })
    journal.append([packBatch(batchFrom(40)), packBatch(batchFrom(90))])
    journal.append([packBatch(batchFrom(100))])
    journal.close()
    expect(await samplesIn(dir)).toEqual({ count: 110, series: 1, warnings: [] })
  })

  it('that lost the names of its series leaves their samples out, and says how many', async () => {
    const dir = mkdtempSync(join(root, 'orphans-'))
    const journal = openJournal({ dir, number: 1 })
    journal.append([packBatch({ ...batchFrom(0), newSeries: [series] })])
    journal.rotate()
    journal.append([packBatch(batchFrom(10)), packBatch(batchFrom(20))])
    journal.close()
    const first = join(dir, 'journal-0000000001.log')
    const bytes = readFileSync(first)
    bytes[0]! ^= 1
    writeFileSync(first, bytes)
    const { count, warnings } = await samplesIn(dir)
    expect(count).toBe(0)
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/damaged at byte 0/),
      expect.stringMatching(/^20 samples .* were left out/),
    ])
  })

  it('of zeros or of nothing harms nobody', async () => {
    for (const content of [new Uint8Array(0), new Uint8Array(5), new Uint8Array(4096)]) {
      const { dir, segment } = await leftBehind()
      writeFileSync(segment, content)
      expect((await samplesIn(dir)).count).toBe(0)
    }
  })

  it('whichever byte is wrong, a prefix of the batches is kept', async () => {
    const { dir, segment } = await leftBehind()
    const size = readFileSync(segment).length
    for (let round = 0; round < 5; round += 1) {
      const copy = mkdtempSync(join(root, 'any-'))
      cpSync(dir, copy, { recursive: true })
      const file = segment.replace(dir, copy)
      const bytes = readFileSync(file)
      bytes[Math.floor((size * (round + 0.37)) / 5)]! ^= 0x40
      writeFileSync(file, bytes)
      const { count, warnings } = await samplesIn(copy)
      expect(count % 10).toBe(0)
      expect(count).toBeLessThan(100)
      expect(warnings.length).toBe(1)
    }
  })
})
