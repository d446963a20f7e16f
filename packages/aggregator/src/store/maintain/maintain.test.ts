import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedStore, openStore } from '../open-store.ts'
import { backupStore } from './backup-store.ts'
import { checkStore } from './check-store.ts'
import { exportStore } from './export-store.ts'
import { importStore } from './import-store.ts'
import { repairStore } from './repair-store.ts'

const startMs = 1_795_003_200_000
const hourMs = 3_600_000
const root = mkdtempSync(join(tmpdir(), 'perfmon-maintain-'))
const dir = join(root, 'data')
const ids = [0, 1, 2, 3]
const opened: EmbeddedStore[] = []

const open = async (at: string): Promise<EmbeddedStore> => {
  const store = await openStore({
    dir: at,
    nowMs: () => startMs + 8 * hourMs,
    retention: { days: 30, bytes: 2 ** 30 },
    warn: () => {},
  })
  opened.push(store)
  return store
}

const span = (from: number, to: number) => {
  const rows = Array.from({ length: to - from }, (_, index) => from + index).flatMap((step) =>
    ids.map((id) => [id, step] as const),
  )
  return {
    seriesIds: Uint32Array.from(rows, ([id]) => id),
    timesMs: Float64Array.from(rows, ([, step]) => startMs + step * 30_000),
    values: Float64Array.from(
      rows,
      ([id, step]) => [Math.sin(step), step * 3, step % 50 === 0 ? Number.NaN : -0, step / 8][id]!,
    ),
  }
}

const everything = async (store: EmbeddedStore) => ({
  samples: await Promise.all(ids.map((id) => store.readSamples(id, 0, 2 * startMs, 1e9))),
  stored: { ...store.stored },
  alerts: await store.listAlerts(['active', 'resolved'], 100),
  events: await store.readEvents(0, 100),
  cursor: await store.readCursor('notifier'),
  deliveries: await store.waitingDeliveries('webhook', 10),
  hours: await store.queries.aggregate({
    matchers: [{ label: 'metric', is: '=', value: 'm' }],
    fromMs: startMs,
    toMs: startMs + 6 * hourMs,
    stepMs: hourMs,
    aggregate: 'count',
  }),
})

let store: EmbeddedStore

beforeAll(async () => {
  store = await open(dir)
  const newSeries = ids.map(
    (id) =>
      ({
        id,
        agentId: 'a',
        metric: 'm',
        unit: '1',
        kind: id === 1 ? 'counter' : 'gauge',
        part: 'value',
        attributes: { zone: 'x' },
      }) as const,
  )
  await store.appendSamples({ newSeries, ...span(0, 600) })
  await store.checkpoint()
  const late = {
    seriesIds: Uint32Array.of(0),
    timesMs: Float64Array.of(startMs + 5),
    values: Float64Array.of(7),
  }
  await store.appendSamples({ newSeries: [], ...span(600, 650), late })
  await store.saveAgents(
    [{ id: 'a', name: 'worker', swarm: 's', lastSeenMs: startMs + 6 * hourMs } as never],
    [],
  )
  await store.appendEvents([{ type: 'aggregator-started', version: '1', timeMs: startMs }])
  await store.recordAlerts([{ id: 'alert-1', state: 'active', updatedAtMs: startMs } as never], [])
  await store.enqueueDeliveries('notifier', 1, [
    {
      key: 'k',
      channel: 'webhook',
      eventSeq: 1,
      state: 'waiting',
      attempts: 0,
      nextAttemptMs: 0,
      lastError: null,
    },
  ])
}, 30_000)

afterAll(async () => {
  for (const one of opened) await one.close()
  rmSync(root, { recursive: true, force: true })
})

describe('a store at work', () => {
  it('is backed up as it is', async () => {
    const copy = join(root, 'copy')
    backupStore(dir, copy)
    const again = await open(copy)
    const [ours, theirs] = [await everything(store), await everything(again)]
    expect({ ...theirs, stored: null }).toEqual({ ...ours, stored: null })
    expect(() => backupStore(dir, copy)).toThrow(expect.objectContaining({ code: 'unwritable' }))
  }, 30_000)

  it('is exported and imported without a difference', async () => {
    const file = join(root, 'export.ndjson.gz')
    const copy = join(root, 'imported')
    await exportStore({ dir, file, nowMs: startMs + 8 * hourMs, warn: () => {} })
    await importStore(file, copy)
    const again = await open(copy)
    await again.checkpoint()
    const [ours, theirs] = [await everything(store), await everything(again)]
    expect({ ...theirs, stored: null }).toEqual({ ...ours, stored: null })
    expect(theirs.stored.agents).toEqual([
      { id: 'a', name: 'worker', swarm: 's', lastSeenMs: startMs + 6 * hourMs },
    ])
    expect(theirs.stored.series.length).toBe(4)
    expect(theirs.stored.lastEventSeq).toBe(1)
    await expect(importStore(file, copy)).rejects.toMatchObject({ code: 'unwritable' })
  }, 30_000)

  it('is checked', () => {
    const { damages, samples, blocks } = checkStore(dir)
    expect(damages).toEqual([])
    expect(blocks).toBeGreaterThan(0)
    expect(samples).toBeGreaterThanOrEqual(4 * 600)
  })
})

it.each([
  ['{"format":"other"}', 'line 1: it is not an export'],
  [
    '{"format":"perfmon-export","version":1}\n{"table":"blocks","row":{}}',
    'line 2: table "blocks" is not known',
  ],
  [
    '{"format":"perfmon-export","version":1}\n{"table":"events","row":{"seq\\" --":1}}',
    'line 2: table "events"',
  ],
  ['{"format":"perfmon-export","version":1}\n{', 'line 2: '],
])('a file that is no export is refused with its line: %s', async (text, message) => {
  const file = join(root, 'wrong.gz')
  writeFileSync(file, gzipSync(text))
  await expect(importStore(file, mkdtempSync(join(root, 'wrong-')))).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringContaining(message),
  })
})

it('what is damaged is found, taken out and kept aside', async () => {
  const copy = join(root, 'damaged')
  backupStore(dir, copy)
  await (await open(copy)).close()
  const db = new DatabaseSync(join(copy, 'perfmon.db'))
  db.exec(
    `UPDATE blocks SET data = CAST(substr(data, 1, 60) || x'A5C3' || substr(data, 63) AS BLOB) WHERE tier = 0 AND bucket = (SELECT min(bucket) FROM blocks WHERE tier = 0)`,
  )
  db.close()
  expect(checkStore(copy).damages.map(({ table }) => table)).toEqual(['blocks'])
  const { found, left } = repairStore(copy)
  expect([found.damages.length, left.damages.length]).toEqual([1, 0])
  const again = await open(copy)
  expect((await again.readSamples(1, startMs + 2 * hourMs, 2 * startMs, 1e9)).timesMs.length).toBe(650 - 240)
  expect(() => repairStore(copy)).toThrow(expect.objectContaining({ code: 'locked' }))
}, 30_000)
