import { clipText } from '../words/clip-text.ts'

/**
 * Text that an agent sent. It is kept apart from the direction of the text around it (`bdi`), cut to a
 * length the page can bear, and shown as it is: Preact escapes it.
 */
export function ForeignText({ text, longest }: { text: string; longest?: number }) {
  return <bdi>{text.trim() === '' ? '(no name)' : clipText(text, longest)}</bdi>
}
