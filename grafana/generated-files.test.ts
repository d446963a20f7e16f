import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readRules } from '../packages/core/src/evaluate/read-rules.ts'
import { alertThresholds } from './alert-thresholds.ts'
import { generatedFiles } from './generated-files.ts'

interface Panel {
  readonly id: number
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly w: number }
  readonly datasource: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[]
  readonly fieldConfig: {
    readonly defaults: { readonly unit?: string }
    readonly overrides: readonly { readonly properties: readonly { readonly id: string }[] }[]
  }
}

const here = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

describe('generated files', () => {
  test.each([...generatedFiles()])('%s is what the generator writes', (path, text) => {
    expect(here(path), `Run: node grafana/generate.ts`).toBe(text)
  })

  test("limits are those of Perfmon's default rules", () => {
    const { rules } = readRules('default.yaml', here('../packages/aggregator/rules/default.yaml'))
    const limits: Record<string, unknown> = {}
    for (const rule of rules ?? []) {
      if (rule.kind !== 'threshold' || !('vital' in rule.target)) continue
      limits[rule.target.vital] = { warning: rule.warning?.value, critical: rule.critical?.value }
    }
    expect(limits).toEqual(alertThresholds)
  })
})

describe('the dashboard', () => {
  const all = (JSON.parse(here('dashboards/perfmon-swarm-overview.json')) as { panels: Panel[] }).panels
  const panels = all.filter(({ targets }) => targets !== undefined)
  const titled = panels.map((panel) => [panel.title, panel] as const)

  test('has every panel under a title and an id of its own', () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
    expect(panels.length).toBeGreaterThan(20)
  })

  test.each(titled)('%s says what it shows, and fits into the grid', (_title, panel) => {
    expect(panel.description?.length).toBeGreaterThan(40)
    expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24)
  })

  test.each(titled)('%s has a unit for every value', (_title, panel) => {
    const { defaults, overrides } = panel.fieldConfig
    const own = overrides.filter(({ properties }) => properties.some(({ id }) => id === 'unit'))
    // A table has units per column instead, one column per query.
    expect(defaults.unit !== undefined || own.length === panel.targets?.length).toBe(true)
  })

  test.each(titled)('%s asks the chosen data source for the chosen agents', (_title, panel) => {
    expect(panel.datasource.uid).toBe('$datasource')
    for (const { expr, datasource } of panel.targets ?? []) {
      expect(datasource.uid).toBe('$datasource')
      if (!expr.includes('otelcol_'))
        expect(expr).toContain('service_namespace=~"$swarm", service_name=~"$agent"')
    }
  })

  test.each(titled)('%s looks at counters only through rate()', (_title, panel) => {
    for (const { expr } of panel.targets ?? []) {
      const counters = expr.match(/\w+_(total|count|sum|bucket)(?=\{)/g) ?? []
      const rated = expr.match(/rate\(\w+_(total|count|sum|bucket)\{[^}]*\}\[\$__rate_interval\]\)/g) ?? []
      expect(rated).toHaveLength(counters.length)
    }
  })
})
