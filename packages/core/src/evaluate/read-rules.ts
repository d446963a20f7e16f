import type { Rule, RuleLevel, RuleTarget } from '@perfmon/protocol'
import { vitalNames } from '@perfmon/protocol'
import { z } from 'zod'
import type { Mistake } from '../configuration/mistake.ts'
import { durationSchema, quantitySchema } from '../configuration/quantity.ts'
import { readYaml } from '../configuration/read-yaml.ts'

const nameSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'a name has letters, digits and underscores, at most 100')
const textSchema = z.string().min(1).max(500)
const labelsSchema = z.record(nameSchema, z.string().max(200)).default({})
const namesSchema = z.union([textSchema.transform((one) => [one]), z.array(textSchema)]).default([])

const levelsSchema = z.strictObject({
  warning: quantitySchema.optional(),
  critical: quantitySchema.optional(),
})
const forSchema = z.union([
  z.strictObject({ warning: durationSchema.optional(), critical: durationSchema.optional() }),
  durationSchema.transform((ms) => ({ warning: ms, critical: ms })),
])

const ruleSchema = z.strictObject({
  alert: nameSchema,
  vital: z.enum(vitalNames).optional(),
  metric: z.string().min(1).max(255).optional(),
  attributes: z.record(z.string(), z.string()).optional(),
  above: levelsSchema.optional(),
  below: levelsSchema.optional(),
  absent: z
    .strictObject({
      missed_reports: z.number().int().min(1).max(1000).default(3),
      at_least: durationSchema.default(5_000),
    })
    .optional(),
  severity: z.enum(['warning', 'critical']).optional(),
  for: forSchema.optional(),
  keep_firing_for: durationSchema.default(0),
  clear: quantitySchema.optional(),
  unit: z.string().max(30).optional(),
  swarm: namesSchema,
  agent: namesSchema,
  summary: textSchema.optional(),
  labels: labelsSchema,
})

const fileSchema = z.strictObject({ rules: z.array(ruleSchema).max(10_000) })

type WrittenRule = z.output<typeof ruleSchema>

const vitalUnits: Record<string, string> = {
  cpu: '1',
  memory: '1',
  errorRate: '1',
  eventLoop: '1',
  responseTime: 's',
  requestRate: '{request}/s',
  activeConnections: '{connection}',
}

export type RulesReading =
  | { readonly rules: readonly Rule[]; readonly mistakes: readonly [] }
  | { readonly rules: null; readonly mistakes: readonly Mistake[] }

/**
 * Reads a rules file. All or nothing: one mistake and no rule of the file is used, so that a half-read
 * file never silently watches less than its author thinks.
 *
 * Mistake codes beside those of {@link readYaml}: `duplicate-rule`, `no-target`, `two-targets`,
 * `no-condition`, `two-conditions`, `no-level`, `levels-swapped`, `clear-beyond-threshold`.
 */
export function readRules(file: string, text: string): RulesReading {
  const reading = readYaml(file, text, fileSchema)
  if (!reading.value) return { rules: null, mistakes: reading.mistakes }

  const mistakes: Mistake[] = []
  const rules: Rule[] = []
  const seen = new Set<string>()
  reading.value.rules.forEach((written, index) => {
    const say = (key: string, code: string, message: string, remedy: string) =>
      mistakes.push(reading.mistakeAt(['rules', index, key], code, `${written.alert}: ${message}`, remedy))
    if (seen.has(written.alert)) {
      say('alert', 'duplicate-rule', 'another rule has this name already.', 'Rename one of them.')
    }
    seen.add(written.alert)
    const rule = written.absent ? absenceRule(written, say) : thresholdRule(written, say)
    if (rule) rules.push(rule)
  })
  return mistakes.length > 0 ? { rules: null, mistakes } : { rules, mistakes: [] }
}

type Say = (key: string, code: string, message: string, remedy: string) => void

function absenceRule(written: WrittenRule, say: Say): Rule | null {
  if (written.above || written.below || written.vital || written.metric) {
    say('absent', 'two-conditions', '`absent` stands alone.', 'Move the threshold into a rule of its own.')
    return null
  }
  const { missed_reports: missedReports, at_least: minimumMs } = written.absent!
  return {
    kind: 'absence',
    name: written.alert,
    missedReports,
    minimumMs,
    severity: written.severity ?? 'critical',
    swarms: written.swarm,
    agents: written.agent,
    summary: written.summary ?? '{{agent}} has not reported for {{value}}',
    labels: written.labels,
  }
}

function thresholdRule(written: WrittenRule, say: Say): Rule | null {
  const target = targetOf(written, say)
  if (written.above && written.below) {
    say('below', 'two-conditions', 'it has `above` and `below`.', 'Write two rules.')
    return null
  }
  const levels = written.above ?? written.below
  if (!levels) {
    say('alert', 'no-condition', 'it has no condition.', 'Add `above`, `below` or `absent`.')
    return null
  }
  const direction = written.above ? 'above' : 'below'
  const warning = level(levels.warning, written.for?.warning)
  const critical = level(levels.critical, written.for?.critical)
  if (!warning && !critical) {
    say(direction, 'no-level', `\`${direction}\` has no level.`, 'Give `warning`, `critical` or both.')
    return null
  }
  const worse = (a: number, b: number) => (direction === 'above' ? a > b : a < b)
  if (warning && critical && !worse(critical.value, warning.value)) {
    const relation = direction === 'above' ? 'higher' : 'lower'
    say(
      direction,
      'levels-swapped',
      `critical must be ${relation} than warning.`,
      'Swap or change the two values.',
    )
    return null
  }
  const lowest = (warning ?? critical)!.value
  if (written.clear !== undefined && worse(written.clear, lowest)) {
    say(
      'clear',
      'clear-beyond-threshold',
      '`clear` lies beyond the threshold: it would never matter.',
      'Move it to the good side.',
    )
    return null
  }
  if (!target) return null
  return {
    kind: 'threshold',
    name: written.alert,
    target,
    direction,
    warning,
    critical,
    keepFiringMs: written.keep_firing_for,
    clear: written.clear ?? null,
    swarms: written.swarm,
    agents: written.agent,
    summary:
      written.summary ??
      `{{agent}}: ${'vital' in target ? target.vital : target.metric} is {{value}}, limit {{threshold}}`,
    unit: written.unit ?? ('vital' in target ? (vitalUnits[target.vital] ?? '') : ''),
    labels: written.labels,
  }
}

function targetOf(written: WrittenRule, say: Say): RuleTarget | null {
  if (written.vital && written.metric) {
    say('metric', 'two-targets', 'it has `vital` and `metric`.', 'Keep one of them.')
    return null
  }
  if (written.vital) return { vital: written.vital }
  if (written.metric) return { metric: written.metric, attributes: written.attributes ?? {} }
  const remedy = `Add \`vital\` (${vitalNames.join(', ')}) or \`metric\`.`
  say('alert', 'no-target', 'it does not say what to look at.', remedy)
  return null
}

function level(value: number | undefined, forMs: number | undefined): RuleLevel | null {
  return value === undefined ? null : { value, forMs: forMs ?? 0 }
}
