// Makes a fresh clone runnable with nothing but Node 20 and npm: installs pnpm's lock file, brings Node 24 as a
// package, builds. Plain JavaScript without dependencies, because it runs before there are any.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** The Node that everything here runs on, whatever Node npm itself runs on. */
export const node = join(root, 'node_modules/node/bin/node')

const pnpm = 'pnpm@12.21.0'
const stampFile = join(root, 'node_modules/.perfmon-installed')

/** Ends the process with one sentence on what is wrong and what to do. */
export function giveUp(sentence) {
  console.error(`\n${sentence}`)
  process.exit(1)
}

export function say(line) {
  console.log(`\x1b[1m${line}\x1b[0m`)
}

/** Runs a command in the workspace; resolves with its exit code, 127 when it cannot be started. */
export function run(command, args, { cwd = root, env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    const path = `${join(root, 'node_modules/.bin')}:${dirname(node)}:${process.env.PATH}`
    const child = spawn(command, args, {
      cwd,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: { ...process.env, PATH: path, ...env },
    })
    let output = ''
    child.stdout?.on('data', (data) => (output += data))
    child.stderr?.on('data', (data) => (output += data))
    child.on('error', () => resolve(127))
    child.on('exit', (code, signal) => {
      if (quiet && code !== 0) process.stderr.write(output)
      resolve(signal ? 1 : code)
    })
  })
}

function lockHash() {
  const hash = createHash('sha256')
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json'])
    hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

async function install() {
  const wanted = lockHash()
  const installed = existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : ''
  if (installed === wanted && existsSync(node)) return
  say('Installing dependencies …')
  const args = ['--yes', pnpm, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false']
  const code = await run('npx', args, { env: { npm_config_loglevel: 'error' } })
  if (code !== 0) {
    giveUp(
      'The dependencies could not be installed. The lines above say why: check the network, the npm registry and that this folder may be written.',
    )
  }
  writeFileSync(stampFile, wanted)
}

async function build() {
  const steps = [
    ['types and libraries', join(root, 'node_modules/.bin/tsc'), ['-b'], root],
    ['agent probe', node, ['build.mjs'], join(root, 'packages/agent-probe')],
    [
      'dashboard',
      node,
      [join(root, 'packages/dashboard/node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
      join(root, 'packages/dashboard'),
    ],
  ]
  for (const [index, [name, command, args, cwd]] of steps.entries()) {
    console.log(`Building [${index + 1}/${steps.length}] ${name}`)
    const code = await run(command, args, { cwd, quiet: true })
    if (code !== 0) giveUp(`Building the ${name} failed; the lines above say where.`)
  }
}

/** Installs when the lock file changed, and builds. */
export async function prepareWorkspace() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20)
    giveUp(`Node ${process.versions.node} is too old to set Perfmon up. Install Node 20 or newer.`)
  await install()
  await build()
}
