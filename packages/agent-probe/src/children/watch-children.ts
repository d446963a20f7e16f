import { subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import { type ProcessIdentity, parentVariable } from './agent-identity.ts'

interface SpawnOptions {
  readonly file?: unknown
  readonly envPairs?: string[]
}
interface Child {
  spawn?: (this: Child, options: SpawnOptions) => unknown
}

/** By hand rather than by `node:path`, which most agents never load. */
const isNode = (file: unknown): boolean => {
  if (typeof file !== 'string') return false
  if (file === process.execPath) return true
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1)
  return name === 'node' || name === 'node.exe'
}

const valueIn = (envPairs: readonly string[], name: string): string | undefined =>
  envPairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)

/** Where a child could have its resource attributes from. */
const attributeVariables = ['OTEL_RESOURCE_ATTRIBUTES', 'PERFMON_CONFIG_FILE']

/**
 * Tells each Node child who started it: `fork`, `spawn` and `cluster` alike. One variable more in its environment
 * alone, which the probe there takes out again; other programs see nothing.
 */
export const watchChildren = ({ guard, identity }: { guard: HookGuard; identity: ProcessIdentity }): void => {
  const tell = guard.wrap<unknown, SpawnOptions>(({ file, envPairs }) => {
    if (!Array.isArray(envPairs) || !isNode(file)) return
    const hasOurs = attributeVariables.every(
      (name) => (valueIn(envPairs, name) ?? '') === (process.env[name] ?? ''),
    )
    envPairs.push(`${parentVariable}=${identity.forChild(hasOurs)}`)
  })
  // Published when the object is made, before anything is started.
  const onChild = guard.wrap<unknown, { process: Child }>(({ process: child }) => {
    const { spawn } = child
    if (typeof spawn !== 'function') return
    child.spawn = function (options) {
      tell.call(undefined, options)
      // Only for this call: what an agent may find on its object later is its own again.
      delete child.spawn
      return spawn.call(this, options)
    }
  })
  subscribe('child_process', onChild as (message: unknown) => void)
}
