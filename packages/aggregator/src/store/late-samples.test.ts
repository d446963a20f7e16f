import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SampleColumns, Series } from '@perfmon/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EmbeddedStore, openStore, type StoreOptions } from './open-store.ts'
import type { SampleBatch } from './store.ts'

const startMs = 1_795_000_000_000
const dayMs = 86_400_000

let root: string
let nowMs: number
let stores: EmbeddedStore[]

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'perfmon-late-'))
  nowMs = startMs
  stores = []
})

afterEach(async () => {
  for (const store of stores) await store.close()
  rmSync(root, { recursive: true, force: true })
})

const open = async (
  dir = join(root, 'data'),
  options: Partial<StoreOptions> = {},
): Promise<EmbeddedStore> => {
  const store = await openStore({
    dir,
    nowMs: () => nowMs,
    retention: { days: 30, bytes: 2 ** 30 },
    warn: () => {},
    ...options,
  })
  stores.push(store)
  return store
}

/** What a process that is killed now leaves behind. */
const killed = (): string => {
  const copy = mkdtempSync(join(root, 'killed-'))
  cpSync(join(root, 'data'), copy, { recursive: true })
  return copy
}

const seriesOf = (id: number): Series => ({
  id,
  agentId: 'a',
  metric: 'm',
  unit: '1',
  kind: 'gauge',
  part: 'value',
  attributes: {},
})

/** [seconds after the start, value] of series 0 */
type Samples = readonly (readonly [number, number])[]

const columnsOf = (samples: Samples): SampleColumns => ({
  seriesIds: new Uint32Array(samples.length),
  timesMs: Float64Array.from(samples, ([seconds]) => startMs + seconds * 1000),
  values: Float64Array.from(samples, ([, value]) => value),
})
const batchOf = ({ inOrder = [], late = [] }: { inOrder?: Samples; late?: Samples }): SampleBatch => ({
  newSeries: [seriesOf(0)],
  ...columnsOf(inOrder),
  ...(late.length > 0 && { late: columnsOf(late) }),
})

const read = async (store: EmbeddedStore, from = -1e9, to = 1e9, limit = 1e9): Promise<Samples> => {
  const { timesMs, values } = await store.readSamples(0, startMs + from * 1000, startMs + to * 1000, limit)
  return Array.from(timesMs, (timeMs, index) => [(timeMs - startMs) / 1000, values[index]!])
}

const evens: Samples = Array.from({ length: 500 }, (_, index) => [index * 2, index * 2])
const odds: Samples = evens.map(([seconds]) => [seconds + 1, seconds + 1])
const all = (count: number): Samples => Array.from({ length: count }, (_, index) => [index, index])

describe('late samples', () => {
  it('are read in their places, from wherever the others and they lie', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ inOrder: evens.slice(0, 200) }))
    await store.checkpoint()
    await store.appendSamples(batchOf({ inOrder: evens.slice(200, 400), late: odds.slice(0, 300) }))
    const isWhole = async () => {
      expect((await read(store)).slice(0, 600)).toEqual(all(600))
      expect(await read(store, 300, 310)).toEqual(all(310).slice(300))
      // Of too many the newest, some of them late.
      expect(await read(store, 0, 500, 5)).toEqual(all(500).slice(495))
      expect(await read(store, 0, 500, 0)).toEqual([])
    }
    await isWhole()
    const checkpoint = store.checkpoint()
    await isWhole()
    await checkpoint
    await isWhole()
    await store.appendSamples(batchOf({ inOrder: evens.slice(400), late: odds.slice(300) }))
    expect(await read(store)).toEqual(all(1000))
  })

  it('are there after a kill, and after a kill in a checkpoint', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ inOrder: evens.slice(0, 400), late: odds.slice(0, 399) }))
    const before = killed()
    const checkpoint = store.checkpoint()
    // Answered while the checkpoint runs: it writes slice by slice.
    await store.appendSamples(batchOf({ inOrder: evens.slice(400), late: odds.slice(399, 499) }))
    const during = killed()
    await checkpoint
    const after = killed()
    expect(await read(await open(before))).toEqual(all(799))
    for (const dir of [during, after]) {
      const again = await open(dir)
      expect(await read(again)).toEqual(all(999))
      await again.close()
      expect(await read(await open(dir))).toEqual(all(999))
    }
  })

  it('take the place of what has their time, also as the last sample, and the later one counts', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ inOrder: all(10) }))
    await store.appendSamples(
      batchOf({
        late: [
          [9, 90],
          [3, 30],
        ],
      }),
    )
    const first = killed()
    await store.checkpoint()
    await store.appendSamples(batchOf({ late: [[9, 91]] }))
    const second = killed()
    await store.close()
    const expected = (last: number): Samples => [...all(9).with(3, [3, 30]), [9, last]]
    for (const [dir, last] of [
      [first, 90],
      [second, 91],
      [join(root, 'data'), 91],
    ] as const) {
      const again = await open(dir)
      expect(await read(again)).toEqual(expected(last))
      expect(again.stored.lastValues).toEqual(Float64Array.of(last))
    }
  })

  it('keep NaN and the sign of zero', async () => {
    const store = await open()
    await store.appendSamples(batchOf({ inOrder: [[5, 1]] }))
    await store.appendSamples(
      batchOf({
        late: [
          [1, Number.NaN],
          [2, -0],
          [3, Number.NEGATIVE_INFINITY],
        ],
      }),
    )
    await store.checkpoint()
    expect(await read(store)).toEqual([
      [1, Number.NaN],
      [2, -0],
      [3, Number.NEGATIVE_INFINITY],
      [5, 1],
    ])
  })

  it('that are not late after all are samples like any other', async () => {
    const store = await open()
    await store.appendSamples(
      batchOf({
        inOrder: [[1, 1]],
        late: [
          [3, 3],
          [2, 2],
        ],
      }),
    )
    expect(await read(store)).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ])
    await store.appendSamples(batchOf({ inOrder: [[4, 4]] }))
    expect(await read(store)).toEqual(all(5).slice(1))
  })

  it('of a series that was never introduced refuse their batch, and those handed over behind it', async () => {
    const store = await open()
    const orphan = {
      ...batchOf({}),
      newSeries: [],
      late: { ...columnsOf([[1, 1]]), seriesIds: Uint32Array.of(7) },
    }
    const results = await Promise.allSettled([
      store.appendSamples(batchOf({ inOrder: [[1, 1]] })),
      store.appendSamples(orphan),
      store.appendSamples(batchOf({ inOrder: [[2, 2]] })),
      store.appendSamples(batchOf({ inOrder: [[3, 3]] })),
    ])
    expect(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'kept'))).toEqual([
      'kept',
      'failed',
      'overloaded',
      'overloaded',
    ])
    await store.appendSamples(batchOf({ inOrder: [[2, 2]] }))
    expect(await read(store)).toEqual(all(3).slice(1))
  })

  it('go with the others of their time when retention comes', async () => {
    const store = await open(undefined, { retention: { days: 2, bytes: 2 ** 30 } })
    await store.appendSamples(batchOf({ inOrder: [...evens, [4 * 86_400, -1]], late: odds }))
    await store.checkpoint()
    expect((await read(store)).length).toBe(1001)
    nowMs = startMs + 4 * dayMs
    await store.checkpoint()
    expect(await read(store)).toEqual([[4 * 86_400, -1]])
  })

  it('are under the bound of bytes too', async () => {
    const bytes = 640 * 1024
    const noise = (index: number) => Math.sin(index * 7919)
    const store = await open(undefined, { retention: { days: 3650, bytes }, checkpointBytes: 64 * 1024 })
    await store.appendSamples(batchOf({ inOrder: [[1e9, 1]] }))
    for (let round = 0; round < 40; round += 1) {
      const late = Array.from({ length: 2000 }, (_, index) => [round * 7200 + index, noise(index)] as const)
      await store.appendSamples(batchOf({ late }))
      await store.checkpoint()
      expect((await store.stats()).bytes).toBeLessThanOrEqual(bytes)
    }
    const kept = await read(store, 0, 1e9)
    expect(kept.length).toBeGreaterThan(2000)
    expect(kept.length).toBeLessThan(80_000)
    expect(kept.at(-1)).toEqual([39 * 7200 + 1999, noise(1999)])
  }, 30_000)
})

describe('samples are located', () => {
  const locate = async (store: EmbeddedStore, seconds: readonly number[]) => {
    const { isKnown, valuesBefore } = await store.locateSamples(
      new Uint32Array(seconds.length),
      Float64Array.from(seconds, (second) => startMs + second * 1000),
    )
    return Array.from(isKnown, (known, index) => (known === 1 ? 'known' : valuesBefore[index]!))
  }

  it('in memory, tail, chunks and among the late ones, with the value before those that are not there', async () => {
    const store = await open()
    expect(await locate(store, [1, 2])).toEqual([Number.NaN, Number.NaN])
    await store.appendSamples(batchOf({ inOrder: evens.slice(0, 300) }))
    await store.checkpoint()
    await store.appendSamples(batchOf({ inOrder: evens.slice(300), late: [[1, -1]] }))
    expect(await locate(store, [998, 0, 1, -1, 997, 598, 3, 3.0005])).toEqual([
      'known',
      'known',
      'known',
      Number.NaN,
      996,
      'known',
      2,
      2,
    ])
    expect(await locate(store, [998])).toEqual(['known'])
    expect(await locate(store, [999])).toEqual([998])
    expect(await locate(store, [1.5])).toEqual([-1])
  })
})
