// What CI runs: `npm test`, then the tests against real components, then one line with the sum.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { node, root, run, say } from './prepare-workspace.mjs'

const results = join(root, 'test-results')
const testCode = await run('npm', ['test'])

/** The browser tests need a Chromium. Debian has one; elsewhere, or without root, they are skipped and counted. */
async function obtainBrowser() {
  const isThere = process.env.CHROMIUM ?? (existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined)
  if (isThere || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return
  say('\n── a browser, from Debian')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  if ((await run('apt-get', ['-q', 'update'], { env, quiet: true })) !== 0) return
  await run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', 'chromium'], { env, quiet: true })
}

// Without a build there is nothing to hold against a collector.
let componentCode = 1
if (existsSync(join(results, 'checks.json'))) {
  await obtainBrowser()
  say('\n── real components: collector, Prometheus, browser')
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const output = `--outputFile.json=${join(results, 'components.json')}`
  const args = [vitest, 'run', '--project', 'components', '--reporter=verbose', '--reporter=json', output]
  componentCode = await run(node, args)
}

const sum = { passed: 0, failed: 0, skipped: 0 }
for (const file of existsSync(results) ? readdirSync(results) : []) {
  const result = JSON.parse(readFileSync(join(results, file), 'utf8'))
  if (file === 'checks.json') {
    sum.passed += result.passed
    sum.failed += result.failed
  } else {
    sum.passed += result.numPassedTests
    sum.failed +=
      result.numFailedTests +
      result.testResults.filter((one) => one.status === 'failed' && one.assertionResults.length === 0).length
    sum.skipped += result.numPendingTests + (result.numTodoTests ?? 0)
  }
}
// A step can fail without a failed test, as when a test file cannot be loaded or a build breaks.
if ((testCode !== 0 || componentCode !== 0) && sum.failed === 0) sum.failed = 1
console.log(
  `\n${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`,
)
process.exitCode = sum.failed > 0 ? 1 : 0
