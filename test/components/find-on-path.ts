import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'

/** Full path of a program, looked for on PATH and then in `alsoIn`; null when it is nowhere. */
export async function findOnPath(program: string, alsoIn: readonly string[] = []): Promise<string | null> {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...alsoIn]
  for (const folder of folders) {
    const path = join(folder, program)
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (folder !== '' && found) return path
  }
  return null
}
