import { dirname, join } from 'node:path'

/** Where packages lie beside a program; pnpm keeps the ones that nobody asked for in a folder of its own. */
const shelves = ['node_modules', join('node_modules', '.pnpm', 'node_modules')]

/** Deepest folder that is looked from. */
const maxLevels = 12

/**
 * Which of these packages the program could load: those installed in a folder above it or above where it
 * was started. Where packages are not in folders (Yarn's Plug'n'Play) it could be any.
 */
export const findPackages = (
  names: readonly string[],
  { script, folder, anywhere }: { script: string | undefined; folder: string; anywhere: boolean },
): readonly string[] => {
  if (anywhere) return names
  // Not by `import`: that alone costs 4 ms, as it reads every export, `fs.promises` among them.
  const { existsSync, realpathSync } = process.getBuiltinModule('node:fs')
  const starts = new Set([folder])
  if (script !== undefined) {
    starts.add(dirname(script))
    try {
      starts.add(dirname(realpathSync(script)))
    } catch {
      // The agent will say that its script is missing.
    }
  }
  const looked = new Set<string>()
  const found = new Set<string>()
  for (const start of starts) {
    for (let at = start, level = 0; level < maxLevels && !looked.has(at); at = dirname(at), level++) {
      looked.add(at)
      for (const shelf of shelves) {
        const place = join(at, shelf)
        if (!existsSync(place)) break
        for (const name of names) if (!found.has(name) && existsSync(join(place, name))) found.add(name)
      }
    }
  }
  return [...found]
}
