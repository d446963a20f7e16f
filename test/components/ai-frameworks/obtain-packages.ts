import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../cache-folder.ts'
import { type Component, missing, tell } from '../component.ts'
import { runToEnd } from '../run-to-end.ts'

/** A folder in which an agent finds these packages. */
export interface PackageFolder {
  readonly folder: string
}

/**
 * Real packages at exact versions, installed by npm into the cache: they are tested against, not depended on.
 * No install scripts are run.
 */
export async function obtainPackages(
  dependencies: Readonly<Record<string, string>>,
): Promise<Component<PackageFolder>> {
  const manifest = JSON.stringify({ name: 'ai-frameworks', private: true, dependencies })
  const hash = createHash('sha256').update(manifest).digest('hex').slice(0, 16)
  const folder = cacheFolder('ai-frameworks', hash)
  if (existsSync(join(folder, 'installed'))) return { binaries: { folder } }

  const names = Object.entries(dependencies).map(([name, version]) => `${name}@${version}`)
  tell(`installs ${names.join(' ')}`)
  const draft = `${folder}.installing-${process.pid}`
  await mkdir(draft, { recursive: true })
  try {
    await writeFile(join(draft, 'package.json'), manifest)
    const { exitCode, output } = await runToEnd(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'],
      { cwd: draft, timeoutMs: 300_000 },
    ).catch((error: Error) => ({ exitCode: null, output: error.message }))
    if (exitCode !== 0) {
      return missing(`no ${names.join(' ')}: npm says ${output.trim().split('\n').at(-1) ?? 'nothing'}`)
    }
    await writeFile(join(draft, 'installed'), '')
    // Loses against another test run that installed at the same moment: its folder is as good as ours.
    await rename(draft, folder).catch(() => undefined)
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
  return { binaries: { folder } }
}
