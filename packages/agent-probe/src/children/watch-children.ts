import { subscribe } from 'node:diagnostics_channel'
import type { HookGuard } from '../hook-guard.ts'
import { type ProcessIdentity, parentVariable } from './agent-identity.ts'

interface SpawnOptions {
  readonly file?: unknown
  readonly envPairs?: string[]
  readonly args?: readonly string[]
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

/** Whether Node is told to load something before its script: us, perhaps. */
const isPreloading = (args: readonly string[], nodeOptions: string | undefined): boolean =>
  [...args, ...(nodeOptions ?? '').split(/\s+/)].some((option) => /^(--import|--require|-r)\b/.test(option))

/** Where a child could have its resource attributes from. */
const attributeVariables = ['OTEL_RESOURCE_ATTRIBUTES', 'PERFMON_CONFIG_FILE']

/**
 * Tells each Node child with a preload who started it: `fork`, `spawn` and `cluster` alike. One variable more in its environment
 * alone, which the probe there takes out again; other programs see nothing.
 */
export const watchChildren = ({ guard, identity }: { guard: HookGuard; identity: ProcessIdentity }): void => {
  // An agent that imports us in its code starts children that do the same, unseen.
  let everyone: boolean | undefined
  const tell = guard.wrap<unknown, SpawnOptions>(({ file, envPairs, args = [] }) => {
    if (!Array.isArray(envPairs) || !isNode(file)) return
    everyone ??= !isPreloading(process.execArgv, process.env['NODE_OPTIONS'])
    if (!everyone && !isPreloading(args, valueIn(envPairs, 'NODE_OPTIONS'))) return
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
