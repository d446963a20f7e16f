import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Never a dependency of this repository: peers live in a cache folder, one folder each. */
const cache = process.env.PERFMON_BENCHMARK_CACHE ?? join(homedir(), '.cache', 'perfmon', 'probe-overhead')

const folderBytes = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((bytes, entry) => bytes + statSync(join(entry.parentPath, entry.name)).size, 0)

const countPackages = (folder) => {
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  return Object.keys(packages).filter((path) => path !== '' && existsSync(join(folder, path))).length
}

/** Installs a peer by npm, unless it is there already. */
const install = ({ name, packages }) => {
  const folder = join(cache, name.replaceAll(/[^a-z0-9]+/gi, '-'))
  const wanted = JSON.stringify(packages)
  const mark = join(folder, 'installed.json')
  if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    const options = ['--no-audit', '--no-fund', '--save-exact', '--loglevel', 'error']
    execFileSync('npm', ['install', ...options, ...packages], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    writeFileSync(mark, wanted)
  }
  const require = createRequire(join(folder, 'index.js'))
  return {
    folder,
    resolve: (name) => require.resolve(name),
    size: { packages: countPackages(folder), bytes: folderBytes(join(folder, 'node_modules')) },
  }
}

/** What npm would put into an agent's folder for the probe itself. */
const probeSize = () => {
  const folder = fileURLToPath(new URL('../../packages/agent-probe/', import.meta.url))
  const files = readdirSync(join(folder, 'dist')).filter((name) => /\.js$|^register\.d\.ts$/.test(name))
  const paths = ['package.json', 'README.md', ...files.map((name) => join('dist', name))]
  return { packages: 1, bytes: paths.reduce((bytes, path) => bytes + statSync(join(folder, path)).size, 0) }
}

/** Contestants that can take part, ready to start; those that cannot be installed are named and left out. */
export const prepare = (contestants, say) =>
  contestants.flatMap((contestant) => {
    const { name, packages, options, env, sends } = contestant
    if (packages === undefined) {
      const size = sends === undefined ? { packages: 0, bytes: 0 } : probeSize()
      return [{ ...contestant, options: options(), env: { ...env }, size }]
    }
    try {
      say(`installing ${name}: ${packages.join(' ')}`)
      const { folder, resolve, size } = install(contestant)
      return [{ ...contestant, options: options(resolve), env: { ...env, PEER_FOLDER: folder }, size }]
    } catch (error) {
      say(`${name} is left out, it cannot be installed: ${String(error.stderr || error.message).trim()}`)
      return []
    }
  })
