import { type BlockEntry, encodeBlock } from '../block/block.ts'
import type { BlockPlace, BlockRows, Tier } from '../database/block-rows.ts'
import { mergeEntries } from './merge-entries.ts'

/**
 * Enough that a row's own bytes, half a page on average, are few; not so many that one series costs the reading
 * of a megabyte. Series of one agent have ids near each other, so blocks hold agents.
 */
const seriesPerBlock = 256
const valuesPerBlock = 65_536

/**
 * Puts entries, ids ascending, where their series belong: into the block whose span of ids they fall in, into the
 * last one while that has room, else into new blocks. Returns the entries as they are stored now, merged with what
 * was there. Must run inside a transaction. Throws a RangeError when a block that should take them is damaged.
 */
export const putInBlocks = (
  rows: BlockRows,
  tier: Tier,
  bucket: number,
  entries: readonly BlockEntry[],
): BlockEntry[] => {
  const places = rows.places(tier, bucket)
  const homes = new Map<BlockPlace | null, BlockEntry[]>()
  for (const entry of entries) {
    const home = homeOf(entry.seriesId, places)
    const group = homes.get(home)
    if (group === undefined) homes.set(home, [entry])
    else group.push(entry)
  }
  return [...homes].flatMap(([home, group]) => {
    if (home === null) {
      write(rows, tier, bucket, group)
      return group
    }
    const block = rows.open(home.id)
    const fresh = new Map(group.map((entry) => [entry.seriesId, entry]))
    for (const seriesId of block.seriesIds) {
      const old = block.read(seriesId)!
      const added = fresh.get(seriesId)
      fresh.set(seriesId, added === undefined ? old : mergeEntries(old, added))
    }
    rows.remove(home.id)
    const all = [...fresh.values()].sort((a, b) => a.seriesId - b.seriesId)
    write(rows, tier, bucket, all)
    return group.map(({ seriesId }) => fresh.get(seriesId)!)
  })
}

/** `places` ascend. An id in a gap between two blocks would make blocks of one series: it joins the one before. */
const homeOf = (seriesId: number, places: readonly BlockPlace[]): BlockPlace | null => {
  const index = places.findLastIndex(({ firstSeries }) => firstSeries <= seriesId)
  const place = places[index]
  if (place === undefined) return null
  if (seriesId <= place.lastSeries || index < places.length - 1) return place
  return place.weight < valuesPerBlock / 2 && place.lastSeries - place.firstSeries < seriesPerBlock / 2
    ? place
    : null
}

const write = (rows: BlockRows, tier: Tier, bucket: number, entries: readonly BlockEntry[]): void => {
  let first = 0
  let weight = 0
  const flush = (end: number): void => {
    if (end === first) return
    const some = entries.slice(first, end)
    rows.add({
      tier,
      bucket,
      firstSeries: some[0]!.seriesId,
      lastSeries: some.at(-1)!.seriesId,
      weight,
      data: encodeBlock(some),
    })
    first = end
    weight = 0
  }
  for (const [index, { timesMs, columns }] of entries.entries()) {
    const own = timesMs.length * columns.length
    if (weight > 0 && (weight + own > valuesPerBlock || index - first >= seriesPerBlock)) flush(index)
    weight += own
  }
  flush(entries.length)
}
