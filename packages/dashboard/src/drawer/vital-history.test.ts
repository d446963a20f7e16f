import { expect, it } from 'vitest'
import { historyMs, loadVitalHistory } from './vital-history.ts'

const { signal } = new AbortController()
const question = { signal, agentId: 'a b', vital: 'cpu', nowMs: historyMs + 5000 } as const

it('asks for the series of the vital sign and then for its samples', async () => {
  const paths: string[] = []
  const points = await loadVitalHistory({
    ...question,
    async fetchJson(path) {
      paths.push(path)
      return path.startsWith('/api/series')
        ? {
            series: [
              { id: 3, part: 'count' },
              { id: 7, part: 'value' },
            ],
          }
        : { timesMs: [1, 2], values: [0.1, 0.2] }
    },
  })
  expect(points).toEqual({ timesMs: [1, 2], values: [0.1, 0.2] })
  expect(paths).toEqual([
    '/api/series?agent=a+b&metric=perfmon.agent.cpu.utilization',
    '/api/samples?series=7&from=5000&to=905000',
  ])
})

it('gives no points for what the agent never had', async () => {
  const fetchJson = async () => ({ series: [] })
  expect(await loadVitalHistory({ ...question, fetchJson })).toEqual({ timesMs: [], values: [] })
})

it('passes a failure on', async () => {
  const fetchJson = async () => {
    throw new Error('the aggregator answered 500')
  }
  await expect(loadVitalHistory({ ...question, fetchJson })).rejects.toThrow('500')
})
