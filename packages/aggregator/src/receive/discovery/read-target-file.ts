import { type Mistake, readYaml } from '@perfmon/core'
import { z } from 'zod'
import { AddressError, agentAddresses } from './agent-addresses.ts'
import { attributesOfLabels, mostTargets, type Target } from './target.ts'

const fileSchema = z.array(
  z.strictObject({
    targets: z.array(z.string()),
    labels: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .default({}),
  }),
)

/**
 * Reads a list of targets as Prometheus's `file_sd_configs` has them, JSON or YAML (JSON is YAML too):
 * `[{"targets": ["10.0.0.5:3001"], "labels": {"swarm": "scouts"}}]`
 * (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config). A target may also be an
 * address (`ws://HOST:PORT/PATH`) or a range of ports. The labels `__scheme__` (`ws`, `wss`; default `ws`) and
 * `__metrics_path__` (default `/metrics`) complete a `HOST:PORT`.
 *
 * One mistake anywhere and nothing of the file is used: half a list would make the other half leave. An empty file is
 * a mistake, because it is what a file looks like while it is being written; an empty list is `[]`.
 */
export function readTargetFile(
  file: string,
  text: string,
): { readonly targets?: readonly Target[]; readonly mistakes: readonly Mistake[] } {
  const { value: groups, mistakes, mistakeAt } = readYaml(file, text, fileSchema)
  if (!groups) return { mistakes }
  const targets: Target[] = []
  for (const [index, { targets: written, labels }] of groups.entries()) {
    const attributes = attributesOfLabels(labels)
    for (const [at, target] of written.entries()) {
      try {
        const urls = agentAddresses(addressOf(target, labels), mostTargets - targets.length)
        for (const url of urls)
          targets.push({ url, labels: attributes, ...(urls.length > 1 && { isMaybe: true }) })
      } catch (error) {
        if (!(error instanceof AddressError)) throw error
        const message = `\`${target.slice(0, 200)}\` ${error.message}.`
        return {
          mistakes: [mistakeAt([index, 'targets', at], 'invalid-target', message, 'Change or remove it.')],
        }
      }
    }
  }
  return { targets, mistakes: [] }
}

function addressOf(target: string, labels: Readonly<Record<string, string>>): string {
  if (/^[a-z]+:\/\//i.test(target)) return target
  const path = labels.__metrics_path__ ?? '/metrics'
  return `${labels.__scheme__ ?? 'ws'}://${target}${path.startsWith('/') ? '' : '/'}${path}`
}
