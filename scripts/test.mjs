// npm test: sets the workspace up, then the checks and the tests that need nothing but Node. Results for other
// programs are left in test-results/.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { node, prepareWorkspace, root, run, say } from './prepare-workspace.mjs'

await prepareWorkspace()
const results = join(root, 'test-results')
rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })

const bin = (name) => join(root, 'node_modules/.bin', name)
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const tests = (project) => [
  node,
  [
    vitest,
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(results, `${project}.json`)}`,
  ],
]
const steps = [
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types of the tests', bin('tsc'), ['-p', 'tsconfig.tests.json']],
  ['unused code and dependencies', bin('knip'), []],
  ['unit tests', ...tests('unit')],
  ['stories', ...tests('stories')],
]

const checks = { passed: 0, failed: 0 }
const failed = []
for (const [name, command, args] of steps) {
  say(`\n── ${name}`)
  const isGood = (await run(command, args)) === 0
  if (!isGood) failed.push(name)
  if (args[0] !== vitest) checks[isGood ? 'passed' : 'failed'] += 1
}
writeFileSync(join(results, 'checks.json'), JSON.stringify(checks))
if (failed.length > 0) console.error(`\nFailed: ${failed.join(', ')}.`)
else say('\nAll checks and tests passed.')
process.exitCode = failed.length > 0 ? 1 : 0
