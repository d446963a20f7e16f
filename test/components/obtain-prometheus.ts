import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import { type Component, missing } from './component.ts'
import { findOnPath } from './find-on-path.ts'
import { runToEnd } from './run-to-end.ts'

export interface PrometheusBinaries {
  readonly prometheus: string
  readonly promtool: string
}

/**
 * The real Prometheus: from PATH, or Debian's package unpacked into the cache. Unpacked rather than
 * installed: that needs no root, and the package would start a service of its own on port 9090.
 */
export async function obtainPrometheus(): Promise<Component<PrometheusBinaries>> {
  const unpacked = cacheFolder('prometheus')
  const already = await bothIn([join(unpacked, 'usr/bin')])
  if (already !== null) return { binaries: already }

  const aptGet = await findOnPath('apt-get')
  const unpack = await findOnPath('dpkg-deb')
  if (aptGet === null || unpack === null)
    return missing('no Prometheus: it is neither on PATH nor to be had from apt')

  const workFolder = `${unpacked}.unpacking-${process.pid}`
  await mkdir(workFolder, { recursive: true })
  try {
    const why = await download(aptGet, workFolder)
    if (why !== null) return missing(`no Prometheus: ${why}`)
    const packageFile = (await readdir(workFolder)).find((name) => name.endsWith('.deb'))
    const tree = join(workFolder, 'tree')
    await runToEnd(unpack, ['-x', join(workFolder, packageFile ?? ''), tree])
    // Loses against another test run that unpacked at the same moment: its tree is as good as ours.
    await rename(tree, unpacked).catch(() => undefined)
  } finally {
    await rm(workFolder, { recursive: true, force: true })
  }
  const binaries = await bothIn([join(unpacked, 'usr/bin')])
  return binaries === null ? missing('no Prometheus: the package lacks prometheus or promtool') : { binaries }
}

/** Downloads the package; null, or why that failed. Package lists older than the archive are renewed once. */
async function download(aptGet: string, folder: string): Promise<string | null> {
  const attempt = () => runToEnd(aptGet, ['download', 'prometheus'], { cwd: folder, timeoutMs: 120_000 })
  const first = await attempt()
  if (first.exitCode === 0) return null
  await runToEnd(aptGet, ['update', '-qq'], { timeoutMs: 120_000 })
  const second = await attempt()
  return second.exitCode === 0 ? null : (second.output.trim().split('\n').at(-1) ?? 'no reason given')
}

async function bothIn(folders: readonly string[]): Promise<PrometheusBinaries | null> {
  const prometheus = await findOnPath('prometheus', folders)
  const promtool = await findOnPath('promtool', folders)
  return prometheus === null || promtool === null ? null : { prometheus, promtool }
}
