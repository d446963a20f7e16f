/**
 * A choice of the reader that outlives the page. localStorage may be missing, full or forbidden (private
 * windows, blocked cookies): then the choice lasts as long as the page.
 */
export function readChoice<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  try {
    const kept = localStorage.getItem(`perfmon.${name}`)
    return allowed.find((choice) => choice === kept) ?? otherwise
  } catch {
    return otherwise
  }
}

export function keepChoice(name: string, choice: string): void {
  try {
    localStorage.setItem(`perfmon.${name}`, choice)
  } catch {
    // Not kept: the page works all the same, and there is nobody to tell.
  }
}
