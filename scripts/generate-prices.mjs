#!/usr/bin/env node
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/**
 * Writes the price table that comes with the probe, from the newest release of `@pydantic/genai-prices` (or the
 * version named): `node scripts/generate-prices.mjs [VERSION]`. The package is looked at, not depended on.
 */
const source = '@pydantic/genai-prices'
const table = fileURLToPath(new URL('../packages/agent-probe/src/ai/prices.json', import.meta.url))

/** The source's provider, and what `gen_ai.provider.name` calls it. */
const providers = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'gcp.gemini',
  'x-ai': 'x_ai',
  mistral: 'mistral_ai',
  groq: 'groq',
  deepseek: 'deepseek',
  cohere: 'cohere',
}
/** Models that anybody can serve, listed among those of makers who do not: what they cost is nobody's price. */
const makers = new Set(['openai', 'google'])
const openWeights = /^(?:gpt-oss|gemma)/
/** Prices that a plain count of tokens does not tell: these models are left out. */
const beyondTokens = /^(?:output_(?:audio|image|video)|requests_|audio_hours|input_document)/
const otherMedia = /audio|tts|transcribe|image|realtime|live/

const npm = (...args) => execFileSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

/** The names by which a model is asked for. */
const namesOf = (match) => {
  if (match === undefined) return []
  const { or, and, equals, starts_with, contains, ends_with } = match
  if (or !== undefined) return or.flatMap(namesOf)
  if (and !== undefined) return and.flatMap(namesOf)
  const name = equals ?? starts_with ?? contains ?? ends_with
  return name === undefined ? [] : [name]
}

const isOnlyTheBase = (prices) => Object.values(prices).every((price) => typeof price !== 'object')

/** A price at one length of prompt; absent where the source has none for tokens. */
const rate = (prices, pick) => {
  const of = (key) => (prices[key] === undefined ? undefined : pick(prices[key]))
  const known = {
    input: of('input_mtok'),
    output: of('output_mtok') ?? 0,
    cacheRead: of('cache_read_mtok'),
    cacheWrite: of('cache_write_mtok'),
    cacheWriteLong: of('cache_write_1h_mtok'),
  }
  return known.input === undefined ? undefined : known
}

const priceFrom = (prices) => {
  if (Object.keys(prices).some((key) => beyondTokens.test(key))) return undefined
  const base = rate(prices, (price) => price.base ?? price)
  if (base === undefined || isOnlyTheBase(prices)) return base
  const starts = new Set(Object.values(prices).flatMap(({ tiers }) => tiers?.map(({ start }) => start) ?? []))
  // More than one step is more than the probe knows to ask.
  if (starts.size !== 1) return undefined
  const [over] = starts
  return { ...base, longContext: { over, ...rate(prices, (price) => price.tiers?.[0].price ?? price) } }
}

/** What held on that day; of prices that change with the hour, what held for most of it. */
const pricesOn = (prices, day) => {
  if (!Array.isArray(prices)) return prices
  const holdsAt = (time) => (entry) => {
    const { start_date, start_time, end_time } = entry.constraint ?? {}
    if (start_date !== undefined) return start_date <= day
    return start_time === undefined || (start_time <= time && time < end_time)
  }
  const halfHours = Array.from({ length: 48 }, (_, half) =>
    new Date(half * 1_800_000).toISOString().slice(11),
  )
  const counts = new Map()
  for (const time of halfHours) {
    const entry = prices.findLast(holdsAt(time))
    counts.set(entry, (counts.get(entry) ?? 0) + 1)
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0][0]?.prices ?? {}
}

const version = process.argv[2] ?? npm('view', source, 'version').trim()
const published = JSON.parse(npm('view', `${source}@${version}`, 'time', '--json'))[version].slice(0, 10)
const day = new Date().toISOString().slice(0, 10)
const folder = mkdtempSync(join(tmpdir(), 'prices-'))
try {
  npm('install', '--prefix', folder, '--ignore-scripts', '--no-save', `${source}@${version}`)
  const { findProvider } = await import(
    pathToFileURL(join(folder, 'node_modules', source, 'dist/index.js')).href
  )
  const { withoutVendor, withoutVersion } = await import('../packages/agent-probe/src/ai/price-names.ts')
  const found = {}
  for (const [id, name] of Object.entries(providers)) {
    const models = {}
    for (const model of findProvider({ providerId: id }).models) {
      const price = priceFrom(pricesOn(model.prices, day))
      if (price === undefined) continue
      for (const each of [model.id, ...namesOf(model.match)]) {
        const plain = withoutVendor(each)
        const isPlain = /^[\w./-]*\w$/.test(each) && !otherMedia.test(plain)
        if (makers.has(id) && openWeights.test(plain)) continue
        // What Google sells of others is asked for on paths of their own.
        if (isPlain && plain.startsWith('claude') === (id === 'anthropic')) models[each] ??= price
      }
    }
    const same = (one, other) => JSON.stringify(one) === JSON.stringify(other)
    // The probe finds a dated name, or one with a vendor before it, by the name without.
    const needed = Object.entries(models).filter(([model, price]) => {
      const shorter = [withoutVendor(model), withoutVersion(withoutVendor(model))]
      return !shorter.some((name) => name !== model && same(models[name], price))
    })
    found[name] = Object.fromEntries(needed.sort(([one], [other]) => (one < other ? -1 : 1)))
  }
  const lines = Object.entries(found).map(([provider, models]) => {
    const rows = Object.entries(models).map(
      ([model, price]) => `${JSON.stringify(model)}:${JSON.stringify(price)}`,
    )
    return `${JSON.stringify(provider)}:{\n${rows.join(',\n')}\n}`
  })
  const head = { source: `${source} ${version} (MIT)`, published, asOf: day, unit: 'USD per million tokens' }
  writeFileSync(table, `${JSON.stringify(head).slice(0, -1)},"providers":{\n${lines.join(',\n')}\n}}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
