import type { HookGuard } from '../hook-guard.ts'
import { canHookLoading } from './can-hook-loading.ts'

/** Who is handed something when a file is loaded. */
export type Handed =
  | 'langChain'
  | 'mcp'
  | 'bullMq'
  | 'mastra'
  | 'mastraRun'
  | 'claudeAgent'
  | 'undici'
  | 'bullMqJob'
  | 'webSocket'
  | 'webSocketServer'

export interface Patch {
  /** Matches the end of the file's URL. */
  readonly file: RegExp
  readonly hands: Handed
  /** Expression within the file. */
  readonly value: string
  /**
   * `value` is a function that a module exports, under whatever name it has within: an object that holds it is
   * handed over, and what is in there afterwards takes its place.
   */
  readonly isReplaced?: boolean
  /** The file passes `value` on from another, where it has a name of its own. */
  readonly isPassedOn?: boolean
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
  if (registerHooks === undefined || !canHookLoading(process.versions.node)) return

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

/** The name within a minified module of what it exports as `exported`, in its last statement. */
const localName = (source: string, exported: string): string | undefined =>
  new RegExp(`[{,]\\s*([\\w$]+) as ${exported}\\b`).exec(source.slice(source.lastIndexOf('export')))?.[1]

const withReplacement = (source: string, { hands, value }: Patch): string => {
  const local = localName(source, value)
  if (local === undefined) return source
  const receive = `globalThis[Symbol.for('${receiver}')]`
  // A constant cannot be replaced: then nothing is.
  return `${source}\n;try{const given={value:${local}};${receive}?.('${hands}',given);${local}=given.value}catch{}\n`
}

const withLine = (loaded: Loaded, patch: Patch, url: string): Loaded => {
  const { hands, value } = patch
  const isModule = loaded.format === 'module'
  // Importing CommonJS, Node reads the file itself later unless it is given a source.
  const text = textOf(loaded.source) ?? readSource(url)
  if (patch.isReplaced) return { source: withReplacement(text, patch) }
  // What a module only passes on has no name within it; the module may import itself to get at it.
  const self = isModule && patch.isPassedOn ? `import * as perfmonSelf from ${JSON.stringify(url)};` : ''
  const otherwise = isModule ? 'undefined' : `exports.${value}`
  const given = self === '' ? `typeof ${value}==='undefined'?${otherwise}:${value}` : `perfmonSelf.${value}`
  return { source: `${text}\n;${self}globalThis[Symbol.for('${receiver}')]?.('${hands}',${given});\n` }
}

const readSource = (url: string): string => {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  return readFileSync(new URL(url), 'utf8')
}
