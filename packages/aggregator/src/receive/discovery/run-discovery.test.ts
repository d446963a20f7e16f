import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createLogger } from '../../system/logger.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { type Discovery, runDiscovery } from './run-discovery.ts'
import type { Target } from './target.ts'
import { watchedFile } from './watched-file.ts'

const logger = createLogger({ level: 'silent' })
let running: Discovery | undefined
afterEach(() => running?.close())

function discover(sources: DiscoverySource[], maxAgents = 100) {
  const polled = new Map<string, Target>()
  const happened: string[] = []
  let look = () => {}
  running = runDiscovery({
    sources,
    maxAgents,
    add(target) {
      polled.set(target.url, target)
      happened.push(`+${target.url}`)
      look()
    },
    remove(url) {
      polled.delete(url)
      happened.push(`-${url}`)
      look()
    },
    logger,
  })
  const until = (isDone: () => boolean) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (isDone()) resolve()
      }
      look()
    })
  return { polled, happened, until, stats: running.stats }
}

function byHand(kind: DiscoverySource['kind'] = 'dns') {
  let tell: (targets: readonly Target[]) => void = () => {}
  const source: DiscoverySource = {
    kind,
    name: 'by hand',
    watch(onTargets) {
      tell = onTargets
      return () => {}
    },
    stats: () => ({ failures: 0, leftOut: 0 }),
  }
  return { source, tell: (...targets: Target[]) => tell(targets) }
}
const target = (url: string, labels = {}) => ({ url, labels })

test('an agent of two sources is one, with the labels of both; it goes when both no longer tell of it', () => {
  const [one, other] = [byHand(), byHand('file')]
  const { polled, happened } = discover([one.source, other.source])
  other.tell(target('ws://a/', { shard: '2', team: 'blue' }))
  one.tell(target('ws://a/', { shard: '1' }))
  expect([...polled.values()]).toEqual([target('ws://a/', { shard: '1', team: 'blue' })])
  one.tell(target('ws://a/', { shard: '1' }), target('ws://a/', { shard: '9' }))
  other.tell()
  expect(polled.get('ws://a/')).toEqual(target('ws://a/', { shard: '1' }))
  one.tell()
  one.tell(target('ws://a/'))
  expect(happened.slice(-2)).toEqual(['-ws://a/', '+ws://a/'])
})

test('more than may be polled are left out and counted', () => {
  const { source, tell } = byHand()
  const { polled, stats } = discover([source], 2)
  tell(target('ws://a/'), target('ws://b/'), target('ws://c/'))
  expect([...polled.keys()]).toEqual(['ws://a/', 'ws://b/'])
  expect(stats().leftOut).toBe(1)
  tell(target('ws://b/'), target('ws://c/'))
  expect([...polled.keys()]).toEqual(['ws://b/', 'ws://c/'])
  expect(stats().leftOut).toBe(0)
})

test('a file is read when it appears, when it changes, when it is replaced; a bad one changes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'perfmon-file-'))
  const path = join(folder, 'agents.json')
  const list = (...targets: string[]) => JSON.stringify([{ targets }])
  const source = watchedFile({ path, refreshMs: 50, logger })
  try {
    const { polled, until } = discover([source])
    await writeFile(path, list('a:1'))
    await until(() => polled.size === 1)
    await writeFile(path, list('a:1', 'b:1'))
    await until(() => polled.size === 2)
    const failures = () => source.stats().failures
    await writeFile(path, '[{"targets": ["a:1"')
    const before = failures()
    while (failures() < before + 2) await new Promise((resolve) => setTimeout(resolve, 10))
    expect([...polled.keys()]).toEqual(['ws://a:1/metrics', 'ws://b:1/metrics'])
    await writeFile(`${path}.new`, list('c:1'))
    await rename(`${path}.new`, path)
    await until(() => polled.has('ws://c:1/metrics') && polled.size === 1)
    await rm(path)
    const last = failures()
    while (failures() < last + 2) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(polled.size).toBe(1)
  } finally {
    running?.close()
    await rm(folder, { recursive: true })
  }
})
