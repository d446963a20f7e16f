import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createLogger } from '../../system/logger.ts'
import { kubernetesApi } from './kubernetes-api.ts'
import { kubernetesTargets } from './kubernetes-targets.ts'
import type { Target } from './target.ts'

/** An API server over HTTPS: lists what is in `items`, and streams what a test tells it. */
let folder: string
let server: Server
let items: object[] = []
let watchAnswer: (request: URL, response: ServerResponse) => void
let refuse: number | undefined
const requests: { url: URL; token: string | undefined }[] = []
let stop: (() => void) | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perfmon-kubernetes-'))
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'ca.crt'), '-subj', '/CN=test'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1'],
  ])
  const [key, cert] = await Promise.all(['key.pem', 'ca.crt'].map((name) => readFile(join(folder, name))))
  server = createServer({ key: key!, cert: cert! }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await writeFile(join(folder, 'token'), 'first\n')
})
afterEach(() => {
  stop?.()
  server.closeAllConnections()
  requests.splice(0)
  refuse = undefined
})
afterAll(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

function answer(request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url!, 'https://127.0.0.1')
  requests.push({ url, token: request.headers.authorization })
  if (refuse !== undefined) {
    response.writeHead(refuse).end(JSON.stringify({ kind: 'Status', code: refuse, message: 'not today' }))
  } else if (url.searchParams.has('watch')) watchAnswer(url, response)
  else {
    // Two pages, as a large cluster has.
    const from = Number(url.searchParams.get('continue') ?? 0)
    const next = from + 1 < items.length ? { continue: String(from + 1) } : {}
    const metadata = { resourceVersion: '100', ...next }
    response.end(JSON.stringify({ metadata, items: items.slice(from, from + 1) }))
  }
}

function watch(role: 'endpointslices' | 'pods', port?: string | number) {
  const told: (readonly Target[])[] = []
  const source = kubernetesTargets({
    api: kubernetesApi({
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      caFile: join(folder, 'ca.crt'),
      tokenFile: join(folder, 'token'),
    }),
    role,
    namespace: 'swarms',
    selector: 'app=agent',
    place: { port, scheme: 'ws', path: '/metrics', swarmLabel: 'app.kubernetes.io/part-of' },
    clock: { nowMs: Date.now, random: () => 0 },
    logger: createLogger({ level: 'silent' }),
  })
  stop = source.watch((targets) => told.push(targets))
  return { source, told, urls: () => told.at(-1)?.map(({ url }) => url) }
}
async function until(isDone: () => unknown) {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const slice = (name: string, pods: Record<string, string>, version = '1', addressType = 'IPv4') => ({
  metadata: {
    name,
    namespace: 'swarms',
    resourceVersion: version,
    labels: { 'app.kubernetes.io/part-of': 'scouts' },
  },
  addressType,
  ports: [
    { name: 'http', port: 80 },
    { name: 'vitals', port: 3001 },
  ],
  endpoints: Object.entries(pods).map(([pod, address]) => ({
    addresses: [address],
    conditions: { ready: false },
    nodeName: 'node-1',
    targetRef: { kind: 'Pod', name: pod },
  })),
})
const event = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`

test('slices are listed page by page and then watched; each pod is one agent', async () => {
  items = [slice('a', { one: '10.0.0.1' }), slice('a6', { one: 'fd00::1', two: 'fd00::2' }, '1', 'IPv6')]
  let stream: ServerResponse | undefined
  watchAnswer = (_url, response) => {
    response.flushHeaders()
    stream = response
  }
  const { told, urls } = watch('endpointslices', 'vitals')
  await until(() => stream)
  expect(urls()).toEqual(['ws://10.0.0.1:3001/metrics', 'ws://[fd00::2]:3001/metrics'])
  expect(told[0]![0]!.labels).toEqual({
    'k8s.namespace.name': 'swarms',
    'k8s.pod.name': 'one',
    'k8s.node.name': 'node-1',
    'service.namespace': 'scouts',
  })
  expect(requests[0]!.url.pathname).toBe('/apis/discovery.k8s.io/v1/namespaces/swarms/endpointslices')
  expect(requests[0]!.url.searchParams.get('labelSelector')).toBe('app=agent')
  expect(requests.at(-1)!.url.searchParams.get('resourceVersion')).toBe('100')
  const added = event('ADDED', slice('b', { three: '10.0.0.3' }, '101'))
  // An event may arrive in pieces.
  stream!.write(added.slice(0, 50))
  stream!.write(added.slice(50) + event('DELETED', slice('a6', {}, '102')))
  await until(() => urls()!.length === 2 && urls()!.includes('ws://10.0.0.3:3001/metrics'))
  expect(urls()).toEqual(['ws://10.0.0.1:3001/metrics', 'ws://10.0.0.3:3001/metrics'])
})

test('a watch that ends goes on from the last bookmark, with the token as it is by then', async () => {
  items = [slice('a', { one: '10.0.0.1' })]
  await writeFile(join(folder, 'token'), 'first')
  const versions: (string | null)[] = []
  watchAnswer = (url, response) => {
    versions.push(url.searchParams.get('resourceVersion'))
    if (versions.length > 1) return response.flushHeaders()
    void writeFile(join(folder, 'token'), 'second').then(() =>
      response.end(event('BOOKMARK', { kind: 'EndpointSlice', metadata: { resourceVersion: '250' } })),
    )
  }
  watch('endpointslices')
  await until(() => versions.length === 2)
  expect(versions).toEqual(['100', '250'])
  expect([requests[0]!.token, requests.at(-1)!.token]).toEqual(['Bearer first', 'Bearer second'])
})

test.each(['in the stream', 'as the status'])(
  'a version that is gone, told %s, leads to a new list',
  async (where) => {
    items = [slice('a', { one: '10.0.0.1' })]
    let watches = 0
    watchAnswer = (_url, response) => {
      watches += 1
      if (watches > 1) return response.flushHeaders()
      items = [slice('a', { two: '10.0.0.2' })]
      const status = { kind: 'Status', code: 410, message: 'too old resource version' }
      if (where === 'as the status') response.writeHead(410).end(JSON.stringify(status))
      else response.end(event('ERROR', status))
    }
    const { source, urls } = watch('endpointslices')
    await until(() => urls()?.[0] === 'ws://10.0.0.2/metrics')
    expect(source.stats().failures).toBe(0)
  },
)

test('a server that refuses changes nothing, is counted and asked again', async () => {
  items = [slice('a', { one: '10.0.0.1' })]
  let stream: ServerResponse | undefined
  watchAnswer = (_url, response) => {
    response.flushHeaders()
    stream = response
  }
  const { source, told, urls } = watch('endpointslices', 3001)
  await until(() => stream)
  refuse = 403
  stream!.destroy()
  await until(() => source.stats().failures >= 3)
  expect(told).toHaveLength(1)
  expect(urls()).toEqual(['ws://10.0.0.1:3001/metrics'])
  stream = undefined
  refuse = undefined
  await until(() => stream)
})

test('pods that run, by a port that they need not declare', async () => {
  const pod = (name: string, phase: string, podIP: string, deletionTimestamp?: string) => ({
    metadata: {
      name,
      namespace: 'swarms',
      resourceVersion: '1',
      ...(deletionTimestamp && { deletionTimestamp }),
    },
    spec: { nodeName: 'node-1', containers: [{ ports: [{ name: 'vitals', containerPort: 3001 }] }] },
    status: { phase, podIP },
  })
  items = [
    pod('one', 'Running', '10.0.0.1'),
    pod('two', 'Pending', '10.0.0.2'),
    pod('three', 'Running', '10.0.0.3', '2026-01-01T00:00:00Z'),
  ]
  let isWatched = false
  watchAnswer = (_url, response) => {
    response.flushHeaders()
    isWatched = true
  }
  const { urls } = watch('pods', 4000)
  await until(() => isWatched)
  expect(requests[0]!.url.pathname).toBe('/api/v1/namespaces/swarms/pods')
  expect(urls()).toEqual(['ws://10.0.0.1:4000/metrics'])
})
