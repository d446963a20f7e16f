import type { HookGuard } from '../hook-guard.ts'
import type { AiWork } from './ai-work.ts'

/** Who is handed something when a file is loaded. */
export type Handed = 'langChain' | 'mcp' | 'bullMq' | 'mastra' | 'undici'

export interface Patch {
  /** Matches the end of the file's URL. */
  readonly file: RegExp
  readonly hands: Handed & keyof AiWork
  /** Expression within the file. */
  readonly value: string
}

type Source = string | ArrayBuffer | Uint8Array | null | undefined
interface Loaded {
  readonly format?: string | null | undefined
  readonly source?: Source
}
type Load = (url: string, context: object, nextLoad: (url: string, context?: object) => Loaded) => Loaded

const receiver = 'perfmon.agent-probe.frameworks'

const textOf = (source: Source): string | undefined => {
  if (typeof source === 'string') return source
  if (source instanceof Uint8Array) return Buffer.from(source).toString('utf8')
  if (source instanceof ArrayBuffer) return Buffer.from(source).toString('utf8')
  return undefined
}

/**
 * Adds a line to the end of the files wanted, as Node loads them; every other file is passed on untouched.
 * Synchronous hooks in this thread: they see `import` and `require`, and need no loader thread.
 */
export const watchLoading = (
  patches: readonly Patch[],
  { guard, receive }: { guard: HookGuard; receive: (hands: Handed, value: unknown) => void },
): void => {
  const { registerHooks } = process.getBuiltinModule('node:module') as {
    registerHooks?: (hooks: { load: Load }) => void
  }
  if (registerHooks === undefined) return

  const take = guard.wrap<unknown, { hands: Handed; value: unknown }>(({ hands, value }) =>
    receive(hands, value),
  )
  Object.defineProperty(globalThis, Symbol.for(receiver), {
    value: (hands: Handed, value: unknown) => take({ hands, value }),
  })

  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const patch = patches.find(({ file }) => file.test(url))
      if (patch === undefined) return loaded
      try {
        return { ...loaded, ...withLine(loaded, patch, url) }
      } catch {
        return loaded
      }
    },
  })
}

const withLine = (loaded: Loaded, { hands, value }: Patch, url: string): Loaded => {
  const isModule = loaded.format === 'module'
  // Importing CommonJS, Node reads the file itself later unless it is given a source.
  const text = textOf(loaded.source) ?? readSource(url)
  // What a module only passes on has no name within it; the module may import itself to get at it.
  const self = isModule && value === 'Agent' ? `import * as perfmonSelf from ${JSON.stringify(url)};` : ''
  const otherwise = isModule ? 'undefined' : `exports.${value}`
  const given = self === '' ? `typeof ${value}==='undefined'?${otherwise}:${value}` : `perfmonSelf.${value}`
  return { source: `${text}\n;${self}globalThis[Symbol.for('${receiver}')]?.('${hands}',${given});\n` }
}

const readSource = (url: string): string => {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  return readFileSync(new URL(url), 'utf8')
}
