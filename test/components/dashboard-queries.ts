import { readFile } from 'node:fs/promises'

interface Target {
  readonly expr: string
}

interface DashboardFile {
  readonly panels: readonly { readonly title: string; readonly targets?: readonly Target[] }[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] }
}

export interface DashboardQuery {
  /** Where it stands: the panel's title, or what the variable or annotation is called. */
  readonly from: string
  readonly promql: string
}

/** Every query of a dashboard as Grafana would send it, with `variables` (without `$`) put in. */
export async function dashboardQueries(
  file: URL,
  variables: Readonly<Record<string, string>>,
): Promise<DashboardQuery[]> {
  const dashboard = JSON.parse(await readFile(file, 'utf8')) as DashboardFile
  const panels = dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ from: `panel "${title}"`, promql: expr })),
  )
  const lists = dashboard.templating.list.flatMap(({ name, definition = '' }) => {
    const [, metric, label] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? []
    return metric === undefined
      ? []
      : [{ from: `variable ${name}`, promql: `count by (${label}) (${metric})` }]
  })
  const annotations = dashboard.annotations.list.flatMap(({ name, expr }) =>
    expr === undefined ? [] : [{ from: `annotation ${name}`, promql: expr }],
  )
  return [...panels, ...lists, ...annotations].map(({ from, promql }) => ({
    from,
    promql: promql.replaceAll(/\$(\w+)/g, (written, name: string) => variables[name] ?? written),
  }))
}
