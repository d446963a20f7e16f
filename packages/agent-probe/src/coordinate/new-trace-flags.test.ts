import { expect, test } from 'vitest'
import { createNewTraceFlags } from './new-trace-flags.ts'

const sampledOf100 = (env: Record<string, string>) => {
  let asked = 0
  const flags = createNewTraceFlags(env, () => asked++ / 100)
  return Array.from({ length: 100 }, flags).filter((given) => given === '01').length
}

test.each([
  [{}, 100],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, 100],
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, 0],
  [{ OTEL_TRACES_SAMPLER: ' ParentBased_Always_Off' }, 0],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.1' }, 10],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, 0],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio' }, 100],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' }, 100],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_jaeger_remote' }, 100],
])('of a hundred traces that begin under %o, %i are sampled', (env, sampled) => {
  expect(sampledOf100(env)).toBe(sampled)
})
