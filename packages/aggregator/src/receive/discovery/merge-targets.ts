import type { Target } from './target.ts'

/**
 * All targets of all sources, each address once. Labels of the source that comes first win over those of later ones; it
 * is certain to be there if one source is certain.
 */
export function mergeTargets(
  sources: Iterable<readonly Target[]>,
  most: number,
): { readonly targets: ReadonlyMap<string, Target>; readonly leftOut: number } {
  const targets = new Map<string, Target>()
  let leftOut = 0
  for (const source of sources) {
    for (const target of source) {
      const known = targets.get(target.url)
      if (!known && targets.size >= most) leftOut += 1
      else if (!known) targets.set(target.url, target)
      else {
        const isMaybe = known.isMaybe === true && target.isMaybe === true
        const { url } = target
        targets.set(url, { url, labels: { ...target.labels, ...known.labels }, ...(isMaybe && { isMaybe }) })
      }
    }
  }
  return { targets, leftOut }
}
