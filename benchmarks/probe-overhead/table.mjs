import { spread } from './statistics.mjs'

/** Nothing for a part that was not measured. */
const pick = (rows, name) => (rows ?? []).map((row) => row[name])

/** One column each: its title, and how a contestant's cell reads. */
const columns = [
  ['CPU µs/task, own load', ({ own }) => own && spread(own, 0)],
  ['CPU/request ÷ bare, fetch', ({ load }) => load && spread(pick(load.fetch, 'cpuRatio'), 3)],
  ['µs added', ({ load }) => load && spread(pick(load.fetch, 'cpuAddedUs'), 0)],
  ['CPU/request ÷ bare, model', ({ load }) => load && spread(pick(load.model, 'cpuRatio'), 3)],
  ['saturated req/s ÷ bare', ({ load }) => load && spread(pick(load.saturated, 'rateRatio'), 2)],
  ['p50 ms added', ({ load }) => load && spread(pick(load.fetch, 'p50AddedMs'), 2)],
  ['p99 ms added', ({ load }) => load && spread(pick(load.fetch, 'p99AddedMs'), 1)],
  ['RSS MB added, load', ({ load }) => load && spread(pick(load.memory, 'rssAddedMb'), 1)],
  ['RSS MB added, idle', ({ idle, bareIdle }) => idle && (idle.rssMb - bareIdle.rssMb).toFixed(1)],
  ['first line ms added, ESM', ({ startEsm }) => spread(pick(startEsm, 'firstLineMs'), 1)],
  ['CPU ms to it, ESM', ({ startEsm }) => spread(pick(startEsm, 'firstLineCpuMs'), 1)],
  ['first line ms added, CJS', ({ start }) => spread(pick(start, 'firstLineMs'), 1)],
  ['CPU ms to it, CJS', ({ start }) => spread(pick(start, 'firstLineCpuMs'), 1)],
  ['exit ms added, lived 0 s', ({ start }) => spread(pick(start, 'exitMs'), 1)],
  ['exit ms added, lived 1.5 s', ({ long }) => spread(pick(long, 'exitMs'), 1)],
  ['idle CPU % of a core', ({ idle }) => spread(pick(idle?.windows, 'cpuPercent'), 3)],
  ['wake-ups/s', ({ idle }) => spread(pick(idle?.windows, 'wakeUpsPerSecond'), 1)],
  ['threads', ({ idle }) => idle && String(idle.threads)],
  ['code files', ({ files }) => (files === undefined ? '–' : String(files))],
  ['install MB, packages', ({ size }) => `${(size.bytes / 1e6).toFixed(1)}, ${size.packages}`],
  [
    'arrived',
    ({ sends, load }) =>
      load === undefined || sends === undefined
        ? '–'
        : `${load.reports}${load.tellsHttp ? ', HTTP' : ', no HTTP'}`,
  ],
  [
    'pairs dropped',
    ({ load }) => load && `${load.dropped}${load.disturbed > 0 ? ` (${load.disturbed} kept)` : ''}`,
  ],
]

/** Contestants down, measures across, as Markdown. */
export const toTable = (results) => {
  const head = ['', ...columns.map(([title]) => title)]
  const rows = results.map((result) => [result.name, ...columns.map(([, cell]) => cell(result) ?? '–')])
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
