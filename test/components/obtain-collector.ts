import { createHash } from 'node:crypto'
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheFolder } from './cache-folder.ts'
import { builderModule, collectorManifest, collectorVersion } from './collector-manifest.ts'
import { type Component, missing, tell } from './component.ts'
import { findOnPath } from './find-on-path.ts'
import { runToEnd } from './run-to-end.ts'

export interface CollectorBinaries {
  readonly otelcol: string
}

const progressEveryMs = 10_000
const buildLimitMs = 14 * 60_000
/** What Go prints when the machine is the reason, not our manifest. */
const machineReasons: readonly (readonly [RegExp, string])[] = [
  [/requires go >=/, 'the installed Go is older than the collector wants (1.26)'],
  [
    /dial tcp|no such host|i\/o timeout|connection (refused|reset)|TLS handshake|GOPROXY=off|403 Forbidden|50[234] /,
    'the Go module proxy cannot be reached',
  ],
]

/**
 * The real OpenTelemetry Collector with the components that our configuration names, built by the
 * collector's own builder through the Go module proxy: 2.5 minutes on 2 cores, then from the cache.
 * Missing where Go is, or where the proxy cannot be reached. A manifest that does not build rejects.
 */
export async function obtainCollector(): Promise<Component<CollectorBinaries>> {
  const hash = createHash('sha256').update(collectorManifest('')).digest('hex').slice(0, 16)
  const otelcol = join(cacheFolder(hash), 'otelcol')
  if (await exists(otelcol)) return { binaries: { otelcol } }

  const go = await findOnPath('go', ['/usr/local/go/bin'])
  if (go === null) return missing('no collector: Go is not installed')

  // Apart from the final place, and renamed when complete: a build that was killed leaves no half binary.
  const workFolder = `${cacheFolder(hash)}.building-${process.pid}`
  await mkdir(workFolder, { recursive: true })
  try {
    const manifest = join(workFolder, 'manifest.yaml')
    const outputFolder = join(workFolder, 'out')
    await writeFile(manifest, collectorManifest(outputFolder))
    const { exitCode, output } = await build(go, manifest, workFolder)
    if (exitCode !== 0) {
      const why = machineReasons.find(([printed]) => printed.test(output))?.[1]
      if (why !== undefined) return missing(`no collector: ${why}`)
      throw new Error(`Building the collector failed (exit code ${exitCode}):\n${output.slice(-4000)}`)
    }
    await mkdir(dirname(otelcol), { recursive: true })
    await rename(join(outputFolder, 'otelcol'), otelcol)
    return { binaries: { otelcol } }
  } finally {
    await rm(workFolder, { recursive: true, force: true })
  }
}

async function build(go: string, manifest: string, cwd: string) {
  const startedMs = Date.now()
  const seconds = () => Math.round((Date.now() - startedMs) / 1000)
  let lastLine = 'starting'
  tell(`building the OpenTelemetry Collector ${collectorVersion}, once: a few minutes on a small machine`)
  const progress = setInterval(() => tell(`collector build, ${seconds()} s: ${lastLine}`), progressEveryMs)
  try {
    const ended = await runToEnd('nice', [go, 'run', builderModule, '--config', manifest], {
      cwd,
      env: { PATH: `${dirname(go)}:${process.env.PATH ?? ''}` },
      timeoutMs: buildLimitMs,
      onLine: (line) => {
        lastLine = line.split('\t').slice(-2).join(' ').slice(0, 100)
      },
    })
    tell(`collector build ended after ${seconds()} s with exit code ${ended.exitCode}`)
    return ended
  } finally {
    clearInterval(progress)
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
