import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildProbe, registerFile, runAgent } from '../testing/run-agent.ts'

const unshare = ['unshare', '--mount', 'sh', '-c']
const address = '127.0.0.77'
const isPossible =
  process.platform === 'linux' && spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status === 0

/** A name server that is asked and never answers. */
const nameServer = createSocket('udp4')
let canListen = isPossible
let folder: string
beforeAll(async () => {
  await buildProbe()
  folder = await mkdtemp(join(tmpdir(), 'perfmon-names-'))
  await writeFile(join(folder, 'resolv.conf'), `nameserver ${address}\n`)
  if (!isPossible) return
  nameServer.bind(53, address)
  await once(nameServer, 'listening').catch(() => {
    canListen = false
  })
}, 30_000)
afterAll(async () => {
  nameServer.close()
  await rm(folder, { recursive: true, force: true })
})

test('a name server that does not answer holds neither an exit nor a natural end (skipped without privileges)', async ({
  skip,
}) => {
  if (!canListen) skip('a name server of our own takes privileges')
  let asked = 0
  nameServer.on('message', () => asked++)
  const ended = async (source: string) => {
    const script = `mount --bind ${join(folder, 'resolv.conf')} /etc/resolv.conf && exec "$0" "$@"`
    const agent = await runAgent({
      source: `process.on('exit', () => console.log('ending at', Date.now()))
${source}`,
      node: unshare[0]!,
      nodeOptions: [...unshare.slice(1), script, process.execPath, '--import', registerFile],
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.example:4318', PERFMON_EXIT_WAIT_MS: '50' },
    })
    const { code, stdout } = await agent.ended
    return { code, delayMs: Date.now() - Number(/ending at (\d+)/.exec(stdout)?.[1]) }
  }
  const exit = await ended('setTimeout(() => process.exit(3), 400)')
  const natural = await ended('setTimeout(() => {}, 400)')
  expect(asked).toBeGreaterThan(0)
  expect([exit.code, natural.code]).toEqual([3, 0])
  // `getaddrinfo` would take 10 seconds here: this is no measurement, but the difference between two designs.
  expect(exit.delayMs).toBeLessThan(5000)
  expect(natural.delayMs).toBeLessThan(5000)
})

test('a name that does not exist is told', async () => {
  const agent = await runAgent({
    source: 'setInterval(() => {}, 1000)',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.invalid:4318' },
  })
  await agent.said('cannot deliver metrics to http://collector.invalid:4318/v1/metrics (')
  agent.process.kill()
  expect(await agent.ended).toMatchObject({ signal: 'SIGTERM' })
})
