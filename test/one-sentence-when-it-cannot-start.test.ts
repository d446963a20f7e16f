import { spawn } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root, runPerfmon, startPerfmon, temporaryFolder } from './start-perfmon.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let squatter: Server
let taken: number

beforeAll(async () => {
  folder = await temporaryFolder()
  squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
  taken = (squatter.address() as { port: number }).port
})
afterAll(async () => {
  squatter?.close()
  await folder?.remove()
})

const start = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runPerfmon(
    ['start', '--json', '--port', '0', '--otlp-port', '0', '--data', 'data', ...args],
    folder.path,
    env,
  )

test.each([
  [
    '--port',
    /^Port \d+ on 127\.0\.0\.1 is taken by another program\. Choose another with --port, or stop that program\.\n$/,
  ],
  [
    '--otlp-port',
    /^Port \d+ on 127\.0\.0\.1 is taken by another program\. Choose another with --otlp-port, or stop that program\.\n$/,
  ],
])('a taken %s', async (flag, sentence) => {
  const { code, stderr, stdout } = await start([flag, String(taken)])
  expect(stderr).toMatch(sentence)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
})

test('a folder that another aggregator uses', async () => {
  const first = await startPerfmon({ dataDir: folder.path })
  const second = await runPerfmon(
    ['start', '--json', '--port', '0', '--otlp-port', '0', '--data', folder.path],
    folder.path,
  )
  expect(second.code).toBe(1)
  expect(second.stderr.trim().split('\n')).toHaveLength(1)
  expect(second.stderr).toContain(folder.path)
  await first.stop()
})

test.skipIf(process.getuid?.() === 0)('a folder that may not be written', async () => {
  const place = join(folder.path, 'forbidden')
  await mkdir(place)
  await chmod(place, 0o500)
  const { code, stderr } = await start(['--data', join(place, 'data')])
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('a data folder that is a file', async () => {
  await writeFile(join(folder.path, 'file'), '')
  const { code, stderr } = await start(['--data', join(folder.path, 'file')])
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

test('a configuration file that is not there', async () => {
  const { code, stderr } = await start(['--config', 'nowhere.yaml'])
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'The configuration file nowhere.yaml is not there. Check --config.\n',
  })
})

test('a host that other machines can reach, without a token', async () => {
  const { code, stderr } = await start([], { PERFMON_HOST: '0.0.0.0' })
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /^Listening on 0\.0\.0\.0 is open to other machines and needs a token\. Set PERFMON_TOKEN.*\n$/,
  )
})

test('a port that is none', async () => {
  const { code, stderr } = await start(['--port', '99999'])
  expect(code).not.toBe(0)
  expect(stderr).toMatch(/whole number from 0/)
})

test('a Node that is too old', async () => {
  // The check is the first thing in the file and needs nothing but `process`; an old Node cannot be had everywhere.
  const script = `Object.defineProperty(process.versions, 'node', { value: '18.20.0' }); await import(${JSON.stringify(join(root, 'packages/cli/bin/perfmon.mjs'))})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'Perfmon needs Node 22.18 or newer; this is Node 18.20.0.\n',
  })
})
