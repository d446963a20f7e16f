/** A real component on this machine, or the one line why there is none. */
export type Component<Binaries> = { readonly binaries: Binaries } | { readonly missing: string }

/** The `skip` of a vitest test context: throws, so that what follows does not run. */
type Skip = (reason?: string) => never

/** The component's binaries; skips the test, with the reason, where they cannot be had. */
export function need<Binaries>(component: Component<Binaries>, skip: Skip): Binaries {
  return 'missing' in component ? skip(component.missing) : component.binaries
}

/** Says in the log of the test run why tests are about to be skipped. */
export function missing(why: string): { readonly missing: string } {
  tell(`${why}; the tests that need it are skipped`)
  return { missing: why }
}

/** One line of progress or explanation in the log of a test run. */
export function tell(line: string): void {
  process.stderr.write(`components: ${line}\n`)
}
