import { expect, onTestFinished, test } from 'vitest'
import { startEchoWebhook } from './echo-webhook.js'

const startMs = Date.parse('2026-01-31T12:00:00Z')
const alert = {
  status: 'firing',
  labels: { alertname: 'SlowAgent', severity: 'critical', agent: 'coder' },
  annotations: { summary: 'Response time is 6 s' },
  startsAt: '2026-01-31T12:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: '',
  fingerprint: 'f1',
}

async function startTestWebhook() {
  const lines: string[] = []
  const webhook = await startEchoWebhook({ log: (line) => lines.push(line), now: () => startMs + 3250 })
  onTestFinished(webhook.close)
  const deliver = async (body: unknown, key?: string) => {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: key === undefined ? {} : { 'idempotency-key': key },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: response.status, body: await response.json() }
  }
  return { webhook, lines, deliver }
}

test('prints a line for each alert and lists what came', async () => {
  const { webhook, lines, deliver } = await startTestWebhook()
  const resolved = {
    ...alert,
    status: 'resolved',
    labels: { alertname: 'Gone', instance: 'a:1' },
    annotations: {},
  }
  await deliver({ version: '4', alerts: [alert, resolved] }, 'k1')

  expect(lines).toEqual([
    '12:00:03.250 FIRING critical coder: Response time is 6 s (3.3 s after its start)',
    '12:00:03.250 RESOLVED - a:1: Gone (3.3 s after its start)',
  ])
  const received = await (await fetch(`${webhook.url}received`)).json()
  expect(received).toEqual(webhook.received())
  expect(received).toMatchObject([{ arrivedAtMs: startMs + 3250, idempotencyKey: 'k1', repeated: 0 }])
})

test('the same key again is answered and counted, not printed; without a key nothing is a repetition', async () => {
  const { webhook, lines, deliver } = await startTestWebhook()
  const body = { version: '4', alerts: [alert] }
  const answers = [
    await deliver(body, 'k1'),
    await deliver(body, 'k1'),
    await deliver(body),
    await deliver(body),
  ]

  expect(answers.map(({ status, body }) => [status, body.repeated])).toEqual([
    [200, false],
    [200, true],
    [200, false],
    [200, false],
  ])
  expect(lines).toHaveLength(3)
  expect(webhook.received().map((each) => each.repeated)).toEqual([1, 0, 0])
})

test('keeps the last 100 deliveries', async () => {
  const { webhook, deliver } = await startTestWebhook()
  for (let i = 0; i < 102; i++) await deliver({ version: '4', alerts: [] }, `k${i}`)
  expect(webhook.received()).toHaveLength(100)
  expect(webhook.received()[0]?.idempotencyKey).toBe('k2')
})

test('text that would rewrite the terminal is made harmless', async () => {
  const { lines, deliver } = await startTestWebhook()
  const annotations = { summary: 'fine\n\u001b[2Jall well' }
  await deliver({ version: '4', alerts: [{ ...alert, annotations }] })
  expect(lines[0]).toContain('fine??[2Jall well')
})

const mistakes: [string, unknown, string][] = [
  ['text that is not JSON', 'alerts', 'the body is not JSON'],
  ['nothing at all', 'null', '"version" must be "4"'],
  ['another version', { version: '3', alerts: [] }, '"version" must be "4"'],
  ['no alerts', { version: '4' }, '"alerts" must be a list'],
  ['an unknown status', { version: '4', alerts: [alert, { ...alert, status: 'on' }] }, '"alerts[1].status"'],
  [
    'a label that is no text',
    { version: '4', alerts: [{ ...alert, labels: { a: 1 } }] },
    '"alerts[0].labels"',
  ],
  [
    'a start that is no time',
    { version: '4', alerts: [{ ...alert, startsAt: 'soon' }] },
    '"alerts[0].startsAt"',
  ],
  ['a long body', ' '.repeat(1024 * 1024 + 1), 'longer than 1048576 bytes'],
]
for (const [name, body, problem] of mistakes) {
  test(`refuses ${name}`, async () => {
    const { webhook, lines, deliver } = await startTestWebhook()
    const answer = await deliver(body)
    expect(answer.status).toBe(400)
    expect(answer.body.error).toContain(problem)
    expect([lines, webhook.received()]).toEqual([[], []])
  })
}
