import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

/**
 * The first paint waits for the script, so that the page never flashes in the other theme. Vite writes its own
 * script tag and drops the attribute that says so.
 */
const blockFirstPaint: Plugin = {
  name: 'block-first-paint',
  enforce: 'post',
  transformIndexHtml: (html) =>
    html.replace('<script type="module"', '<script type="module" blocking="render"'),
}

export default defineConfig({
  plugins: [blockFirstPaint],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // The sources of our own packages, so that the page builds without building them first.
  resolve: { conditions: ['perfmon-source', ...defaultClientConditions] },
  build: {
    target: 'es2023',
    // The strict CSP forbids data: URIs; nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // The page needs the protocol's types and names, never its zod schemas: those would be 15 KB gz.
      treeshake: { moduleSideEffects: (id) => !/packages[/\\]protocol[/\\]/.test(id) },
    },
  },
})
