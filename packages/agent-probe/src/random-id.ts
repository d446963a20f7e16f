import { readFileSync } from 'node:fs'

/**
 * A random UUID. The kernel's where there is one: Node's `crypto` takes 4 ms to load, and most agents never do.
 */
export const randomId = (): string => {
  try {
    const id = readFileSync('/proc/sys/kernel/random/uuid', 'latin1').trim()
    if (id.length === 36) return id
  } catch {
    // Not Linux, or no /proc.
  }
  return process.getBuiltinModule('node:crypto').randomUUID()
}
