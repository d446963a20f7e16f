import { expect, test } from 'vitest'
import { createProcessIdentity } from './agent-identity.ts'

const start = (env: Record<string, string | undefined>) => createProcessIdentity(env, env)

test('a process nobody told of a parent has a given id, or one of its own', () => {
  const given = start({ OTEL_RESOURCE_ATTRIBUTES: 'a=b, service.instance.id=one%2F1,c=d' })
  expect(given.parentInstanceId).toBeUndefined()
  expect(given.instanceId()).toBe('one/1')
  expect(start({}).instanceId()).not.toBe(start({}).instanceId())
})

test('an id that was only inherited is not used again, by children and by theirs', () => {
  const attributes = { OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=one' }
  const parent = start(attributes)
  const childEnv = { ...attributes, PERFMON_PARENT: parent.forChild(true) }
  const child = start(childEnv)
  expect(child.parentInstanceId).toBe('one')
  expect(child.instanceId()).toMatch(/^[\da-f-]{36}$/)
  expect(Object.keys(childEnv)).toEqual(['OTEL_RESOURCE_ATTRIBUTES'])

  const grandchild = start({ ...attributes, PERFMON_PARENT: child.forChild(true) })
  expect(grandchild.parentInstanceId).toBe(child.instanceId())
  expect(grandchild.instanceId()).not.toBe('one')

  const named = start({
    OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=two',
    PERFMON_PARENT: parent.forChild(false),
  })
  expect(named.instanceId()).toBe('two')
})
