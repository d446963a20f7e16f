import type { SampleColumns, Series } from '@perfmon/protocol'
import { decodeChunk } from '../chunk/sample-chunk.ts'
import type { BlockRows } from '../database/block-rows.ts'
import type { ChunkRows } from '../database/chunk-rows.ts'
import type { LateRows } from '../database/late-rows.ts'
import type { Database } from '../database/open-database.ts'
import type { SeriesRows } from '../database/series-rows.ts'
import { type Journal, openJournal } from '../journal/journal.ts'
import { openBatch, type RecordedBatch } from '../journal/record.ts'
import { type LocatedSamples, type SampleRange, StoreError } from '../store.ts'
import { createLastSamples, type LastSamples } from './last-samples.ts'
import { createLateSamples, type LateSamples } from './late-samples.ts'
import { locateSamples } from './locate-samples.ts'
import { type PendingColumns, pendingColumns } from './pending-columns.ts'
import { createPendingSamples, type PendingSamples } from './pending-samples.ts'
import { withLate } from './read-late.ts'
import { type RangeWanted, readSeries } from './read-series.ts'
import { recoverJournal } from './recover-journal.ts'
import { refuseBatch } from './refuse-batch.ts'
import { writePending } from './write-pending.ts'

/**
 * Samples on their way from the journal into chunks, and why a crash neither loses nor doubles one.
 *
 * A batch is acknowledged once its record is synced to the newest journal segment. Its samples are then
 * pending: in memory, for readers. A checkpoint moves them into chunks:
 *
 *   1. Rotate: segment n ends, n + 1 begins. All pending samples are in segments up to n; they are frozen, and
 *      what arrives from now on is pending in a new memory, in n + 1.
 *   2. Write the new series, then the frozen samples some hundred series at a time, each time in a transaction
 *      of its own, with a turn of the event loop between: batches, alerts and readers do not wait for all.
 *   3. Note in the database that the journal starts at n + 1, then remove the segments up to n.
 *
 * Not lost: a segment is removed only after the transactions that hold all of its samples are durable.
 *
 * Not doubled: the samples of a series are taken in strictly ascending time (others are refused when they
 * arrive), and reach the disk in that order. So "newer than the end of the series' tail" is exactly "not on disk
 * yet", wherever a crash interrupted step 2, and recovery, which replays whole segments, takes only those. The
 * same makes a checkpoint that failed half-way, on a full disk, safe to do again. One transaction around all
 * of step 2 would do as well, but would hold up everybody while a hundred thousand series are written.
 *
 * Late samples, older than the newest of their series, travel in the same records, marked as such, and go the
 * same way into a table of their own: (series, time) is its key and the later write counts, so doing that again
 * in the same order changes nothing either. Readers see them laid over the others.
 *
 * Opening replays what segments there are and checkpoints at once: afterwards the journal is empty.
 */
export interface SampleLog {
  /**
   * Makes the packed batches durable together. Entry i is why batch i was refused, null when it was kept. After a
   * refusal all batches of the same epoch are refused: their sender counted on the one before.
   */
  append(batches: readonly SentBatch[]): (Error | null)[]
  read(wanted: RangeWanted): SampleRange
  locate(seriesIds: Uint32Array, timesMs: Float64Array): LocatedSamples
  pendingOf(seriesIds: Uint32Array, range: { fromMs: number; toMs: number }): PendingColumns
  /** Series that were told of in batches and not asked for before. */
  unwrittenSeries(): readonly Series[]
  /** Writes what is pending into chunks. Calls while one runs wait for that one. */
  checkpoint(): Promise<void>
  readonly checkpointDue: boolean
  readonly last: LastSamples
  readonly journalBytes: number
  readonly outOfOrder: number
  close(): void
}

export interface SentBatch {
  readonly packed: ArrayBuffer
  /** How many refusals the sender had heard of. */
  readonly epoch: number
}

export interface SampleLogOptions {
  readonly dir: string
  readonly database: Database
  readonly chunkRows: ChunkRows
  readonly lateRows: LateRows
  readonly blockRows: BlockRows
  readonly seriesRows: SeriesRows
  /** Journal size that makes a checkpoint due. */
  readonly checkpointBytes: number
  readonly warn: (message: string, details: Record<string, unknown>) => void
  readonly nextTurn: () => Promise<void>
}

/** What a checkpoint writes: it stays until that has succeeded. */
interface Frozen {
  readonly samples: PendingSamples
  readonly late: LateSamples
  readonly series: readonly Series[]
  /** First segment that holds nothing of this. */
  readonly journalStart: number
}

/** While checkpoints are slow or fail, the journal and memory may grow to this many times their usual bound. */
const overdueFactor = 4
/** So many late samples make a checkpoint due: in memory each takes some hundred bytes. */
const lateDue = 50_000

export const openSampleLog = async (options: SampleLogOptions): Promise<SampleLog> => {
  const { dir, database, chunkRows, lateRows, blockRows, seriesRows, checkpointBytes, warn, nextTurn } =
    options
  const last = createLastSamples()
  let pending = createPendingSamples()
  let late = createLateSamples()
  let newSeries: Series[] = []
  let frozen: Frozen | null = null
  let outOfOrder = 0
  let running: Promise<void> | null = null
  let failure: Error | null = null
  let refusedEpoch = -1
  /** Ids ascend as they are given. A series given again after a crash is there already. */
  let writtenUpTo = -1

  const noteJournalStart = database.db.prepare(
    `INSERT OR REPLACE INTO meta (key, value) VALUES ('journal_start', ?)`,
  )
  const journalStart = Number(
    database.db.prepare(`SELECT value FROM meta WHERE key = 'journal_start'`).get()?.value ?? 1,
  )

  const keep = (batch: RecordedBatch): void => {
    for (const series of batch.newSeries) {
      last.learn(series)
      newSeries.push(series)
    }
    const { seriesIds, timesMs, values } = batch
    for (let index = 0; index < seriesIds.length; index += 1) {
      const seriesId = seriesIds[index]!
      if (last.advance(seriesId, timesMs[index]!, values[index]!))
        pending.add(seriesId, timesMs[index]!, values[index]!)
      else outOfOrder += 1
    }
    // After the others: a late increase corrects the total of the newest, which may be among them.
    keepLate(batch.late)
  }

  const keepLate = ({ seriesIds, timesMs, values }: SampleColumns): void => {
    for (let index = 0; index < seriesIds.length; index += 1) {
      const [seriesId, timeMs, value] = [seriesIds[index]!, timesMs[index]!, values[index]!]
      if (timeMs <= last.timeMs(seriesId)) {
        late.put(seriesId, timeMs, value)
        last.correct(seriesId, timeMs, value)
      } else if (last.advance(seriesId, timeMs, value)) pending.add(seriesId, timeMs, value)
      else outOfOrder += 1
    }
  }

  const onDamagedTail = (seriesId: number, reason: string): void =>
    warn(
      `the newest chunk of series ${seriesId} in ${dir} is damaged: its samples, at most some hours of them, are lost. Check the disk`,
      { seriesId, reason },
    )

  const freeze = (start: number): Frozen => {
    frozen = { samples: pending, late, series: newSeries, journalStart: start }
    pending = createPendingSamples()
    late = createLateSamples()
    newSeries = []
    return frozen
  }

  const finish = async (journal: Journal, what: Frozen, beforeRemoval = () => {}): Promise<void> => {
    await writePending({ database, chunkRows, lateRows, seriesRows, nextTurn, onDamagedTail }, what)
    beforeRemoval()
    noteJournalStart.run(what.journalStart)
    frozen = null
    journal.removeBefore(what.journalStart)
  }

  const checkpoint = async (journal: Journal): Promise<void> => {
    if (frozen === null && pending.count + late.count === 0 && newSeries.length === 0) return
    await finish(journal, frozen ?? freeze(journal.rotate()))
  }

  for (const series of seriesRows.all()) last.learn(series)
  for (const { seriesId, samples } of chunkRows.tails()) {
    try {
      const { timesMs, values } = decodeChunk(samples)
      const lastMs = timesMs.at(-1)!
      last.advance(seriesId, lastMs, lateRows.valueAt(seriesId, lastMs) ?? values.at(-1)!)
    } catch (error) {
      onDamagedTail(seriesId, String(error))
    }
  }

  const recovered = recoverJournal({
    dir,
    firstNumber: journalStart,
    warn,
    take: (batch) => {
      const unknown = refuseBatch(batch, last, new Set())
      if (unknown === null) keep(batch)
      return unknown
    },
  })
  // Samples that a crash left both in a segment and in chunks were "out of order" here; nobody sent them twice.
  outOfOrder = 0
  const journal = openJournal({ dir, number: recovered.nextNumber })
  await finish(journal, freeze(recovered.nextNumber), recovered.setAside)

  const lateCount = (): number => late.count + (frozen?.late.count ?? 0)
  const isOverdue = (): boolean =>
    journal.bytes > checkpointBytes * overdueFactor || lateCount() > lateDue * overdueFactor

  const read = (wanted: RangeWanted): SampleRange =>
    withLate(
      { rows: lateRows, pending: frozen === null ? [late] : [frozen.late, late] },
      wanted,
      readSeries(
        { rows: chunkRows, blockRows, pending: frozen === null ? [pending] : [pending, frozen.samples] },
        wanted,
      ),
    )

  return {
    append(batches) {
      const opened = batches.map(({ packed }) => openBatch(packed))
      const overdue = isOverdue()
      const brought = new Set<number>()
      const refused = opened.map((batch, index): Error | null => {
        const { epoch } = batches[index]!
        const reason =
          epoch <= refusedEpoch
            ? behindRefused(dir)
            : overdue
              ? (failure ?? tooMuchJournal(dir))
              : refuseBatch(batch, last, brought)
        if (reason === null) for (const { id } of batch.newSeries) brought.add(id)
        else refusedEpoch = Math.max(refusedEpoch, epoch)
        return reason
      })
      const accepted = [...opened.keys()].filter((index) => refused[index] === null)
      if (accepted.length === 0) return refused
      try {
        journal.append(accepted.map((index) => batches[index]!.packed))
      } catch (error) {
        for (const index of accepted) {
          refused[index] = error as Error
          refusedEpoch = Math.max(refusedEpoch, batches[index]!.epoch)
        }
        return refused
      }
      for (const index of accepted) keep(opened[index]!)
      return refused
    },
    read,
    pendingOf: (seriesIds, range) =>
      pendingColumns(
        seriesIds,
        range,
        frozen === null ? [pending] : [frozen.samples, pending],
        frozen === null ? [late] : [frozen.late, late],
      ),
    unwrittenSeries() {
      const unwritten = [...(frozen?.series ?? []), ...newSeries].filter(({ id }) => id > writtenUpTo)
      for (const { id } of unwritten) writtenUpTo = Math.max(writtenUpTo, id)
      return unwritten
    },
    locate: (seriesIds, timesMs) => locateSamples({ read, last }, seriesIds, timesMs),
    checkpoint() {
      running ??= checkpoint(journal)
        .then(
          () => {
            failure = null
          },
          (error: Error) => {
            failure = error
            throw error
          },
        )
        .finally(() => {
          running = null
        })
      return running
    },
    get checkpointDue() {
      return running === null && (journal.bytes >= checkpointBytes || late.count >= lateDue)
    },
    last,
    get journalBytes() {
      return journal.bytes
    },
    get outOfOrder() {
      return outOfOrder
    },
    close: () => journal.close(),
  }
}

const behindRefused = (dir: string): StoreError =>
  new StoreError(
    'overloaded',
    `data directory ${dir}: a batch that was handed over before this one was refused; try again a little later`,
  )

const tooMuchJournal = (dir: string): StoreError =>
  new StoreError(
    'overloaded',
    `data directory ${dir}: samples come faster than they can be moved into the database; try again a little later`,
  )
