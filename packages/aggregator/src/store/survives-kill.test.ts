import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { openStore } from './open-store.ts'

/** Fifty, as promised, where nobody waits for it: that takes a minute. */
const rounds = Number(process.env.PERFMON_KILL_ROUNDS ?? (process.env.CI ? 50 : 20))
const seriesCount = 20
const samplesPerBatch = 25
const startMs = 1_795_000_000_000
const stepMs = 60_000
const hourMs = 3_600_000
const dir = mkdtempSync(join(tmpdir(), 'perfmon-kill-'))
const writer = fileURLToPath(new URL('./killed-writer.mjs', import.meta.url))

interface Acknowledged {
  samples: number
  /** Of the series after the others, whose every other sample comes late. */
  late: number
  alerts: number
  warnings: string[]
}

/** Runs the writer and kills it when it has said `lines` things. */
const writeUntilKilled = (lines: number): Promise<Acknowledged> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        '--conditions=perfmon-source',
        '--disable-warning=ExperimentalWarning',
        writer,
        dir,
        `${seriesCount}`,
        `${samplesPerBatch}`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const heard: Acknowledged = { samples: 0, late: 0, alerts: 0, warnings: [] }
    let left = lines
    createInterface(child.stdout)
      .on('line', (line) => {
        const [kind, ...rest] = line.split(' ')
        if (kind === 'samples') heard.samples = Math.max(heard.samples, Number(rest[0]))
        else if (kind === 'late') heard.late = Math.max(heard.late, Number(rest[0]))
        else if (kind === 'alerts') heard.alerts = Math.max(heard.alerts, Number(rest[0]))
        else if (kind === 'warning') heard.warnings.push(rest.join(' '))
        left -= 1
        if (left === 0) child.kill('SIGKILL')
      })
      .on('close', () => {
        if (child.exitCode === null) resolve(heard)
        else reject(new Error(`the writer ended by itself with code ${child.exitCode}`))
      })
  })

afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe(`a process that is killed while it writes, ${rounds} times over`, () => {
  const seed = Number(process.env.PERFMON_KILL_SEED ?? 20_261_120)
  let state = seed
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }

  it.each(
    Array.from({ length: rounds }, (_, round) => ({ round, seed, lines: 1 + Math.floor(random() * 120) })),
  )(
    'round $round (seed $seed, killed at line $lines): everything acknowledged is there once',
    async ({ lines }) => {
      const acknowledged = await writeUntilKilled(lines)
      const warnings: string[] = []
      const store = await openStore({
        dir,
        nowMs: () => startMs,
        retention: { days: 50, bytes: 2 ** 30 },
        warn: (message) => void warnings.push(message),
      })
      try {
        const lengths: number[] = []
        for (let id = 0; id < seriesCount; id += 1) {
          const { timesMs, values } = await store.readSamples(id, 0, startMs * 2, 1e9)
          expect(values.length).toBeGreaterThanOrEqual(acknowledged.samples)
          expect(
            values.every((value, index) => value === index && timesMs[index] === startMs + index * stepMs),
          ).toBe(true)
          // All of a batch or nothing of it.
          expect(values.length % samplesPerBatch).toBe(0)
          expect(store.stored.lastValues[id] ?? -1).toBe(values.length - 1)
          lengths.push(values.length)
        }
        const { timesMs, values } = await store.readSamples(seriesCount, 0, startMs * 2, 1e9)
        const upTo = values.findIndex((value, index) => value !== index)
        expect(upTo === -1 ? values.length : upTo).toBeGreaterThanOrEqual(acknowledged.late)
        expect(values.every((value, index) => timesMs[index] === startMs + value * stepMs)).toBe(true)
        expect(new Set(values).size).toBe(values.length)
        const longest = Math.max(...lengths, values.length)
        // Roll-ups were made of each sample once, also where a kill came between.
        const { lines } = await store.queries.aggregate({
          matchers: [{ label: 'metric', is: '=', value: 'agent.cpu' }],
          fromMs: startMs - hourMs,
          toMs: startMs + (longest + 60) * stepMs,
          stepMs: hourMs,
          aggregate: 'count',
        })
        const counted = lines.map((line) => line.values.reduce((sum, count) => sum + count, 0))
        expect(counted.slice(0, seriesCount + 1)).toEqual([...lengths, values.length])
        const alerts = await store.listAlerts(['active'], 1e9)
        const events = await store.readEvents(0, 1e9)
        expect(alerts.length).toBeGreaterThanOrEqual(acknowledged.alerts)
        expect(events.map(({ seq }) => seq)).toEqual(alerts.map((_, index) => index + 1))
        expect(new Set(events.map((event) => event.type === 'alert-active' && event.alert.id))).toEqual(
          new Set(alerts.map(({ id }) => id)),
        )
        for (const warning of [...warnings, ...acknowledged.warnings])
          expect(warning).toMatch(/unfinished record/)
      } finally {
        await store.close()
      }
    },
    40_000,
  )
})
