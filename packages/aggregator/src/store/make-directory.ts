import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a directory and its missing parents, readable for its owner only. Not `mkdirSync` with `recursive`:
 * where the system answers ENOENT although the parent is there (`/proc`), that one never comes back.
 *
 * @throws the system's error for the first directory that cannot be made
 */
export const makeDirectory = (dir: string): void => {
  if (existsSync(dir)) return
  makeDirectory(dirname(dir))
  try {
    mkdirSync(dir, { mode: 0o700 })
  } catch (error) {
    // Somebody else made it in between.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
