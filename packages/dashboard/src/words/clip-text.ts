/** Longest piece of agent-supplied text that is ever put into the page; CSS shortens it further. */
const longestText = 160

/**
 * Agent-supplied text, made fit to be put on one line: control characters (tabs, line ends, NUL) become
 * spaces, marks that turn the
 * reading direction go (a right-to-left override makes `exe.png` of `gnp.exe`), and what is too long ends in an ellipsis. Never cuts a character in half.
 */
export function clipText(text: string, longest = longestText): string {
  // Cut first: a name of megabytes must not be walked through.
  const head = text.length > longest * 2 ? text.slice(0, longest * 2) : text
  const characters = Array.from(head)
  const kept =
    characters.length > longest || head.length < text.length ? characters.slice(0, longest - 1) : characters
  const clipped = kept
    .join('')
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/\p{Bidi_Control}/gu, '')
  return kept.length < characters.length ? `${clipped}…` : clipped
}

/** `1 agent`, `2 agents`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}
