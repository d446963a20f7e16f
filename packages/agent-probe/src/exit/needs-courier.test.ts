import { expect, test } from 'vitest'
import { needsCourier } from './needs-courier.ts'

test.skipIf(process.platform !== 'linux').each([
  [undefined, false],
  ['', false],
  ['http://127.0.0.1:4318', false],
  ['http://10.0.0.7/otlp', false],
  ['http://[::1]:4318', false],
  ['https://127.0.0.1:4318', true],
  ['http://collector:4318', true],
  ['http://localhost:4318', true],
])('a receiver at %s needs a courier: %s', (endpoint, needed) => {
  expect(needsCourier({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })).toBe(needed)
})
