import { renameSync } from 'node:fs'
import { readSegment } from '../journal/read-segment.ts'
import type { RecordedBatch } from '../journal/record.ts'
import { segmentNumbers, segmentPath, syncDirectory } from '../journal/segment-files.ts'

export interface RecoverOptions {
  readonly dir: string
  /** Segments before this one are in the database: a crash came between noting that and removing them. */
  readonly firstNumber: number
  /** Takes a batch, or says why it cannot. */
  readonly take: (batch: RecordedBatch) => Error | null
  readonly warn: (message: string, details: Record<string, unknown>) => void
}

export interface Recovered {
  /** Number for the first new segment: higher than any found. */
  readonly nextNumber: number
  /** To be called once everything taken is in the database: nothing of a damaged segment is needed any more. */
  readonly setAside: () => void
}

/** Replays the journal. Of a damaged segment the part before the damage counts; the rest is kept for a human. */
export const recoverJournal = ({ dir, firstNumber, take, warn }: RecoverOptions): Recovered => {
  const numbers = segmentNumbers(dir)
  const damaged: number[] = []
  let orphans = 0
  for (const number of numbers) {
    if (number < firstNumber) continue
    const end = readSegment(dir, number, (batch) => {
      if (take(batch) !== null) orphans += batch.seriesIds.length
    })
    const path = segmentPath(dir, number)
    const place = { path, offset: end.offset, bytes: end.bytes - end.offset }
    if (end.kind === 'torn' && number === numbers.at(-1)) {
      warn(`${path} ends in an unfinished record, which was cut: it had not been acknowledged`, place)
    } else if (end.kind !== 'whole') {
      damaged.push(number)
      warn(
        `${path} is damaged at byte ${end.offset}: the samples before are kept, the ${place.bytes} bytes from there on are set aside in ${path}.damaged. Check the disk, and restore the journal from a copy if those samples matter`,
        place,
      )
    }
  }
  if (orphans > 0) {
    warn(
      `${orphans} samples of the journal in ${dir} were left out: the damage took the names of their series`,
      { orphans },
    )
  }
  return {
    nextNumber: Math.max(firstNumber, (numbers.at(-1) ?? 0) + 1),
    setAside() {
      for (const number of damaged)
        renameSync(segmentPath(dir, number), `${segmentPath(dir, number)}.damaged`)
      if (damaged.length > 0) syncDirectory(dir)
    },
  }
}
