import { defineConfig } from 'vitest/config'

// Tests run the sources, not the build: the private `perfmon-source` condition finds them.
const conditions = ['perfmon-source', 'node', 'import', 'module', 'default']
const fromSource = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
}

// Store threads of the unit tests are loaded from sources, which Node strips of types with WebAssembly. When one of
// several threads ends while another calls it, V8 frees the wrapper in use (SIGSEGV in TierUpWasmToJSWrapper, seen on
// Node 24.21): no code is freed here. The build has no types to strip.
const execArgv = ['--no-wasm-code-gc']

export default defineConfig({
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          pool: 'forks',
          execArgv,
          // Many start real processes: a busy machine of two cores takes its time, and that is no failure.
          testTimeout: 30_000,
          hookTimeout: 60_000,
          include: ['packages/*/src/**/*.test.ts', 'examples/*/*.test.ts', 'grafana/**/*.test.ts'],
        },
      },
      {
        // Whole processes: the built packages, as a user runs them. One file at a time on small machines.
        ...fromSource,
        test: {
          name: 'stories',
          include: ['test/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        // Real components: collector, Prometheus, browser. test/components/README.md says where they come from.
        ...fromSource,
        test: {
          name: 'components',
          include: ['test/components/**/*.test.ts', 'packages/dashboard/browser/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
