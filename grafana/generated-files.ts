import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { prometheusRules } from './prometheus-rules.ts'
import { swarmOverview } from './swarm-overview.ts'

const biome = fileURLToPath(new URL('../node_modules/@biomejs/biome/bin/biome', import.meta.url))

/** What the generator writes: path within `grafana/` and bytes. Same sources, same bytes. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['dashboards/perfmon-swarm-overview.json', formatted(JSON.stringify(swarmOverview()))],
    ['prometheus-rules.yaml', prometheusRules()],
  ])
}

/** As the repository's formatter has it: otherwise its check and this generator would undo each other. */
function formatted(json: string): string {
  return execFileSync(process.execPath, [biome, 'format', '--stdin-file-path=generated.json'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    input: json,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
}
