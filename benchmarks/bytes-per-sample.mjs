// Where the bytes of a data directory go: blocks of samples and of roll-ups, per sample in them. Of a copy, because the
// copy is brought up to date and compacted.
//
//   node --conditions=perfmon-source benchmarks/bytes-per-sample.mjs DIR
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openBlock } from '../packages/aggregator/src/store/block/block.ts'
import { backupStore } from '../packages/aggregator/src/store/maintain/backup-store.ts'
import { openStore } from '../packages/aggregator/src/store/open-store.ts'

const copy = mkdtempSync(join(tmpdir(), 'perfmon-bytes-'))
process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
backupStore(process.argv[2], copy)
const store = await openStore({
  dir: copy,
  nowMs: () => Date.now(),
  retention: { days: 36_500, bytes: 2 ** 40 },
  warn: console.error,
})
await store.checkpoint()
await store.close()
const file = join(copy, 'perfmon.db')
const db = new DatabaseSync(file)
let samples = 0
const bytes = [0, 0, 0]
for (const { tier, data } of db.prepare('SELECT tier, data FROM blocks').iterate()) {
  bytes[tier] += data.length
  if (tier !== 0) continue
  const block = openBlock(data)
  for (const seriesId of block.seriesIds) samples += block.read(seriesId, []).timesMs.length
}
const { series } = db.prepare('SELECT count(*) AS series FROM series').get()
console.log(`${series} series, ${samples} samples in blocks, database of ${statSync(file).size} bytes`)
for (const [tier, name] of ['samples', 'roll-ups by the minute', 'roll-ups by the hour'].entries())
  console.log(`${name.padEnd(24)}${(bytes[tier] / samples).toFixed(2)} bytes per sample`)
