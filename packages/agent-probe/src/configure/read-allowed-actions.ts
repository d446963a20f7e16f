/** Built-in actions that change something or write a file: none of them is allowed unless it is named. */
export const permittedNames = [
  'collect-garbage',
  'cpu-profile',
  'heap-profile',
  'heap-snapshot',
  'sampling-interval',
  'http-keep-alive',
  'concurrency-limit',
] as const

/** Reads `PERFMON_ALLOW_ACTIONS`: names, separated by commas, or `*`. Unknown names are told, and allow nothing. */
export const readAllowedActions = (
  text: string | undefined,
): { allowed: ReadonlySet<string>; warnings: string[] } => {
  const allowed = new Set<string>()
  const warnings: string[] = []
  for (const part of text?.split(',') ?? []) {
    const name = part.trim().toLowerCase()
    if (name === '') continue
    if (name === '*' || (permittedNames as readonly string[]).includes(name)) allowed.add(name)
    else {
      warnings.push(
        `PERFMON_ALLOW_ACTIONS: there is no action ${JSON.stringify(name.slice(0, 40))}; there are ${permittedNames.join(', ')}, and * for all`,
      )
    }
  }
  return { allowed, warnings }
}
