import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { buildProbe, runAgent } from '../testing/run-agent.ts'
import { type Receiver, startReceiver } from '../testing/start-receiver.ts'

let receiver: Receiver
const model = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        model: 'gpt-5.2-mini',
        choices: [{ message: { content: 'answer-secret' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 5 },
      }),
    )
  })
})
beforeAll(async () => {
  await buildProbe()
  await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve))
  return () => {
    model.closeAllConnections()
    model.close()
  }
}, 30_000)
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

/** Each stands for one place where an agent has something that is nobody else's business. */
const secrets = [
  'user-secret',
  'pass-secret',
  'query-secret',
  'path-secret',
  'header-secret',
  'cookie-secret',
  'prompt-secret',
  'answer-secret',
  'argument-secret',
  'result-secret',
  'message-secret',
  'env-secret',
  'argv-secret',
  'sk-proj-abcdefghijklmnopqrstuvwx',
  'jane.doe@example.com',
]

const source = `
import http from 'node:http'
import { tracingChannel } from 'node:diagnostics_channel'
const model = process.env.MODEL
const quietly = async (work) => { try { await work() } catch {} }
const server = http.createServer((request, response) => {
  request.route = { path: '/patients/:id' }
  response.setHeader('set-cookie', 'cookie-secret')
  response.statusCode = 500
  response.end('result-secret')
}).listen(0, '127.0.0.1', async () => {
  const own = 'http://127.0.0.1:' + server.address().port
  await quietly(() => fetch(own + '/path-secret?q=query-secret', { headers: { authorization: 'Bearer header-secret', cookie: 'cookie-secret' } }).then((answer) => answer.text()))
  await new Promise((resolve) => http.get(own.replace('//', '//user-secret:pass-secret@') + '/path-secret?x=query-secret', { headers: { 'x-key': 'header-secret' } }, (answer) => answer.resume().on('end', resolve)))
  await quietly(() => fetch('http://patients-db.invalid/path-secret'))
  await (await fetch(model + '/v1/chat/completions?key=query-secret', {
    method: 'POST',
    headers: { authorization: 'Bearer sk-proj-abcdefghijklmnopqrstuvwx', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5.2-mini', messages: [{ role: 'user', content: 'prompt-secret' }], tools: [{ description: 'argument-secret' }] }),
  })).json()
  // As hostile as a framework can be: its names are made of what they should not be.
  const telemetry = tracingChannel('ai:telemetry')
  const message = { type: 'executeTool', event: { callId: '1', toolCall: { toolName: 'ask jane.doe@example.com with sk-proj-abcdefghijklmnopqrstuvwx', input: 'argument-secret' } } }
  await telemetry.tracePromise(async () => 'result-secret', message).catch(() => {})
  server.close()
  server.closeAllConnections()
  console.log('ready')
  setTimeout(() => { throw Object.assign(new Error('message-secret'), { code: 'E_' + 'x'.repeat(3) }) }, 250)
})`

const run = async (more: Record<string, string>) => {
  const agent = await runAgent({
    source,
    file: 'patient-planner.mjs',
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      MODEL: `http://127.0.0.1:${(model.address() as AddressInfo).port}`,
      DATABASE_URL: 'postgres://env-secret@db',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=blue',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,contact=jane.doe@example.com',
      ...more,
    },
  })
  const { code } = await agent.ended
  expect(code).toBe(1)
  const sent = receiver.reports
    .map(({ body, headers }) => `${JSON.stringify(headers)}\n${body.toString('utf8')}`)
    .join('\n')
  // What is looked for was there to be found.
  expect(sent).toContain('gen_ai.client.operation.duration')
  expect(sent).toContain('http.client.request.duration')
  return sent
}

describe.each(['http/json', 'http/protobuf'])('over %s', (OTEL_EXPORTER_OTLP_PROTOCOL) => {
  test('no byte that leaves holds a secret', async () => {
    const sent = await run({ OTEL_EXPORTER_OTLP_PROTOCOL })
    expect(secrets.filter((secret) => sent.includes(secret))).toEqual([])
    expect(sent).toContain('patients-db.invalid')
    expect(sent).toContain('/patients/:id')
  })

  test('and none a name or a path, where they are anonymised', async () => {
    const sent = await run({
      OTEL_EXPORTER_OTLP_PROTOCOL,
      PERFMON_ANONYMIZE: 'names,paths',
      PERFMON_ANONYMIZE_KEY: 'key-secret',
    })
    const { hostname } = await import('node:os')
    const names = ['patient', 'planner', 'key-secret', hostname()]
    expect([...secrets, ...names].filter((secret) => sent.includes(secret))).toEqual([])
    expect(sent).toMatch(/anon-[\da-f]{12}/)
    expect(sent).toContain('gpt-5.2-mini')
  })
})

describe('over the WebSocket', () => {
  const asked = `
const { tunable, action } = await import(process.env.API)
const fail = () => { throw new Error('no answer of https://user-secret:pass-secret@db/rows?key=query-secret with Bearer header-secret-0123') }
tunable('rows', { get: () => 1, set: fail, min: 0, max: 9 })
tunable('blind', { get: fail, set: () => {}, min: 0, max: 9 })
action('reconnect', { run: fail })
setInterval(() => {}, 1000)`
  const questions = [
    { type: 'metrics_request' },
    { type: 'actions_request' },
    { type: 'action_request', action: 'reconnect' },
    { type: 'action_request', action: 'set-tunable', args: { name: 'rows', value: 2 } },
    { type: 'action_request', action: 'get-tunable', args: { name: 'blind' } },
    { type: 'action_request', action: 'set-tunable', args: { name: 'rows', value: 'argument-secret' } },
    { type: 'action_request', action: 'argument-secret' },
    { type: 'argument-secret' },
  ]

  test('no answer holds a secret, nor a name where they are anonymised', async () => {
    const agent = await runAgent({
      source: asked,
      file: 'patient-planner.mjs',
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        API: new URL('../../dist/api.js', import.meta.url).href,
        PERFMON_WS_PORT: '0',
        PERFMON_ANONYMIZE: 'names,paths',
        PERFMON_ANONYMIZE_KEY: 'key-secret',
        DATABASE_URL: 'postgres://env-secret@db',
      },
    })
    const { resource } = await receiver.report(() => true)
    const peer = new WebSocket(String(resource['perfmon.agent.websocket.url']))
    await once(peer, 'open')
    const answers: string[] = []
    for (const [index, question] of questions.entries()) {
      peer.send(JSON.stringify({ requestId: `question-${index}`, ...question }))
      answers.push(String((await once(peer, 'message'))[0]))
    }
    peer.terminate()
    agent.process.kill('SIGKILL')
    const said = answers.join('\n')
    const { hostname } = await import('node:os')
    const names = ['patient', 'planner', 'key-secret', 'header-secret', hostname()]
    expect([...secrets, ...names].filter((secret) => said.includes(secret))).toEqual([])
    // What is looked for was there to be found.
    expect(answers.filter((answer) => answer.includes('***')).length).toBe(3)
    expect(said).toContain('"type":"actions_response"')
    expect(said).toMatch(/"agentType":"anon-[\da-f]{12}"/)
  })
})

test('what travels with messages holds no secret either, from whichever thread', async () => {
  const agent = await runAgent({
    source: `
import http from 'node:http'
import { Worker } from 'node:worker_threads'
const server = http.createServer((request, response) => {
  console.log(request.url, JSON.stringify(request.headers))
  response.end()
}).listen(0, '127.0.0.1', async () => {
  const own = 'http://127.0.0.1:' + server.address().port
  await (await fetch(own + '/main')).text()
  const source = 'await (await fetch(' + JSON.stringify(own + '/worker') + ')).text()'
  await new Promise((resolve) => new Worker(new URL('data:text/javascript,' + source)).on('exit', resolve))
  server.close()
  server.closeAllConnections()
})`,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_SERVICE_NAME: 'planner sk-proj-abcdefghijklmnopqrstuvwx jane.doe@example.com',
    },
  })
  const { stdout } = await agent.ended
  expect(stdout).toMatch(/^\/main .*perfmon=1:/m)
  expect(stdout).toMatch(/^\/worker .*perfmon=1:/m)
  expect(stdout).not.toMatch(/sk-proj|jane/)
})

test('a slip of the pen anonymises too much rather than nothing', async () => {
  const agent = await runAgent({
    source: '',
    file: 'patient-planner.mjs',
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, PERFMON_ANONYMIZE: 'name' },
  })
  const { stderr } = await agent.ended
  expect(stderr).toContain(
    'PERFMON_ANONYMIZE="name" is not names, paths, names,paths or none; using names,paths',
  )
  expect(receiver.reports.at(-1)!.resource['service.name']).toMatch(/^anon-/)
})
