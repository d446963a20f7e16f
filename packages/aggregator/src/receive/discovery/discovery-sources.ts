import type { Logger } from '../../system/logger.ts'
import type { DiscoverySettings } from './discovery-settings.ts'
import type { DiscoverySource } from './discovery-source.ts'
import { staticTargets } from './static-targets.ts'
import { watchedFile } from './watched-file.ts'

export interface DiscoverySourcesOptions {
  readonly settings: DiscoverySettings
  readonly addresses: readonly string[]
  readonly logger: Logger
}

/** The sources that the configuration asks for, those that a person wrote by hand first: their labels win. */
export function discoverySources({
  settings,
  addresses,
  logger,
}: DiscoverySourcesOptions): DiscoverySource[] {
  return [
    staticTargets(addresses),
    ...settings.files.map(({ path, refresh }) => watchedFile({ path, refreshMs: refresh, logger })),
  ]
}
