import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../cache-folder.ts'
import { type Component, missing, tell } from '../component.ts'
import { findOnPath } from '../find-on-path.ts'
import { runToEnd } from '../run-to-end.ts'

interface GoProgram {
  readonly name: string
  /** Go modules at exact versions, through the module proxy. */
  readonly modules: readonly string[]
  /** What is built: `.` for `files`, else a package of one of the modules. */
  readonly package: string
  readonly files: Readonly<Record<string, string>>
}

/** A Go program, built once: 20 s to 2 min on two cores, then from the cache. Missing where Go or its proxy is. */
export async function obtainGoProgram(program: GoProgram): Promise<Component<{ readonly path: string }>> {
  const hash = createHash('sha256').update(JSON.stringify(program)).digest('hex').slice(0, 16)
  const path = cacheFolder('otlp-senders', hash, program.name)
  if (existsSync(path)) return { binaries: { path } }
  const go = await findOnPath('go', ['/usr/local/go/bin'])
  if (go === null) return missing(`no ${program.name}: Go is not installed`)
  tell(`builds ${program.name}, once: a minute or two`)
  const folder = `${cacheFolder('otlp-senders', hash)}.building-${process.pid}`
  await mkdir(folder, { recursive: true })
  try {
    for (const [name, text] of Object.entries(program.files)) await writeFile(join(folder, name), text)
    for (const args of [
      ['get', ...program.modules],
      ['build', '-o', program.name, program.package],
    ]) {
      const { exitCode, output } = await runToEnd('nice', [go, ...args], { cwd: folder, timeoutMs: 600_000 })
      if (exitCode !== 0) return missing(`no ${program.name}: go says ${output.trim().split('\n').at(-1)}`)
    }
    await mkdir(cacheFolder('otlp-senders', hash), { recursive: true })
    await rename(join(folder, program.name), path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { binaries: { path } }
}
