import { complain, type DeclaredAction, declarations, declare, mistakeInBounds } from './declarations.ts'

/**
 * Declares something this agent can do when it is asked from outside, and how that is taken back:
 *
 *     action('drop-cache', { run: () => cache.clear() })
 *
 * As with tunables, to declare it is to allow it. What `run` returns is sent as JSON to who asked, so it must hold
 * no secrets. Never throws; without the probe it does nothing.
 */
export const action = (name: string, options: DeclaredAction): { unregister(): void } => {
  const mistake =
    typeof options?.run !== 'function'
      ? 'it needs run'
      : Object.entries(options.arguments ?? {})
          .map(([argument, bounds]) => {
            const wrong = mistakeInBounds(bounds)
            return wrong === undefined ? undefined : `argument ${argument}: ${wrong}`
          })
          .find((wrong) => wrong !== undefined)
  if (mistake !== undefined) {
    complain(`Action ${String(name)} is left out: ${mistake}.`)
    return { unregister() {} }
  }
  return declare('An action', declarations().actions, name, options)
}
