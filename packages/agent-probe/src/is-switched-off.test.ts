import { expect, test } from 'vitest'
import { isSwitchedOff } from './is-switched-off.ts'

const facts = { env: {}, argv: ['node', '/agents/planner.js'], execArgv: [] }

test.each([
  ['nothing', {}, false],
  ['PERFMON_DISABLED=1', { env: { PERFMON_DISABLED: '1' } }, true],
  ['PERFMON_DISABLED=0', { env: { PERFMON_DISABLED: '0' } }, false],
  ['OTEL_SDK_DISABLED=TRUE', { env: { OTEL_SDK_DISABLED: 'TRUE' } }, true],
  ['OTEL_METRICS_EXPORTER=none', { env: { OTEL_METRICS_EXPORTER: 'none' } }, true],
  ['npm', { argv: ['node', '/usr/lib/node_modules/npm/bin/npm-cli.js', 'start'] }, true],
  ['npx', { argv: ['node', '/usr/bin/npx'] }, true],
  ['corepack', { argv: ['node', 'C:\\corepack\\dist\\pnpm.js'] }, true],
  ['an agent that is called after npm', { argv: ['node', '/agents/npm-agent.js'] }, false],
  ['no script', { argv: ['node'] }, false],
  ['a watcher', { execArgv: ['--watch'] }, true],
  ['what a watcher runs', { execArgv: ['--watch'], env: { WATCH_REPORT_DEPENDENCIES: '1' } }, false],
])('%s: %o switches off: %s', (_title, change, off) => {
  expect(isSwitchedOff({ ...facts, ...change })).toBe(off)
})
