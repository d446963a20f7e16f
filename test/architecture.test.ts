import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

/** The rules of the house, as far as no compiler holds them. A message names what to do instead. */
const root = join(import.meta.dirname, '..')

interface Source {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$|\.d\.ts$/.test(file))
    .filter((file) => !file.split('/').some((part) => part === 'node_modules' || part === 'dist'))
    .map((file) => {
      const path = join(folder, file)
      const text = readFileSync(join(root, path), 'utf8')
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!)
      return { path, text, imports }
    })
}

/** Code without comments and strings: a word in a sentence is no use of it. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '')
}

const found = (all: readonly Source[], isWrong: (source: Source) => boolean) =>
  all.filter(isWrong).map(({ path }) => path)

describe('the core is pure', () => {
  const core = [...sources('packages/core/src'), ...sources('packages/protocol/src')]

  test.each([
    ['the clock', /\bDate\b|\bperformance\.now\b/, 'take nowMs as an argument'],
    ['chance', /\bMath\.random\b|\bcrypto\b/, 'take a random number as an argument'],
    ['input and output', /\bprocess\.|\bfetch\(|\bconsole\./, 'return what to do, the aggregator does it'],
    ['timers', /\bset(?:Timeout|Interval|Immediate)\(/, 'return when to look again'],
  ])('%s is not read', (_what, pattern, instead) => {
    expect(
      found(core, ({ text }) => pattern.test(code(text))),
      instead,
    ).toEqual([])
  })

  test('it imports no Node and nothing of the doing', () => {
    const isForeign = (name: string) => name.startsWith('node:') || /^@perfmon\/(?!protocol)/.test(name)
    expect(
      found(core, ({ imports }) => imports.some(isForeign)),
      'only protocol, zod and yaml',
    ).toEqual([])
  })
})

describe('packages', () => {
  const allowed: Record<string, readonly string[]> = {
    protocol: [],
    core: ['protocol'],
    'agent-probe': ['protocol'],
    aggregator: ['protocol', 'core', 'dashboard'],
    cli: ['protocol', 'core', 'aggregator', 'demo-swarm', 'echo-webhook'],
    dashboard: ['protocol', 'core'],
  }
  test.each(Object.entries(allowed))('%s imports what it may', (name, others) => {
    const foreign = sources(`packages/${name}/src`).flatMap(({ path, imports }) =>
      imports
        .map((specifier) => /^@perfmon\/([^/]+)/.exec(specifier)?.[1])
        .filter((other) => other !== undefined && !others.includes(other))
        .map((other) => `${path} imports ${other}`),
    )
    expect(foreign).toEqual([])
  })

  test('the probe takes names from the protocol, and types, nothing that runs', () => {
    const probe = sources('packages/agent-probe/src')
    const value = /import (?!type)[^'"]*from '@perfmon\/protocol'/
    expect(
      found(probe, ({ text }) => value.test(text)),
      "import from '@perfmon/protocol/names'",
    ).toEqual([])
  })
})

describe('stages meet in the store', () => {
  const stages = ['receive', 'evaluate', 'notify', 'serve', 'store', 'system']
  const shared = ['store', 'system']
  test.each(stages)('%s imports no other stage', (stage) => {
    const folder = `packages/aggregator/src/${stage}`
    const wrong = sources(folder).flatMap(({ path, imports }) =>
      imports
        .filter((specifier) => specifier.startsWith('.'))
        .map(
          (specifier) =>
            relative(join(root, 'packages/aggregator/src'), join(root, path, '..', specifier)).split('/')[0]!,
        )
        .filter((target) => stages.includes(target) && target !== stage && !shared.includes(target))
        .map((target) => `${path} imports ${target}`),
    )
    expect(wrong, 'let them meet in a table; app.ts does the wiring').toEqual([])
  })

  test('the store and the system know no stage', () => {
    const isStage = (specifier: string) =>
      /^\.\.\/(?:\.\.\/)*(?:receive|evaluate|notify|serve)\//.test(specifier)
    const low = [...sources('packages/aggregator/src/store'), ...sources('packages/aggregator/src/system')]
    expect(found(low, ({ imports }) => imports.some(isStage))).toEqual([])
  })
})

describe('rooms', () => {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/src`)
  const all = [...packages, 'test', 'grafana'].flatMap(sources)

  test('no junk drawers', () => {
    const empty = /(?:^|\/)(?:utils?|helpers?|common|misc|types|lib|tools)(?:\.tsx?$|\/)/
    expect(
      found(all, ({ path }) => empty.test(path)),
      'a thing without a room has no name yet',
    ).toEqual([])
  })

  test('files stay readable', () => {
    expect(
      found(all, ({ text }) => text.split('\n').length > 420),
      'one idea a file',
    ).toEqual([])
  })

  test('tests use the real thing or a hand-written fake', () => {
    const tests = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.test\.tsx?$/.test(file) && !file.includes('node_modules'))
      .filter((file) => /\bvi\.(?:mock|spyOn|fn)\(/.test(readFileSync(join(root, 'packages', file), 'utf8')))
    expect(tests, 'write a fake of the port by hand').toEqual([])
  })
})
