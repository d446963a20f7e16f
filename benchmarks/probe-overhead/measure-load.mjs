import { createClient, slice } from './load.mjs'
import { readMemoryMb } from './read-proc.mjs'
import { startAgent } from './start-agent.mjs'

/** Slices in which others had more than this share of the agent's core say more about them than about it. */
const mostOthers = 0.3

const loads = {
  fetch: (effort) => (client) => client.atRate('/tool', effort.sliceMs, effort.requestsPerSecond),
  model: (effort) => (client) => client.atRate('/model', effort.sliceMs, effort.requestsPerSecond),
  saturated: (effort) => (client) => client.saturated('/tool', effort.sliceMs),
}

const ratios = (bare, watched) => ({
  cpuRatio: watched.cpuUs / bare.cpuUs,
  cpuAddedUs: watched.cpuUs - bare.cpuUs,
  bareCpuUs: bare.cpuUs,
  rateRatio: watched.perSecond / bare.perSecond,
  p50AddedMs: watched.p50Ms - bare.p50Ms,
  p99AddedMs: watched.p99Ms - bare.p99Ms,
  bareP50Ms: bare.p50Ms,
  bareP99Ms: bare.p99Ms,
})

/**
 * A bare agent and a contestant live at the same time and are loaded in turn, A B B A. Each neighbouring A and B
 * are a pair: what drifts on the machine moves both. Disturbed pairs are tried again, as far as time allows.
 */
const measurePair = async (agents, send, { pairs }) => {
  const [bare] = agents
  const kept = []
  const dropped = []
  for (let attempt = 0; kept.length < pairs && attempt < 1.5 * pairs; attempt++) {
    const order = attempt % 2 === 0 ? agents : agents.toReversed()
    const [first, second] = [await slice(order[0], send), await slice(order[1], send)]
    const [a, b] = order[0] === bare ? [first, second] : [second, first]
    const pair = { ...ratios(a, b), others: Math.max(a.others, b.others) }
    ;(pair.others > mostOthers ? dropped : kept).push(pair)
  }
  // Better the least disturbed pairs, and saying so, than no figure at all.
  const least = dropped.toSorted((a, b) => a.others - b.others).slice(0, Math.max(0, pairs / 2 - kept.length))
  return { pairs: [...kept, ...least], dropped: dropped.length - least.length, disturbed: least.length }
}

/** Everything under load of one contestant, by fresh processes per repetition. */
export const measureLoad = async ({ bare, contestant, environment, effort, countReports }) => {
  const result = { fetch: [], model: [], saturated: [], memory: [], dropped: 0, disturbed: 0 }
  const before = await countReports()
  for (let repetition = 0; repetition < effort.repetitions; repetition++) {
    const agents = []
    for (const who of [bare, contestant]) {
      const agent = await startAgent(who, environment)
      agents.push({ ...agent, client: await createClient(agent.port) })
    }
    // As fast as it goes, until the compiler has seen enough: the first thousand requests cost twice the rest.
    for (const { client } of agents) {
      await client.saturated('/tool', effort.warmUpMs)
      await client.saturated('/model', effort.warmUpMs)
    }
    for (const [name, load] of Object.entries(loads)) {
      const { pairs, dropped, disturbed } = await measurePair(agents, load(effort), effort)
      result[name].push(...pairs)
      result.dropped += dropped
      result.disturbed += disturbed
      // After each kind: the collector lets a heap grow and shrink by more than what is looked for.
      const [a, b] = agents.map(({ pid }) => readMemoryMb(pid))
      result.memory.push({ rssAddedMb: b.rss - a.rss, anonymousAddedMb: b.anonymous - a.anonymous })
    }
    for (const agent of agents) {
      agent.client.close()
      await agent.end()
    }
  }
  const after = await countReports()
  result.reports = after[contestant.sends] - before[contestant.sends]
  result.tellsHttp = after.withHttp > before.withHttp
  return result
}
