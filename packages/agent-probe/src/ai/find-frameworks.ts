import { existsSync, realpathSync } from 'node:fs'

/** Where packages lie beside a program; pnpm keeps the ones that nobody asked for in a folder of its own. */
const shelves = ['node_modules', 'node_modules/.pnpm/node_modules']

/** Deepest folder that is looked from. */
const maxLevels = 12

/**
 * The folder above, and the root above itself. By hand: the first calls of `node:path` in a process compile it,
 * which takes longer than looking for the packages. Windows takes both kinds of slashes.
 */
const above = (path: string): string => {
  const cut = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
  return cut > 0 ? path.slice(0, cut) : path.slice(0, cut + 1)
}

/**
 * Which of these packages the program could load: those installed in a folder above it or above where it
 * was started. Where packages are not in folders (Yarn's Plug'n'Play) it could be any.
 */
export const findPackages = (
  names: readonly string[],
  { script, folder, anywhere }: { script: string | undefined; folder: string; anywhere: boolean },
): readonly string[] => {
  if (anywhere) return names
  const starts = new Set([folder])
  if (script !== undefined) {
    starts.add(above(script))
    try {
      starts.add(above(realpathSync.native(script)))
    } catch {
      // The agent will say that its script is missing.
    }
  }
  const looked = new Set<string>()
  const found = new Set<string>()
  for (const start of starts) {
    for (let at = start, level = 0; level < maxLevels && !looked.has(at); at = above(at), level++) {
      looked.add(at)
      for (const shelf of shelves) {
        const place = `${at}/${shelf}`
        if (!existsSync(place)) break
        for (const name of names) if (!found.has(name) && existsSync(`${place}/${name}`)) found.add(name)
      }
    }
  }
  return [...found]
}
