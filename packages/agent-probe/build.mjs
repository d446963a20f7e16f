import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Bundles the probe into one file per moment it is loaded: at once, after the agent's first lines, with a
 * WebSocket port, at exit. One file of the SDK loads in a tenth of the time of its 218 modules.
 */
const here = dirname(fileURLToPath(import.meta.url))
const { version } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'))

/**
 * The API keeps its registrations under a global symbol. Our copy gets one that nobody else can name: else
 * our SDK would write its debug lines, whole reports among them, into the agent's own diagnostic logger.
 */
const privateApi = {
  name: 'private-api',
  setup({ onLoad }) {
    onLoad(
      { filter: /[\\/]@opentelemetry[\\/]api[\\/]dist[\\/]internal[\\/]global-utils\.mjs$/ },
      async ({ path }) => {
        const source = await readFile(path, 'utf8')
        const contents = source.replace('Symbol.for(', 'Symbol(')
        if (contents === source)
          throw new Error(`${path} has no Symbol.for to make private: look at it again`)
        return { contents, loader: 'js' }
      },
    )
  },
}

/**
 * Node's own modules by `process.getBuiltinModule` instead of `import`: an import makes a module of each, with
 * every export, which is most of what a preload costs the agent's start. A Node that lacks the function is
 * too old to be watched, but must get as far as being told so.
 */
const builtinsWithoutImport = {
  name: 'builtins-without-import',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z]/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined
      const namespace = kind === 'require-call' ? 'required-builtin' : 'builtin'
      return { path, namespace, sideEffects: false }
    })
    const get = (path) => `process.getBuiltinModule?.(${JSON.stringify(path)}) ?? {}`
    onLoad({ filter: /./, namespace: 'required-builtin' }, ({ path }) => ({
      contents: `module.exports = ${get(path)}`,
    }))
    // Marked as pure, so that names nobody imports are left out.
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: [
        `const builtin = ${get(path)}`,
        'export default builtin',
        ...Object.keys(process.getBuiltinModule(path))
          .filter((name) => /^[a-z]\w*$/i.test(name) && name !== 'default')
          .map((name) => `export const ${name} = /* @__PURE__ */ (() => builtin.${name})()`),
      ].join('\n'),
    }))
  },
}

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: {
    register: 'src/register.ts',
    telemetry: 'src/telemetry.ts',
    ai: 'src/ai/ai-work.ts',
    coordination: 'src/coordinate/coordination-work.ts',
    websocket: 'src/websocket/websocket.ts',
    actions: 'src/actions/actions.ts',
    'config-file': 'src/configure/read-config-file.ts',
    host: 'src/host/host-metrics.ts',
    http2: 'src/record/http2-streams.ts',
    threads: 'src/threads/threads.ts',
    'exit-worker': 'src/exit/exit-worker.ts',
  },
  outdir: 'dist',
  write: false,
  bundle: true,
  plugins: [privateApi, builtinsWithoutImport],
  platform: 'node',
  format: 'esm',
  // Older than what the probe needs: an older Node has to parse it to be told so.
  target: 'node18.19',
  minify: true,
  conditions: ['perfmon-source'],
  define: {
    PERFMON_PROBE_VERSION: JSON.stringify(version),
    // `ws` would otherwise load the agent's native add-ons, if it has them.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
  logLevel: 'warning',
})

/** What agents import: nothing but a look at a global symbol. Readable, as it lands in their stack traces. */
const apiFiles = await Promise.all(
  [
    ['esm', 'api.js'],
    ['cjs', 'api.cjs'],
  ].map(async ([format, file]) => {
    const { outputFiles } = await build({
      absWorkingDir: here,
      entryPoints: ['src/api/api.ts'],
      outfile: `dist/${file}`,
      write: false,
      bundle: true,
      platform: 'neutral',
      format,
      target: 'es2020',
      logLevel: 'warning',
    })
    return outputFiles[0]
  }),
)

/**
 * One file of types for both, made of what the compiler wrote: a file per verb, without imports between them, and
 * with what `api.ts` does not pass on kept inside.
 */
const apiTypes = async () => {
  const folder = join(here, 'dist', 'types', 'api')
  const files = (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.d.ts')).sort()
  if (files.length === 0) throw new Error(`no types in ${folder}: run "tsc -b" first`)
  const read = (file) => readFile(join(folder, file), 'utf8')
  const entry = await read('api.d.ts')
  const passedOn = new Set(
    [...entry.matchAll(/\{([^}]*)\}/g)].flatMap(([, names]) =>
      names.split(',').map((name) => name.trim().replace(/^type /, '')),
    ),
  )
  const parts = await Promise.all(
    files.filter((file) => file !== 'api.d.ts' && file !== 'probe-api.d.ts').map(read),
  )
  const inside = parts.map((part) =>
    part
      .replace(/^(?:import .*|\/\/# .*|export \{\};)\n?/gm, '')
      .replace(/^export (?=(?:declare )?(?:const|function|interface|type) (\w+))/gm, (kept, name) =>
        passedOn.has(name) ? kept : '',
      )
      .replace(/^(?=(?:const|function) )/gm, 'declare '),
  )
  return `${inside.join('\n')}export {};\n`
}

await mkdir(join(here, 'dist'), { recursive: true })
// Written beside and renamed: a process that starts just now finds the old file or the new one, never half.
const put = async (path, contents) => {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, contents)
  await rename(draft, path)
}
for (const { path, contents } of [...outputFiles, ...apiFiles]) await put(path, contents)
await put(join(here, 'dist', 'register.d.ts'), 'export {}\n')
// Not in the bundle: it is read when the first cost is estimated.
await put(join(here, 'dist', 'prices.json'), await readFile(join(here, 'src/ai/prices.json')))
const types = await apiTypes()
for (const file of ['api.d.ts', 'api.d.cts']) await put(join(here, 'dist', file), types)
