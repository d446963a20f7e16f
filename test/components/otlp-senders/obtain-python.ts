import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../cache-folder.ts'
import { type Component, missing, tell } from '../component.ts'
import { findOnPath } from '../find-on-path.ts'
import { runToEnd } from '../run-to-end.ts'

/** A Python with packages at exact versions in a virtual environment of its own; missing where Python or its index is. */
export async function obtainPython(
  packages: readonly string[],
): Promise<Component<{ readonly python: string }>> {
  const hash = createHash('sha256').update(packages.join(' ')).digest('hex').slice(0, 16)
  // Not built apart and renamed: a virtual environment knows its own path.
  const folder = cacheFolder('otlp-senders', hash)
  const python = join(folder, 'bin', 'python')
  if (existsSync(join(folder, 'installed'))) return { binaries: { python } }
  const system = await findOnPath('python3')
  if (system === null) return missing('no Python sender: Python is not installed')
  tell(`installs ${packages.join(' ')}`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  for (const [program, args] of [
    [system, ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '--quiet', ...packages]],
  ] as const) {
    const { exitCode, output } = await runToEnd(program, args, { timeoutMs: 300_000 })
    if (exitCode !== 0) return missing(`no Python sender: ${output.trim().split('\n').at(-1)}`)
  }
  await writeFile(join(folder, 'installed'), '')
  return { binaries: { python } }
}
