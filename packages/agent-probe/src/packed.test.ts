import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { buildProbe } from './testing/run-agent.ts'
import { startReceiver } from './testing/start-receiver.ts'

const run = promisify(execFile)
const packageFolder = fileURLToPath(new URL('..', import.meta.url))

beforeAll(buildProbe, 30_000)

test('the packed package works in an empty project, offline and without dependencies', {
  timeout: 60_000,
}, async () => {
  const project = await mkdtemp(join(tmpdir(), 'perfmon-project-'))
  onTestFinished(() => rm(project, { recursive: true, force: true }))
  const { stdout } = await run('npm', ['pack', '--pack-destination', project, '--json', '--ignore-scripts'], {
    cwd: packageFolder,
  })
  const [{ filename, files }] = [Object.values(JSON.parse(stdout))[0]] as [
    { filename: string; files: { path: string }[] },
  ]
  expect(files.map(({ path }) => path).sort()).toEqual([
    'README.md',
    'dist/actions.js',
    'dist/ai.js',
    'dist/api.cjs',
    'dist/api.d.cts',
    'dist/api.d.ts',
    'dist/api.js',
    'dist/config-file.js',
    'dist/coordination.js',
    'dist/exit-worker.js',
    'dist/host.js',
    'dist/http2.js',
    'dist/prices.json',
    'dist/register.d.ts',
    'dist/register.js',
    'dist/telemetry.js',
    'dist/threads.js',
    'dist/websocket.js',
    'package.json',
  ])
  await writeFile(join(project, 'package.json'), '{"name":"project","private":true}')
  await run('npm', ['install', `./${filename}`, '--offline', '--no-audit', '--no-fund'], { cwd: project })
  expect((await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'))).toEqual([
    '@perfmon',
  ])

  const use = (load: string) => `${load}
const answer: Promise<number> = task('work', { queuedAtMs: 1 }, async (running) => { running.complete(); return 42 })
counter('mine', { unit: 's' }).add(1, { of: 'me' })
// @ts-expect-error: a name is a text
task(7, () => {})
answer.then((value) => console.log(value))`
  await writeFile(join(project, 'use.mts'), use(`import { counter, task } from '@perfmon/agent-probe/api'`))
  await writeFile(
    join(project, 'use.cts'),
    use(`import api = require('@perfmon/agent-probe/api')\nconst { counter, task } = api`),
  )
  const compiler = join(packageFolder, '../../node_modules/.bin/tsc')
  const options = [
    '--module',
    'node16',
    '--strict',
    '--target',
    'es2024',
    '--lib',
    'es2024,dom',
    '--types',
    '',
  ]
  await run(compiler, [...options, 'use.mts', 'use.cts'], { cwd: project })
  for (const file of ['use.mjs', 'use.cjs']) {
    const { stdout } = await run(process.execPath, [file], { cwd: project })
    expect(stdout).toBe('42\n')
  }

  await writeFile(join(project, 'agent.js'), 'console.log("ran")')
  const receiver = await startReceiver()
  const agent = await run(process.execPath, ['--import', '@perfmon/agent-probe', 'agent.js'], {
    cwd: project,
    env: {
      PATH: process.env['PATH'],
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      PERFMON_EXIT_WAIT_MS: '5000',
    },
  })
  expect(agent).toMatchObject({ stdout: 'ran\n', stderr: '' })
  expect(receiver.reports[0]!.resource['service.name']).toBe('agent')
  await receiver.close()
})

test('no validation library and no second copy of anything is bundled', async () => {
  for (const file of [
    'register.js',
    'actions.js',
    'ai.js',
    'coordination.js',
    'api.js',
    'api.cjs',
    'telemetry.js',
    'websocket.js',
    'exit-worker.js',
  ]) {
    const text = await readFile(join(packageFolder, 'dist', file), 'utf8')
    expect(text).not.toMatch(/ZodError|protobufjs/)
    // The global name of OpenTelemetry's registrations: our copy keeps out of there.
    expect(text).not.toMatch(/Symbol\.for\([^)]*opentelemetry\.js\.api/)
    expect(text).not.toContain(packageFolder)
  }
})
