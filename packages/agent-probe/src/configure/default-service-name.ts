import { basename, dirname, extname, resolve } from 'node:path'

/** Names that say nothing about what a program is. */
const anonymous = new Set(['index', 'main'])
const silentFolders = new Set(['src', 'dist', 'lib', 'build', 'bin', 'out'])

/**
 * An agent's name when nobody gave one: its script without extension (`worker.js` is `worker`), or for an
 * `index.js` the folder that holds it (`planner/src/index.js` is `planner`). `node` without a script.
 */
export const defaultServiceName = (script: string | undefined): string => {
  if (script === undefined || script === '') return 'node'
  const path = resolve(script)
  const name = basename(path, extname(path))
  if (!anonymous.has(name)) return name
  let folder = dirname(path)
  while (silentFolders.has(basename(folder))) folder = dirname(folder)
  return basename(folder) || name
}
