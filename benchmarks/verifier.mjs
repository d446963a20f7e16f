// The product's judge of changes in the form of a verifier simulation: `design` says who is treated, and
// `createVerifier(ctx)` is told ticks and answers 'keep' or 'rollback'.
//   ctx  = { agents, tickSeconds, preTicks, postTicks, metrics }
//   tick = { t, values: { metric: Float64Array per agent }, treated: Uint8Array per agent, load }
import { createTrialJudge } from '../packages/core/dist/index.js'

export const design = 'canary'

/** Memory may leak and is not disturbed by cold caches; everything else is, and does not grow without end. */
const isMemory = (name) => name.startsWith('mem')

export default function createVerifier({ agents, tickSeconds, metrics }) {
  const before = []
  let judge
  const start = (treated) => {
    judge = createTrialJudge({
      agents,
      tickSeconds,
      treated,
      metrics: metrics.map((name) => ({
        name,
        better: 'lower',
        accumulates: isMemory(name),
        settles: !isMemory(name),
      })),
    })
    for (const tick of before) judge.before(tick)
  }
  const decisions = { harmful: 'rollback', harmless: 'keep' }
  return {
    pre({ t, values, load }) {
      // The simulation may reuse its arrays.
      const copied = Object.fromEntries(metrics.map((name) => [name, Float64Array.from(values[name])]))
      before.push({ tick: t, values: copied, load })
    },
    post({ t, values, treated, load }) {
      if (judge === undefined) start(Uint8Array.from(treated))
      return decisions[judge.after({ tick: t, values, load }).verdict]
    },
    finish() {
      if (judge === undefined) return 'rollback'
      const { verdict, reason } = judge.atHorizon()
      // Whom nobody could measure is not left changed; who leans to harm neither.
      const isKept = verdict === 'harmless' || (verdict === 'undecided' && reason === 'leans-to-no-harm')
      return isKept ? 'keep' : 'rollback'
    },
  }
}
