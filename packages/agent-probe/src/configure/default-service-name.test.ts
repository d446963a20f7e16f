import { expect, test } from 'vitest'
import { defaultServiceName } from './default-service-name.ts'

test.each([
  ['/agents/worker.js', 'worker'],
  ['/agents/tool-server.mts', 'tool-server'],
  ['/agents/planner/index.js', 'planner'],
  ['/agents/planner/src/main.ts', 'planner'],
  ['/agents/planner/', 'planner'],
  ['/index.js', 'index'],
  [undefined, 'node'],
])('%s is %s', (script, name) => {
  expect(defaultServiceName(script)).toBe(name)
})
