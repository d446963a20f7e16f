import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import { type Component, missing } from './component.ts'
import { findOnPath } from './find-on-path.ts'
import { runToEnd } from './run-to-end.ts'

export interface RedisServer {
  readonly redis: string
  /** Its libraries, where it was unpacked rather than installed. */
  readonly libraryPath: string
}

/** Debian's packages of it, and of the libraries that it needs and a small machine lacks. */
const packages = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1']

/** A real Redis: Redis or Valkey from PATH, or Debian's package unpacked into the cache without installing it. */
export async function obtainRedis(): Promise<Component<RedisServer>> {
  const installed = (await findOnPath('redis-server')) ?? (await findOnPath('valkey-server'))
  if (installed !== null) return { binaries: { redis: installed, libraryPath: '' } }
  const unpacked = cacheFolder('redis')
  const already = await serverIn(unpacked)
  if (already !== null) return { binaries: already }

  const aptGet = await findOnPath('apt-get')
  const unpack = await findOnPath('dpkg-deb')
  if (aptGet === null || unpack === null) {
    return missing('no Redis: it is neither on PATH nor to be had from apt')
  }
  const workFolder = `${unpacked}.unpacking-${process.pid}`
  await mkdir(workFolder, { recursive: true })
  try {
    const download = () =>
      runToEnd(aptGet, ['download', ...packages], { cwd: workFolder, timeoutMs: 120_000 })
    let { exitCode, output } = await download()
    if (exitCode !== 0) {
      // Package lists older than the archive.
      await runToEnd(aptGet, ['update', '-qq'], { timeoutMs: 120_000 })
      ;({ exitCode, output } = await download())
    }
    if (exitCode !== 0) return missing(`no Redis: ${output.trim().split('\n').at(-1) ?? 'no reason given'}`)
    const tree = join(workFolder, 'tree')
    for (const name of await readdir(workFolder)) {
      if (name.endsWith('.deb')) await runToEnd(unpack, ['-x', join(workFolder, name), tree])
    }
    await rename(tree, unpacked).catch(() => undefined)
  } finally {
    await rm(workFolder, { recursive: true, force: true })
  }
  const server = await serverIn(unpacked)
  return server === null ? missing('no Redis: the package lacks redis-server') : { binaries: server }
}

async function serverIn(folder: string): Promise<RedisServer | null> {
  const redis = join(folder, 'usr/bin/redis-server')
  const libraries = join(folder, 'usr/lib')
  const names = await readdir(libraries).catch(() => [])
  // Libraries of a machine's kind lie in a folder of its name.
  const libraryPath = names.map((name) => join(libraries, name)).join(':')
  const { exitCode } = await runToEnd(redis, ['--version'], {
    env: { LD_LIBRARY_PATH: libraryPath },
    timeoutMs: 10_000,
  }).catch(() => ({ exitCode: null }))
  return exitCode === 0 ? { redis, libraryPath } : null
}
