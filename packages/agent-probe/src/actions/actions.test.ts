import type { ActionArgs, ActionResponse, MetricsError } from '@perfmon/protocol'
import { actionResponseSchema, actionsResponseSchema, metricsErrorSchema } from '@perfmon/protocol'
import { afterEach, describe, expect, test } from 'vitest'
import { action } from '../api/action.ts'
import { declarations } from '../api/declarations.ts'
import { tunable } from '../api/tunable.ts'
import type { ActionDesk } from './action-desk.ts'
import { createActions } from './actions.ts'

afterEach(() => {
  declarations().tunables.clear()
  declarations().actions.clear()
})

let intervalMs = 1000
let requests = 0
const nowMs = 1_700_000_000_000

const openDesk = (...allowed: string[]): ActionDesk =>
  createActions({
    allowed: new Set(allowed),
    profileDir: undefined,
    interval: {
      readMs: () => intervalMs,
      setMs(next) {
        intervalMs = next
      },
    },
    isOwnServer: () => false,
    now: () => nowMs,
  })

const ask = async (desk: ActionDesk, name: string, args: ActionArgs = {}, more: object = {}) => {
  const requestId = `request-${++requests}`
  return desk.run({ type: 'action_request', requestId, action: name, args, by: 'tester', ...more })
}
const done = async (desk: ActionDesk, name: string, args: ActionArgs = {}): Promise<ActionResponse> =>
  actionResponseSchema.strict().parse(await ask(desk, name, args))
const refused = async (desk: ActionDesk, name: string, args: ActionArgs = {}): Promise<MetricsError> =>
  metricsErrorSchema.strict().parse(await ask(desk, name, args))

const batchSize = (start = 10) => {
  const state = { value: start }
  const handle = tunable('batch-size', {
    get: () => state.value,
    set: (next) => {
      state.value = next
    },
    min: 0,
    max: 100,
    step: 5,
    unit: '{task}',
  })
  return { state, handle }
}

describe('what an agent offers', () => {
  test('its tunables with value and bounds, its actions, and which of the built-in ones it allows', async () => {
    batchSize()
    action('reload', { run: () => 'reloaded', description: 'Reads the prompts again.' })
    const desk = openDesk('collect-garbage')
    const offered = actionsResponseSchema.parse(await desk.list('r'))
    expect(offered.tunables).toEqual([
      { name: 'batch-size', type: 'number', min: 0, max: 100, step: 5, unit: '{task}', value: 10 },
    ])
    const allowed = offered.actions.filter((one) => one.allowed).map(({ name }) => name)
    expect(allowed.sort()).toEqual([
      'collect-garbage',
      'get-tunable',
      'reload',
      'restore',
      'set-tunable',
      'undo-action',
    ])
    expect(offered.actions.find(({ name }) => name === 'sampling-interval')?.current).toEqual({ intervalMs })
  })

  test('the most it can declare fits into one message', async () => {
    const text = 'x'.repeat(1000)
    const values = Array.from({ length: 64 }, (_, index) => `${index}${text}`.slice(0, 64))
    for (let i = 0; i < 100; i++) {
      const name = `${'n'.repeat(60)}${i}`
      tunable(name, { get: () => text, set: () => {}, values, description: text })
      action(name, { run: () => 1, description: text })
    }
    expect(declarations().tunables.size).toBe(64)
    const offered = await openDesk().list('r')
    expect(JSON.stringify(offered).length).toBeLessThan(512 * 1024)
  })

  test('a tunable that cannot be read is listed without a value', async () => {
    tunable('broken', {
      get: () => {
        throw new Error('no')
      },
      set: () => {},
      min: 0,
      max: 1,
    })
    expect((await openDesk().list('r')).tunables).toEqual([
      { name: 'broken', type: 'number', min: 0, max: 1 },
    ])
  })
})

describe('nothing is done that was not allowed', () => {
  test.each([
    'collect-garbage',
    'cpu-profile',
    'heap-profile',
    'heap-snapshot',
    'sampling-interval',
    'http-keep-alive',
    'concurrency-limit',
  ])('%s', async (name) => {
    expect(await refused(openDesk(), name)).toMatchObject({ code: 'not-allowed' })
    expect(await refused(openDesk('restore', 'gc'), name)).toMatchObject({ code: 'not-allowed' })
  })

  test.each(['__proto__', 'constructor', 'toString', '', 'nothing'])(
    'there is no action %o',
    async (name) => {
      expect(await refused(openDesk('*'), name)).toMatchObject({ code: 'unknown-action' })
    },
  )

  test.each([
    [{ intervalMs: 99 }, 'out-of-bounds'],
    [{ intervalMs: 1e12 }, 'out-of-bounds'],
    [{ intervalMs: 150.5 }, 'out-of-bounds'],
    [{ intervalMs: '500' }, 'invalid-argument'],
    [{ other: 1 }, 'invalid-argument'],
    [[], 'invalid-argument'],
    ['500', 'invalid-argument'],
  ])('arguments %o are refused with %s', async (args, code) => {
    expect(await refused(openDesk('*'), 'sampling-interval', args as ActionArgs)).toMatchObject({ code })
    expect(intervalMs).toBe(1000)
  })

  test('what comes after its deadline is not begun', async () => {
    const { state } = batchSize()
    const late = await ask(
      openDesk(),
      'set-tunable',
      { name: 'batch-size', value: 50 },
      { deadlineMs: nowMs - 1 },
    )
    expect(late).toMatchObject({ type: 'error', code: 'expired' })
    expect(state.value).toBe(10)
  })
})

describe('tunables', () => {
  test('are set, read back, and go back by the undo that came with it', async () => {
    const { state } = batchSize()
    const desk = openDesk()
    const { result, undo } = await done(desk, 'set-tunable', { name: 'batch-size', value: 50 })
    expect(state.value).toBe(50)
    expect(result).toEqual({ name: 'batch-size', asked: 50, value: 50, previous: 10 })
    expect((await desk.list('r')).changes).toEqual([
      { target: 'tunable:batch-size', original: { value: 10 }, by: 'tester', atMs: nowMs },
    ])
    await done(desk, undo!.action, undo!.args)
    expect(state.value).toBe(10)
    expect((await desk.list('r')).changes).toEqual([])
  })

  test('tell what is really in force, whatever was asked', async () => {
    let value = 1
    tunable('clamped', {
      get: async () => value,
      set: async (next) => {
        value = Math.min(next, 7)
      },
      min: 0,
      max: 100,
    })
    const { result } = await done(openDesk(), 'set-tunable', { name: 'clamped', value: 9 })
    expect(result).toMatchObject({ asked: 9, value: 7, previous: 1 })
  })

  test.each([
    [{ name: 'batch-size', value: 101 }, 'out-of-bounds'],
    [{ name: 'batch-size', value: 12 }, 'out-of-bounds'],
    [{ name: 'batch-size', value: '50' }, 'invalid-argument'],
    [{ name: 'batch-size', value: true }, 'invalid-argument'],
    [{ name: 'batch-size' }, 'invalid-argument'],
    [{ name: 'batch-size', value: { deep: 1 } }, 'invalid-argument'],
    [{ name: 'other', value: 1 }, 'unknown-action'],
    [{ name: '__proto__', value: 1 }, 'unknown-action'],
  ])('%o is refused with %s', async (args, code) => {
    const { state } = batchSize()
    expect(await refused(openDesk(), 'set-tunable', args as ActionArgs)).toMatchObject({ code })
    expect(state.value).toBe(10)
  })

  test('a set that throws is told, and what it left behind can be restored', async () => {
    let value = 1
    tunable('half', {
      get: () => value,
      set: (next) => {
        value = next
        if (next > 1) throw new Error('only half of it worked')
      },
      min: 0,
      max: 10,
    })
    const desk = openDesk()
    const error = await refused(desk, 'set-tunable', { name: 'half', value: 5 })
    expect(error).toMatchObject({ code: 'action-failed', message: 'half refused: only half of it worked' })
    expect((await desk.list('r')).changes).toHaveLength(1)
    await done(desk, 'restore')
    expect(value).toBe(1)
    expect((await desk.list('r')).changes).toEqual([])
  })

  test('are set one at a time', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    tunable('slow', { get: () => 1, set: () => released, min: 0, max: 10 })
    const desk = openDesk()
    const first = ask(desk, 'set-tunable', { name: 'slow', value: 2 })
    await Promise.resolve()
    const second = ask(desk, 'set-tunable', { name: 'slow', value: 3 })
    expect(await second).toMatchObject({ code: 'busy' })
    release()
    expect(await first).toMatchObject({ type: 'action_response' })
  })

  test('restore gets back also to a value beyond the bounds, and to one that was changed twice', async () => {
    const { state } = batchSize(1000)
    const desk = openDesk()
    const { undo } = await done(desk, 'set-tunable', { name: 'batch-size', value: 50 })
    expect(undo).toEqual({ action: 'restore', args: { target: 'tunable:batch-size' } })
    await done(desk, 'set-tunable', { name: 'batch-size', value: 60 })
    await done(desk, undo!.action, undo!.args)
    expect(state.value).toBe(1000)
  })

  test('restore puts back all it can and tells of the rest', async () => {
    const { state } = batchSize()
    const gone = tunable('gone', { get: () => 1, set: () => {}, values: [1, 2] })
    const desk = openDesk('sampling-interval')
    let value = 1
    gone.unregister()
    const handle = tunable('gone', {
      get: () => value,
      set: (next) => {
        value = next
      },
      values: [1, 2],
    })
    await done(desk, 'set-tunable', { name: 'gone', value: 2 })
    await done(desk, 'set-tunable', { name: 'batch-size', value: 50 })
    await done(desk, 'sampling-interval', { intervalMs: 500 })
    handle.unregister()
    const error = await refused(desk, 'restore')
    expect(error).toMatchObject({ code: 'action-failed', message: expect.stringContaining('tunable:gone') })
    expect([state.value, intervalMs]).toEqual([10, 1000])
    expect((await desk.list('r')).changes.map(({ target }) => target)).toEqual(['tunable:gone'])
  })

  test('restore does not claim what there was nothing to put back of', async () => {
    batchSize()
    const desk = openDesk()
    await done(desk, 'set-tunable', { name: 'batch-size', value: 50 })
    expect((await done(desk, 'restore', { target: 'tunable:bacth-size' })).result).toEqual({ restored: [] })
    expect((await done(desk, 'restore')).result).toEqual({ restored: ['tunable:batch-size'] })
    expect((await done(desk, 'restore')).result).toEqual({ restored: [] })
  })

  test("what the agent's own code throws is told without its secrets", async () => {
    const fail = () => {
      throw new Error('connect ECONNREFUSED postgres://agent:pass-secret@db/jobs, API_KEY=key-secret')
    }
    tunable('rows', { get: () => 1, set: fail, min: 0, max: 10 })
    tunable('blind', { get: fail, set: () => {}, min: 0, max: 10 })
    action('reconnect', { run: fail })
    const desk = openDesk()
    const errors = [
      await refused(desk, 'set-tunable', { name: 'rows', value: 2 }),
      await refused(desk, 'get-tunable', { name: 'blind' }),
      await refused(desk, 'reconnect'),
    ]
    for (const { code, message } of errors) {
      expect(code).toBe('action-failed')
      expect(message).toContain('ECONNREFUSED')
      expect(message).not.toContain('secret')
    }
  })

  test('a declaration that cannot be used costs the agent nothing', () => {
    expect(() => tunable('x', undefined as never)).not.toThrow()
    tunable('no bounds', { get: () => 1, set: () => {} })
    tunable('no-bounds', { get: () => 1, set: () => {} })
    tunable('mixed', { get: () => 1, set: () => {}, values: [1, 'a'] as never })
    action('nothing', {} as never)
    // What is cut for the list could be chosen then, and was never declared.
    tunable('long', { get: () => 'a', set: () => {}, values: ['a', 'b'.repeat(65)] })
    expect([declarations().tunables.size, declarations().actions.size]).toEqual([0, 0])
  })
})

describe("the agent's own actions", () => {
  test('run with checked arguments, and are taken back once', async () => {
    const log: string[] = []
    action('note', {
      arguments: { text: { values: ['a', 'b'], default: 'a' } },
      run: ({ text }) => {
        log.push(`did ${text}`)
        return { length: log.length }
      },
      undo: ({ text }, result) => void log.push(`undid ${text} ${JSON.stringify(result)}`),
    })
    const desk = openDesk()
    const { result, undo } = await done(desk, 'note')
    expect(result).toEqual({ length: 1 })
    await done(desk, undo!.action, undo!.args)
    expect(log).toEqual(['did a', 'undid a {"length":1}'])
    expect(await refused(desk, undo!.action, undo!.args)).toMatchObject({ code: 'invalid-argument' })
    expect(await refused(desk, 'note', { text: 'c' })).toMatchObject({ code: 'out-of-bounds' })
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
      'action-failed',
    ],
    [
      'throws what cannot be shown',
      () => {
        throw Object.create(null)
      },
      'action-failed',
    ],
    ['never ends', () => new Promise(() => {}), 'action-failed'],
  ])('one that %s is told', async (_what, run, code) => {
    action('bad', { run, timeLimitMs: 20 })
    expect(await refused(openDesk(), 'bad')).toMatchObject({ code })
  })

  test('those that never end are bounded', async () => {
    action('endless', { run: () => new Promise(() => {}), timeLimitMs: 5 })
    const desk = openDesk()
    const codes: string[] = []
    for (let i = 0; i < 12; i++) codes.push((await refused(desk, 'endless')).code)
    expect(codes).toEqual([...Array(8).fill('action-failed'), ...Array(4).fill('busy')])
  })

  test.each([
    ['too much', () => 'x'.repeat(100_000)],
    ['no JSON', () => 1n],
    [
      'a circle',
      () => {
        const circle: Record<string, unknown> = {}
        circle['self'] = circle
        return circle
      },
    ],
    ['nothing', () => undefined],
  ])('a result that is %s is sent cut', async (_what, run) => {
    action('talks', { run })
    const answer = await done(openDesk(), 'talks')
    expect(JSON.stringify(answer).length).toBeLessThan(10_000)
  })
})

describe('a request that comes again', () => {
  test('gets the first answer and does nothing', async () => {
    const { state } = batchSize()
    const desk = openDesk()
    const request = {
      type: 'action_request',
      requestId: 'the-same-id',
      action: 'set-tunable',
      args: { name: 'batch-size', value: 50 },
    }
    const first = await desk.run(request)
    state.value = 20
    expect(await desk.run(request)).toEqual(first)
    expect(state.value).toBe(20)
    const other = { ...request, args: { name: 'batch-size', value: 55 } }
    expect(await desk.run(other)).toMatchObject({ code: 'invalid-argument' })
  })

  test('is tried anew when it was refused', async () => {
    const desk = openDesk()
    const request = {
      requestId: 'refused-before',
      action: 'set-tunable',
      args: { name: 'batch-size', value: 50 },
    }
    expect(await desk.run(request)).toMatchObject({ code: 'unknown-action' })
    batchSize()
    expect(await desk.run(request)).toMatchObject({ type: 'action_response' })
  })

  test('is remembered among the latest 128', async () => {
    let runs = 0
    action('count', { run: () => ++runs })
    const desk = openDesk()
    for (let i = 0; i < 200; i++) await desk.run({ requestId: `request-number-${i}`, action: 'count' })
    await desk.run({ requestId: 'request-number-199', action: 'count' })
    expect(runs).toBe(200)
    await desk.run({ requestId: 'request-number-0', action: 'count' })
    expect(runs).toBe(201)
  })
})
