import { readFile } from 'node:fs/promises'
import { ConfigurationError } from '../../configuration.ts'
import type { AgentTable } from '../../store/agent-table.ts'
import type { Clock } from '../../system/clock.ts'
import type { Logger } from '../../system/logger.ts'
import type { DiscoverySettings } from './discovery-settings.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { dnsTargets, nameResolver } from './dns-targets.ts'
import { kubernetesApi } from './kubernetes-api.ts'
import { kubernetesTargets } from './kubernetes-targets.ts'
import { selfRegistered } from './self-registered.ts'
import { staticTargets } from './static-targets.ts'
import { watchedFile } from './watched-file.ts'

export interface DiscoverySourcesOptions {
  readonly settings: DiscoverySettings
  readonly addresses: readonly string[]
  readonly agents: AgentTable
  readonly clock: Clock
  readonly logger: Logger
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Where the kubelet puts what a pod needs to speak to the API server. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The sources that the configuration asks for, those that a person wrote by hand first: their labels win.
 *
 * @throws ConfigurationError when Kubernetes is asked for and nothing says where it is
 */
export async function discoverySources(options: DiscoverySourcesOptions): Promise<DiscoverySource[]> {
  const { settings, addresses, agents, clock, logger } = options
  const sources = [
    staticTargets(addresses),
    ...settings.files.map(({ path, refresh }) => watchedFile({ path, refreshMs: refresh, logger })),
    ...settings.dns.map(({ refresh, servers, port, ...dns }) =>
      dnsTargets({ ...dns, port, refreshMs: refresh, resolver: nameResolver(servers), clock, logger }),
    ),
  ]
  const { allow } = settings.self_registered
  if (allow.length > 0) sources.push(selfRegistered({ allow, agents, refreshMs: 5_000 }))
  for (const kubernetes of settings.kubernetes) sources.push(await kubernetesSource(kubernetes, options))
  return sources
}

async function kubernetesSource(
  {
    role,
    selector,
    port,
    scheme,
    path,
    swarm_label: swarmLabel,
    ...where
  }: DiscoverySettings['kubernetes'][number],
  { clock, logger, environment }: DiscoverySourcesOptions,
): Promise<DiscoverySource> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: servicePort = '443' } = environment
  const inCluster = host && `https://${host.includes(':') ? `[${host}]` : host}:${servicePort}`
  const server = where.api_server ?? inCluster
  if (!server) {
    throw new ConfigurationError(
      'discovery.kubernetes is on, and this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set). Give it `api_server`, `ca_file` and `token_file`, or remove it.',
    )
  }
  const api = kubernetesApi({
    server,
    caFile: where.ca_file ?? `${serviceAccount}/ca.crt`,
    tokenFile: where.token_file ?? `${serviceAccount}/token`,
  })
  const namespace = where.namespace ?? (await ownNamespace())
  return kubernetesTargets({
    api,
    role,
    namespace: namespace === '*' ? undefined : namespace,
    selector,
    place: { port, scheme, path, swarmLabel },
    clock,
    logger,
  })
}

async function ownNamespace(): Promise<string> {
  try {
    return (await readFile(`${serviceAccount}/namespace`, 'utf8')).trim() || 'default'
  } catch {
    return 'default'
  }
}
