import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { type EmbeddedStore, openStore } from '../open-store.ts'

const startMs = 1_795_003_200_000
const hourMs = 3_600_000
const opened: EmbeddedStore[] = []
const dirs: string[] = []

const open = async (
  dir = newDir(),
  warnings: string[] = [],
): Promise<{ store: EmbeddedStore; dir: string }> => {
  const store = await openStore({
    dir,
    nowMs: () => startMs + 10 * hourMs,
    retention: { days: 30, bytes: 2 ** 30 },
    warn: (message) => void warnings.push(message),
  })
  opened.push(store)
  return { store, dir }
}

const newDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'perfmon-compaction-'))
  dirs.push(dir)
  return dir
}

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})

const seriesOf = (id: number) =>
  ({
    id,
    agentId: `agent-${Math.floor(id / 10)}`,
    metric: `metric-${id % 10}`,
    unit: '1',
    kind: id % 2 === 0 ? 'gauge' : 'counter',
    part: 'value',
    attributes: {},
  }) as const

const valueAt = (id: number, second: number): number =>
  id % 2 === 0 ? Math.sin(second + id) : second * (id + 1)

/** Every ten seconds a sample of each series. */
const span = (ids: readonly number[], fromSecond: number, toSecond: number) => {
  const rows: [number, number, number][] = []
  for (let second = fromSecond; second < toSecond; second += 10)
    for (const id of ids) rows.push([id, startMs + second * 1000, valueAt(id, second)])
  return {
    seriesIds: Uint32Array.from(rows, ([id]) => id),
    timesMs: Float64Array.from(rows, ([, timeMs]) => timeMs),
    values: Float64Array.from(rows, ([, , value]) => value),
  }
}

const ids = Array.from({ length: 30 }, (_, id) => id)

describe('spans that are over', () => {
  it('move to blocks, and read as before, also after late samples, more samples and a restart', async () => {
    const { store, dir } = await open()
    await store.appendSamples({ newSeries: ids.map(seriesOf), ...span(ids, 0, 5 * 3600) })
    const before = await Promise.all(ids.map((id) => store.readSamples(id, 0, 2 * startMs, 1e9)))
    await store.checkpoint()
    expect((await store.stats()).blocks).toBeGreaterThan(0)
    expect(await Promise.all(ids.map((id) => store.readSamples(id, 0, 2 * startMs, 1e9)))).toEqual(before)

    const late = {
      seriesIds: Uint32Array.of(4, 4),
      timesMs: Float64Array.of(startMs + 20_000, startMs + 25_000),
      values: Float64Array.of(-1, -2),
    }
    await store.appendSamples({ newSeries: [], ...span(ids, 5 * 3600, 9 * 3600), late })
    await store.checkpoint()
    const after = await store.readSamples(4, startMs, startMs + 40_000, 1e9)
    expect([...after.values]).toEqual([valueAt(4, 0), valueAt(4, 10), -1, -2, valueAt(4, 30)])
    await store.close()

    const { store: again } = await open(dir)
    expect(again.stored.lastValues[4]).toBe(valueAt(4, 9 * 3600 - 10))
    for (const id of ids) {
      const { timesMs, values } = await again.readSamples(id, 0, 2 * startMs, 1e9)
      expect(timesMs.length).toBe(9 * 360 + (id === 4 ? 1 : 0))
      expect(values.at(-1)).toBe(valueAt(id, 9 * 3600 - 10))
    }
    const newest = await again.readSamples(7, 0, 2 * startMs, 3)
    expect([...newest.values]).toEqual([30, 20, 10].map((back) => valueAt(7, 9 * 3600 - back)))
    await expect(again.appendSamples({ newSeries: [], ...span([3], 100, 110) })).resolves.toBeUndefined()
    expect((await again.stats()).outOfOrder).toBe(1)
  }, 30_000)

  it('keep what is damaged where it is, and say so', async () => {
    const { store, dir } = await open()
    await store.appendSamples({ newSeries: ids.map(seriesOf), ...span(ids, 0, 1.5 * 3600) })
    await store.close()
    const db = new DatabaseSync(join(dir, 'perfmon.db'))
    db.prepare('UPDATE chunks SET samples = ? WHERE series_id = 5').run(new Uint8Array([1, 200]))
    db.close()
    const warnings: string[] = []
    const { store: again } = await open(dir, warnings)
    await again.appendSamples({ newSeries: [], ...span(ids, 1.5 * 3600, 5 * 3600) })
    await again.checkpoint()
    await again.checkpoint()
    expect(warnings.filter((warning) => /perfmon store check/.test(warning)).length).toBe(1)
    expect((await again.readSamples(6, 0, 2 * startMs, 1e9)).timesMs.length).toBe(5 * 360)
    await expect(again.readSamples(5, startMs, startMs + 1000, 1e9)).rejects.toMatchObject({
      code: 'damaged',
    })
  }, 30_000)
})

describe('a directory written by schema 2, copied while it was in use', () => {
  const fixture = join(import.meta.dirname, '..', 'fixtures', 'schema-2')

  it('opens with all its samples, late ones, alerts, events and deliveries', async () => {
    const dir = newDir()
    for (const name of readdirSync(fixture))
      writeFileSync(join(dir, name.replace('.gz', '')), gunzipSync(readFileSync(join(fixture, name))))
    const { store } = await open(dir)
    await store.checkpoint()
    expect((await store.stats()).blocks).toBeGreaterThan(0)
    for (let id = 0; id < 4; id += 1) {
      const { timesMs, values } = await store.readSamples(id, 0, 2 * startMs, 1e9)
      const expected = new Map(
        Array.from({ length: 480 }, (_, step) => [
          startMs + step * 60_000 + id,
          id < 2 ? Math.sin(step) * 100 : step * 3 + id,
        ]),
      )
      if (id === 0) expected.set(startMs + 500, -1).set(startMs + 60_000, -2)
      expect(new Map([...timesMs].map((timeMs, index) => [timeMs, values[index]]))).toEqual(expected)
    }
    expect(store.stored.agents.map(({ id }) => id)).toEqual(['agent-0', 'agent-1'])
    expect(store.stored.openAlerts.map(({ id }) => id)).toEqual(['alert-1'])
    expect((await store.readEvents(0, 10)).map(({ type }) => type)).toEqual(['agent-joined'])
    expect(await store.readCursor('notifier')).toBe(1)
    expect((await store.waitingDeliveries('webhook', 10)).map(({ key }) => key)).toEqual(['k1'])
  })

  it('is refused, and left alone, when a newer Perfmon wrote it', async () => {
    const dir = newDir()
    const { store } = await open(dir)
    await store.close()
    const file = join(dir, 'perfmon.db')
    const db = new DatabaseSync(file)
    db.exec('PRAGMA user_version = 99')
    db.close()
    copyFileSync(file, join(dir, 'before'))
    await expect(open(dir)).rejects.toMatchObject({
      code: 'newer-schema',
      message: expect.stringContaining('newer Perfmon (schema 99'),
    })
    expect(readFileSync(file).equals(readFileSync(join(dir, 'before')))).toBe(true)
  })
})
