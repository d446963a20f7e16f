import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where downloaded and built components live: outside the repository, so that a clean checkout finds them. */
export function cacheFolder(...parts: readonly string[]): string {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(root, 'perfmon-components', ...parts)
}
