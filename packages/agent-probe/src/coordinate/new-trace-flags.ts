import type { Variables } from '../configure/agent-environment.ts'

const shareOf = (env: Variables): number => {
  const sampler = env['OTEL_TRACES_SAMPLER']
    ?.trim()
    .toLowerCase()
    .replace(/^parentbased_/, '')
  if (sampler === 'always_off') return 0
  if (sampler !== 'traceidratio') return 1
  const given = env['OTEL_TRACES_SAMPLER_ARG']?.trim()
  const share = given ? Number(given) : 1
  return share >= 0 && share <= 1 ? share : 1
}

/**
 * The flags of a trace that begins here. We record no spans, but whoever is asked may, and OpenTelemetry's usual sampler
 * follows its parent: `01`, as under `00` its spans would be lost, unless the swarm's sampler is known by
 * OpenTelemetry's own variables (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/):
 * then as many traces are sampled as it would have sampled.
 */
export const createNewTraceFlags = (env: Variables, random: () => number): (() => string) => {
  const share = shareOf(env)
  return () => (random() < share ? '01' : '00')
}
