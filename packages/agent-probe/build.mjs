import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
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
    websocket: 'src/websocket/websocket.ts',
    actions: 'src/actions/actions.ts',
    'config-file': 'src/configure/read-config-file.ts',
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

await mkdir(join(here, 'dist'), { recursive: true })
// Written beside and renamed: a process that starts just now finds the old file or the new one, never half.
const put = async (path, contents) => {
  const draft = `${path}.${process.pid}.tmp`
  await writeFile(draft, contents)
  await rename(draft, path)
}
for (const { path, contents } of outputFiles) await put(path, contents)
await put(join(here, 'dist', 'register.d.ts'), 'export {}\n')
// Not in the bundle: it is read when the first cost is estimated.
await put(join(here, 'dist', 'prices.json'), await readFile(join(here, 'src/ai/prices.json')))
