import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type EmbeddedStore, openStore } from './open-store.ts'

const startMs = 1_795_000_000_000
const mount = mkdtempSync(join(tmpdir(), 'perfmon-full-'))

/** A file system of three megabytes; only root can have one. */
const mounted = (() => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

const opened: EmbeddedStore[] = []

afterAll(async () => {
  for (const store of opened) await store.close()
  if (mounted) execFileSync('umount', [mount])
  rmSync(mount, { recursive: true, force: true })
})

describe.skipIf(!mounted)('a disk that fills up', { timeout: 30_000 }, () => {
  it('refuses batches whole, and takes them again once there is room', async () => {
    const ballast = join(mount, 'ballast')
    writeFileSync(ballast, new Uint8Array(2 ** 20))
    const warnings: string[] = []
    const options = {
      dir: join(mount, 'data'),
      nowMs: () => startMs,
      retention: { days: 30, bytes: 2 ** 30 },
      warn: (message: string) => void warnings.push(message),
    }
    const store = await openStore(options)
    opened.push(store)
    const batchOf = (step: number, size: number) => ({
      newSeries: [
        {
          id: 0,
          agentId: 'a',
          metric: 'm',
          unit: '1',
          kind: 'gauge',
          part: 'value',
          attributes: {},
        } as const,
      ],
      seriesIds: new Uint32Array(size),
      timesMs: new Float64Array(size).map((_, index) => startMs + (step + index) * 1000),
      values: new Float64Array(size).map((_, index) => step + index),
    })

    let kept = 0
    let refusal: unknown
    const heard: number[] = []
    store.onSamples((batch) => void heard.push(batch.values[0]!))
    while (refusal === undefined && kept < 1_000_000) {
      await store.appendSamples(batchOf(kept, 5000)).then(
        () => {
          kept += 5000
        },
        (error: unknown) => {
          refusal = error
        },
      )
    }
    expect(refusal).toMatchObject({ name: 'StoreError', code: 'disk-full' })
    expect((refusal as Error).message).toContain(options.dir)
    expect(await store.stats()).toMatchObject({ readOnlySinceMs: startMs })
    expect(warnings).toEqual([expect.stringMatching(/nothing more can be stored/)])
    expect(heard.length).toBe(kept / 5000)
    const valuesOf = async (from: typeof store) => [
      ...(await from.readSamples(0, 0, startMs * 2, 1e9)).values,
    ]
    expect((await valuesOf(store)).length).toBe(kept)

    await expect(store.checkpoint()).rejects.toMatchObject({ code: 'disk-full' })
    expect(warnings[1]).toMatch(/samples stay in the journal/)
    expect((await valuesOf(store)).length).toBe(kept)

    rmSync(ballast)
    await store.appendSamples(batchOf(kept, 5000))
    kept += 5000
    expect(await store.stats()).toMatchObject({ readOnlySinceMs: null })
    await store.checkpoint()
    await store.appendEvents([{ type: 'aggregator-started', version: '1', timeMs: startMs }])
    await store.close()

    const again = await openStore(options)
    opened.push(again)
    expect(await valuesOf(again)).toEqual(Array.from({ length: kept }, (_, index) => index))
    expect((await again.readEvents(0, 10)).map(({ type }) => type)).toEqual([
      'store-read-only',
      'store-writable',
      'aggregator-started',
    ])
  })
})
